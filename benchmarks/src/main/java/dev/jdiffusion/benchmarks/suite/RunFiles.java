package dev.jdiffusion.benchmarks.suite;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The files of one run, side by side under one name.
 *
 * @param folder that they are in
 * @param name without an ending
 */
record RunFiles(Path folder, String name) {
  private static final String JSON = ".json";

  /** Whether a file has the name of what JMH measured. */
  static boolean isJson(Path file) {
    return String.valueOf(file.getFileName()).endsWith(JSON);
  }

  /** The files that a {@code .json} file belongs to. */
  static RunFiles of(Path json) {
    String name = json.getFileName().toString();
    return new RunFiles(json.resolveSibling(""), name.substring(0, name.length() - JSON.length()));
  }

  /** Files of which none exists yet: those of another run are never overwritten. */
  static RunFiles unused(Path folder, String name) {
    RunFiles files = new RunFiles(folder, name);
    for (int i = 2; files.anyExists(); i++) {
      files = new RunFiles(folder, name + "-" + i);
    }
    return files;
  }

  private boolean anyExists() {
    return Stream.of(json(), facts(), table(), log()).anyMatch(Files::exists);
  }

  /** What JMH measured. */
  Path json() {
    return ending(JSON);
  }

  /** The facts about the machine. */
  Path facts() {
    return ending(".properties");
  }

  /** The table of both. */
  Path table() {
    return ending(".md");
  }

  /** What JMH printed. */
  Path log() {
    return ending(".log");
  }

  private Path ending(String ending) {
    return folder.resolve(name + ending);
  }
}
