package dev.jdiffusion.diffusion.progress;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * One line that is written over and over: a bar, the loss, the speed, the time left.
 *
 * <p>It needs no more of a terminal than the carriage return.
 */
final class ProgressBar implements Progress {
  private static final int LONGEST_BAR = 40;
  private static final int SHORTEST_BAR = 8;

  private final PrintStream out;
  private final IntSupplier width;
  private String shown = "";
  private boolean complete;

  /**
   * @param width columns of the terminal
   */
  ProgressBar(PrintStream out, IntSupplier width) {
    this.out = out;
    this.width = width;
  }

  @Override
  public synchronized void show(State state) {
    complete = state.done() >= state.total();
    write(render(state, columns()));
  }

  /** The last column stays free: some terminals go to the next line when it is filled. */
  @Override
  public int columns() {
    return Math.max(1, width.getAsInt() - 1);
  }

  /** The text for a terminal with this many free columns; never longer. */
  static String render(State state, int columns) {
    String count = state.what() + " " + state.done() + "/" + state.total();
    List<String> parts = new ArrayList<>(state.details());
    if (!state.timeLeft().isEmpty()) {
      parts.add(Math.min(1, parts.size()), state.timeLeft());
    }
    while (true) {
      String tail = parts.isEmpty() ? "" : "  " + String.join("  ", parts);
      int room = columns - count.length() - tail.length() - 3;
      if (room >= SHORTEST_BAR) {
        return count + " " + bar(state, Math.min(room, LONGEST_BAR)) + tail;
      }
      if (parts.isEmpty()) {
        return count.substring(0, Math.min(count.length(), columns));
      }
      if (parts.size() == 1 && count.length() + tail.length() <= columns) {
        return count + tail;
      }
      parts.removeLast();
    }
  }

  private static String bar(State state, int length) {
    int full = (int) (state.total() == 0 ? length : length * state.done() / state.total());
    String head = full < length && full > 0 ? "=".repeat(full - 1) + ">" : "=".repeat(full);
    return "[" + head + " ".repeat(length - full) + "]";
  }

  private void write(String text) {
    out.print("\r" + text + " ".repeat(Math.max(0, shown.length() - text.length())));
    out.flush();
    shown = text;
  }

  @Override
  public synchronized void line(String text) {
    if (complete) {
      close();
    } else if (!shown.isEmpty()) {
      // The next state brings the bar back, below the line.
      write("");
      out.print('\r');
    }
    out.println(PlainLine.of(text));
  }

  @Override
  public synchronized void close() {
    if (!shown.isEmpty()) {
      out.println();
      out.flush();
      shown = "";
    }
  }
}
