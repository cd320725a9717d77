package dev.jdiffusion.cli;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.diffusion.sample.SampleRun;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ParseResult;

/** {@code sample}. */
final class SampleCommand {
  private SampleCommand() {}

  static int run(ParseResult arguments, PrintStream out) {
    Path checkpoint =
        Arguments.path(arguments, "--checkpoint")
            .orElseThrow(() ->
                new UserError(
                    "sample needs --checkpoint PATH: a .safetensors file or a run's folder"));
    boolean averaged =
        Arguments.choice(arguments, "--weights", List.of("ema", "raw")).orElse("ema").equals("ema");
    Precision precision = choice(arguments, "--precision", Precision.class).orElse(Precision.FP32);
    Products matMul = choice(arguments, "--matmul", Products.class).orElse(Products.OWN);
    int processors = Runtime.getRuntime().availableProcessors();
    SampleRun.Request request =
        new SampleRun.Request(
            checkpoint,
            Arguments.whole(arguments, "--count", 1, 100_000).orElse(16L).intValue(),
            Arguments.whole(arguments, "--steps", 1, 100_000).map(Long::intValue),
            Arguments.choice(arguments, "--sampler", List.of("ddpm", "ddim")),
            Arguments.whole(arguments, "--seed", 0, Long.MAX_VALUE).orElse(0L),
            averaged,
            Arguments.whole(arguments, "--batch", 1, 65_536).orElse(64L).intValue(),
            Arguments.path(arguments, "--out").orElse(Path.of("sample.png")),
            Arguments.path(arguments, "--gif"),
            Optional.ofNullable(arguments.matchedOptionValue("--device", null)),
            Arguments.whole(arguments, "--threads", 1, 4096).orElse((long) processors).intValue(),
            precision,
            matMul);
    try (Progress progress = Progress.of(out, System.getenv())) {
      SampleRun.run(request, progress);
    }
    return ExitCode.DONE;
  }

  /** A constant that somebody named as its {@code toString} has it. */
  private static <E extends Enum<E>> Optional<E> choice(
      ParseResult arguments, String flag, Class<E> type) {
    return Arguments.choice(
            arguments, flag, Arrays.stream(type.getEnumConstants()).map(Object::toString).toList())
        .map(name -> Enum.valueOf(type, name.toUpperCase(Locale.ROOT)));
  }
}
