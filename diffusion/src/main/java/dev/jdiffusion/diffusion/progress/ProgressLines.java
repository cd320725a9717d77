package dev.jdiffusion.diffusion.progress;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A line now and then, for logs and pipes: the first state, the last, and one every few seconds.
 */
final class ProgressLines implements Progress {
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final PrintStream out;
  private final LongSupplier nanoTime;
  private boolean started;
  private long last;

  /**
   * @param nanoTime the clock
   */
  ProgressLines(PrintStream out, LongSupplier nanoTime) {
    this.out = out;
    this.nanoTime = nanoTime;
  }

  @Override
  public synchronized void show(State state) {
    long now = nanoTime.getAsLong();
    if (started && now - last < INTERVAL_NANOS && state.done() < state.total()) {
      return;
    }
    started = true;
    last = now;
    StringBuilder text = new StringBuilder();
    text.append(state.what()).append(' ').append(state.done()).append('/').append(state.total());
    for (String detail : state.details()) {
      text.append("  ").append(detail);
    }
    if (!state.timeLeft().isEmpty() && state.done() < state.total()) {
      text.append("  ").append(state.timeLeft());
    }
    line(text.toString());
  }

  @Override
  public synchronized void line(String text) {
    out.println(PlainLine.of(text));
    out.flush();
  }

  @Override
  public synchronized void close() {
    out.flush();
  }
}
