package dev.jdiffusion.cli;

import dev.jdiffusion.launcher.Launcher;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Runs the program, in this JVM or as a process of its own. */
final class Program {
  /** A network so small that a step takes milliseconds. */
  static final String TINY =
      "--image-size 8 --dim 8 --multipliers 1,2 --heads 2 --head-dim 4 --groups 4 --timesteps 20"
          + " --schedule cosine --batch 4 --warmup-steps 2 --sample-count 3 --sample-steps 3";

  /**
   * How the program ended.
   *
   * @param out what it said, line by line
   * @param err what it complained about, without the JVM's line about the vector module
   */
  record Result(int code, List<String> out, List<String> err) {
    @Override
    public String toString() {
      return "exit code "
          + code
          + "\nout:\n"
          + String.join("\n", out)
          + "\nerr:\n"
          + String.join("\n", err);
    }
  }

  private final Path folder;
  private final List<String> jvmFlags;

  private Program(Path folder, List<String> jvmFlags) {
    this.folder = folder;
    this.jvmFlags = jvmFlags;
  }

  /** A program that runs as a process with this working folder. */
  static Program in(Path folder) {
    return new Program(folder, List.of());
  }

  /** The words of the command that a user types. */
  static List<String> jarCommand(String line) {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.add("-jar");
    command.add(System.getProperty("diffusion.jar"));
    command.addAll(Arrays.asList(words(line)));
    return command;
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  Program withJvmFlags(String... flags) {
    return new Program(folder, List.of(flags));
  }

  /** Runs a command line, its words separated by blanks, in this JVM. */
  static Result call(String line) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            words(line),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            () -> {});
    return new Result(
        code,
        out.toString(StandardCharsets.UTF_8).lines().toList(),
        err.toString(StandardCharsets.UTF_8).lines().toList());
  }

  private static String[] words(String line) {
    return Arrays.stream(line.strip().split(" +"))
        .filter(word -> !word.isEmpty())
        .map(word -> word.replace('\u00a0', ' '))
        .toArray(String[]::new);
  }

  /** Runs a command line as a process, to its end. */
  Result run(String line) {
    return start(line).end();
  }

  /** The words of the process's command. */
  List<String> command(String line) {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            Launcher.NO_LIMITED_PROFILE,
            Launcher.SPILL_TO_STACK,
            "-XX:+UseSerialGC",
            "-Xshare:auto"));
    command.addAll(jvmFlags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(Arrays.asList(words(line)));
    return command;
  }

  /** Starts a command line as a process. */
  Running start(String line) {
    return start(command(line));
  }

  /** Starts any command as a process. */
  Running start(List<String> command) {
    try {
      Path out = Files.createTempFile("out", ".txt");
      Path err = Files.createTempFile("err", ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      return new Running(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A process at work. */
  record Running(Process process, Path outFile, Path errFile) {
    void signal(String name) {
      try {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Waits until a file has so many lines; fails if the process ends before. */
    void awaitLines(Path file, int lines) {
      await(() -> Files.exists(file) && lines(file).size() >= lines);
    }

    /** Waits until the program has said something; fails if the process ends before. */
    void awaitLine(String line) {
      await(() -> lines(outFile).contains(line));
    }

    /** Waits until something is so; fails if the process ends before. */
    void await(BooleanSupplier reached) {
      while (!reached.getAsBoolean()) {
        if (!process.isAlive()) {
          throw new AssertionError("ended too early: " + end());
        }
        pause();
      }
    }

    void awaitFile(Path file) {
      awaitLines(file, 0);
    }

    private static void pause() {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    Result end() {
      try {
        int code = process.waitFor();
        List<String> err =
            lines(errFile).stream().filter(l -> !l.contains("incubator modules")).toList();
        Result result = new Result(code, lines(outFile), err);
        Files.delete(outFile);
        Files.delete(errFile);
        return result;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static List<String> lines(Path file) {
      try {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
