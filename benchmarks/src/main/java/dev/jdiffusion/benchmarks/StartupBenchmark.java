package dev.jdiffusion.benchmarks;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does a user wait for {@code java -jar diffusion.jar} to print what it knows, to train
 * its first step, to draw its first picture, each as a whole process? The jar is {@code
 * diffusion/target/diffusion.jar} beside this one, or the system property {@value #JAR}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(5)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class StartupBenchmark {
  /** Names the jar where it is not in its usual place. */
  public static final String JAR = "jdiffusion.jar";

  /** What is started. */
  public enum Command {
    INFO,
    TRAIN_ONE_STEP,
    SAMPLE_ONE_STEP
  }

  @Param public Command command;

  private Path folder;
  private Path jar;

  /** Finds the jar, and trains what {@code sample} needs. */
  @Setup
  public void prepare() throws IOException, InterruptedException {
    jar = jar();
    folder = Files.createTempDirectory("startup");
    if (command == Command.SAMPLE_ONE_STEP) {
      start(arguments(Command.TRAIN_ONE_STEP));
    }
  }

  /** One process, from its start to its end. */
  @Benchmark
  public void run() throws IOException, InterruptedException {
    start(arguments(command));
    if (command == Command.TRAIN_ONE_STEP) {
      // A second run would be asked whether it continues the first.
      Answers.delete(folder.resolve("run"));
    }
  }

  /** Removes what the processes left. */
  @TearDown
  public void clean() throws IOException {
    Answers.delete(folder);
  }

  private static List<String> arguments(Command command) {
    String line =
        switch (command) {
          case INFO -> "info";
          case TRAIN_ONE_STEP -> "train --steps 1 --sample-every 0 --out run";
          case SAMPLE_ONE_STEP ->
              "sample --checkpoint run --count 1 --sampler ddim --steps 1 --out picture.png";
        };
    return Arrays.asList(line.split(" "));
  }

  private void start(List<String> arguments) throws IOException, InterruptedException {
    List<String> commandLine = new ArrayList<>();
    commandLine.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    commandLine.add("-jar");
    commandLine.add(jar.toString());
    commandLine.addAll(arguments);
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(commandLine)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(
          "java -jar diffusion.jar %s failed: %s".formatted(arguments, Files.readString(log)));
    }
  }

  private static Path jar() {
    String named = System.getProperty(JAR);
    Path jar;
    try {
      Path own =
          Path.of(
              StartupBenchmark.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      jar =
          named != null
              ? Path.of(named)
              : own.resolve("../../../diffusion/target/diffusion.jar").normalize();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
    if (!Files.exists(jar)) {
      throw new UnsupportedOperationException(
          jar + " is not there: build it with ./mvnw -q package -DskipTests, or set -D" + JAR);
    }
    return jar.toAbsolutePath();
  }
}
