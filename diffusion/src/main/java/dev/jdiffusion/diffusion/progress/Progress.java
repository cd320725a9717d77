package dev.jdiffusion.diffusion.progress;

import java.io.Console;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tells the person at the keyboard how far a long work is. Any thread may call it. */
public interface Progress extends AutoCloseable {
  /**
   * Where the work stands.
   *
   * @param what the unit of the work: {@code step}
   * @param done of {@code total}, from 0
   * @param details what else is known, the most important first; left out from the end where the
   *     line is too short
   * @param secondsLeft until the end, NaN while unknown
   */
  record State(String what, long done, long total, List<String> details, double secondsLeft) {
    String timeLeft() {
      return Double.isNaN(secondsLeft) ? "" : duration(secondsLeft) + " left";
    }
  }

  /** Shows the present state, or not, where the last one was shown a moment ago. */
  void show(State state);

  /** Prints a line that stays. */
  void line(String text);

  /** How long a line may be; as long as it likes where nothing is known of a terminal. */
  default int columns() {
    return Integer.MAX_VALUE;
  }

  /** Ends the display; the last state stays. */
  @Override
  void close();

  /** A bar where {@code out} is the standard output and a terminal; plain lines otherwise. */
  static Progress of(PrintStream out, Map<String, String> environment) {
    Console console = System.console();
    boolean terminal = console != null && console.isTerminal();
    boolean dumb = environment.getOrDefault("TERM", "dumb").equals("dumb");
    return terminal && !dumb
        ? new ProgressBar(out, TerminalWidth.watching(environment))
        : new ProgressLines(out, System::nanoTime);
  }

  /** {@code 1:02:03} or {@code 2:03}. */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    String minutesAndSeconds = String.format(Locale.ROOT, "%d:%02d", whole / 60 % 60, whole % 60);
    return whole < 3600
        ? minutesAndSeconds
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
