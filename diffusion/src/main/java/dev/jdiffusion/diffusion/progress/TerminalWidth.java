package dev.jdiffusion.diffusion.progress;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import sun.misc.Signal;

/** Columns of the terminal: {@code COLUMNS}, else what {@code stty} says, else 80. */
final class TerminalWidth implements IntSupplier {
  private static final int USUAL = 80;

  private final AtomicBoolean changed = new AtomicBoolean(true);
  private int columns = USUAL;

  private TerminalWidth() {}

  /** A width that follows the window as its size changes; a fixed one where COLUMNS is set. */
  static IntSupplier watching(Map<String, String> environment) {
    String columns = environment.getOrDefault("COLUMNS", "");
    if (columns.matches("[1-9][0-9]{0,3}")) {
      int fixed = Integer.parseInt(columns);
      return () -> fixed;
    }
    TerminalWidth width = new TerminalWidth();
    try {
      Signal.handle(new Signal("WINCH"), signal -> width.changed.set(true));
    } catch (IllegalArgumentException e) {
      // No such signal on this system: the width at the start has to do.
      return width;
    }
    return width;
  }

  @Override
  public int getAsInt() {
    if (changed.getAndSet(false)) {
      columns = ask();
    }
    return columns;
  }

  private static int ask() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer =
          new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      stty.waitFor(1, TimeUnit.SECONDS);
      String[] rowsAndColumns = answer.split(" ");
      int asked = rowsAndColumns.length == 2 ? Integer.parseInt(rowsAndColumns[1]) : 0;
      return asked > 0 ? asked : USUAL;
    } catch (IOException | NumberFormatException e) {
      return USUAL;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return USUAL;
    }
  }
}
