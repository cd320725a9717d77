package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Environment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a main class of the benchmarks in a JVM of its own, with the flags that the kernels need.
 */
public final class ChildJvm {
  private ChildJvm() {}

  /** {@link #run(Class, List, Environment)} in this JVM's environment. */
  public static String run(Class<?> main, List<String> arguments) {
    return run(main, arguments, Environment.ANY);
  }

  /**
   * Runs it to its end.
   *
   * @return what it printed
   * @throws IllegalStateException if it fails, with what it printed
   */
  public static String run(Class<?> main, List<String> arguments, Environment environment) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                JvmFlags.VECTOR_API,
                JvmFlags.NATIVE_ACCESS,
                JvmFlags.NO_LIMITED_PROFILE,
                JvmFlags.SPILL_TO_STACK,
                JvmFlags.COLLECTOR,
                JvmFlags.HEAP,
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    command.addAll(arguments);
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      environment.applyTo(builder.environment());
      Process process = builder.start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code != 0) {
        throw new IllegalStateException(
            "%s %s ended with exit code %d: %s"
                .formatted(main.getSimpleName(), arguments, code, output));
      }
      return output;
    } catch (IOException e) {
      throw new IllegalStateException("cannot start " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + main.getSimpleName(), e);
    }
  }
}
