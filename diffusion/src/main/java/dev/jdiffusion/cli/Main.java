package dev.jdiffusion.cli;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.progress.PlainLine;
import dev.jdiffusion.diffusion.train.TrainingStoppedException;
import dev.jdiffusion.launcher.ParentWatch;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import java.io.PrintStream;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import sun.misc.Signal;

/** The program, in a JVM that has the vector module: see the package {@code launcher}. */
public final class Main {
  private Main() {}

  /** Runs the command line with the given arguments and exits with its code. */
  public static void main(String[] args) {
    ParentWatch.onLauncherDeath(() -> Signal.raise(new Signal("TERM")));
    // Not exit: shutdown hooks could wait for the very work that is to be given up.
    Runnable endNow = () -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
    int code = run(args, System.out, System.err, endNow);
    System.out.flush();
    System.exit(code);
  }

  /**
   * Runs a command line. Failures become one line on {@code err}.
   *
   * @param endNow what a second Ctrl-C does
   * @return the exit code
   */
  static int run(String[] args, PrintStream out, PrintStream err, Runnable endNow) {
    try {
      int code = execute(args, out, endNow);
      return out.checkError() && code == ExitCode.DONE
          ? fail(
              err,
              ExitCode.USER_ERROR,
              "cannot write to the standard output: the disk is full, or nobody reads it")
          : code;
    } catch (ParameterException e) {
      return fail(err, ExitCode.USER_ERROR, CommandLines.explain(e));
    } catch (UserError | BackendUnavailableException e) {
      return fail(err, ExitCode.USER_ERROR, String.valueOf(e.getMessage()));
    } catch (TrainingStoppedException e) {
      return fail(err, ExitCode.FAILED, String.valueOf(e.getMessage()));
    } catch (OutOfDeviceMemoryException e) {
      return fail(err, ExitCode.USER_ERROR, e.getMessage() + "; use a smaller --batch");
    } catch (RuntimeException | Error e) {
      if (ranOutOfMemory(e)) {
        return fail(err, ExitCode.USER_ERROR, memoryHint());
      }
      if (e instanceof ReportedException) {
        return fail(err, ExitCode.FAILED, "internal error: " + e.getMessage());
      }
      int code = fail(err, ExitCode.FAILED, "internal error: " + e);
      e.printStackTrace(err);
      return code;
    }
  }

  private static int execute(String[] args, PrintStream out, Runnable endNow) {
    CommandLine program = CommandLines.program();
    ParseResult parsed = program.parseArgs(args);
    ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    CommandLine commandLine = command.commandSpec().commandLine();
    if (command.isUsageHelpRequested()) {
      commandLine.usage(out);
      return ExitCode.DONE;
    }
    if (command.isVersionHelpRequested()) {
      program.printVersionHelp(out);
      return ExitCode.DONE;
    }
    return switch (command.commandSpec().name()) {
      case "train" -> TrainCommand.run(command, out, endNow);
      case "sample" -> SampleCommand.run(command, out);
      case "info" -> InfoCommand.run(out);
      case "emulate" -> EmulateCommand.run(command, out);
      default ->
          throw new UserError(
              "no command given; use "
                  + String.join(", ", program.getSubcommands().keySet())
                  + " or --help");
    };
  }

  /**
   * Memory may run out on a thread that reads pictures ahead, or while a class is made ready. Of
   * what such a class met when it was first touched, later errors keep the name only.
   */
  private static boolean ranOutOfMemory(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError
          || String.valueOf(cause.getMessage()).contains(OutOfMemoryError.class.getName())) {
        return true;
      }
    }
    return false;
  }

  private static String memoryHint() {
    return String.format(
        Locale.ROOT,
        "out of memory: the heap is limited to %,d MB; use a smaller --batch, or raise the limit"
            + " with JDIFFUSION_JAVA_OPTS=-Xmx... in the environment",
        Runtime.getRuntime().maxMemory() >> 20);
  }

  private static int fail(PrintStream err, int code, String message) {
    err.println(CommandLines.PROGRAM + ": " + PlainLine.of(message));
    err.flush();
    return code;
  }
}
