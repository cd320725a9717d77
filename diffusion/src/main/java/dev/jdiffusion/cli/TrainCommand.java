package dev.jdiffusion.cli;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.Setting;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.diffusion.progress.StopRequest;
import dev.jdiffusion.diffusion.train.TrainingRun;
import dev.jdiffusion.diffusion.train.TrainingStoppedException;
import dev.jdiffusion.launcher.ParentWatch;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.ParseResult;

/** {@code train}. */
final class TrainCommand {
  static final String PROFILE = "--profile";

  /** What the rows of a profile can be; the first where nothing is said. */
  static final List<String> GROUPINGS =
      Stream.of(Profiler.Grouping.values())
          .map(grouping -> grouping.name().toLowerCase(Locale.ROOT))
          .toList();

  private TrainCommand() {}

  static int run(ParseResult arguments, PrintStream out, Runnable endNow) {
    Layer flags = new Layer();
    for (Setting setting : Setting.values()) {
      if (arguments.hasMatchedOption(setting.flag())) {
        String value = arguments.matchedOptionValue(setting.flag(), "");
        flags.putFlag(setting, value);
      }
    }
    flags.checkLength("");
    Optional<Path> file = Arguments.path(arguments, "--config");
    TrainingRun.Request request =
        new TrainingRun.Request(
            Arguments.path(arguments, "--out"),
            arguments.hasMatchedOption("--resume"),
            file.map(Layer::ofFile).orElseGet(Layer::new),
            flags,
            Arguments.choice(arguments, PROFILE, GROUPINGS)
                .map(name -> Profiler.Grouping.valueOf(name.toUpperCase(Locale.ROOT))));
    try (Progress progress = Progress.of(out, System.getenv());
        StopRequest stop =
            StopRequest.ofSignals(progress::line, endNow, ParentWatch::signalComesTwice)) {
      return switch (TrainingRun.run(request, progress, stop)) {
        case COMPLETE -> ExitCode.DONE;
        case INTERRUPTED -> ExitCode.INTERRUPTED;
      };
    } catch (UserError
        | TrainingStoppedException
        | BackendUnavailableException
        | OutOfDeviceMemoryException e) {
      throw e;
    } catch (RuntimeException e) {
      throw ReportedException.of(e, TrainingRun.root(request));
    }
  }
}
