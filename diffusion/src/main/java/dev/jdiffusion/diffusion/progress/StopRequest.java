package dev.jdiffusion.diffusion.progress;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Turns Ctrl-C and its kin into a request that the training asks for between two steps. A second
 * signal asks for the end at once.
 */
public final class StopRequest implements AutoCloseable {
  /** One Ctrl-C may arrive twice, from the terminal and from the launcher. */
  private static final long SAME_SIGNAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private record Previous(Signal signal, SignalHandler handler) {}

  private final AtomicLong firstNanos = new AtomicLong();
  private final List<Previous> previous = new ArrayList<>();
  private volatile boolean requested;

  private final Runnable endNow;

  private StopRequest(Runnable endNow) {
    this.endNow = endNow;
  }

  /** A request that only {@link #stop} makes. */
  public static StopRequest withoutSignals() {
    return new StopRequest(() -> {});
  }

  /**
   * Takes over SIGINT, SIGTERM and SIGHUP until closed.
   *
   * @param endNow what a second signal does, on a thread of its own
   */
  public static StopRequest ofSignals(Runnable endNow) {
    StopRequest request = new StopRequest(endNow);
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal signal = new Signal(name);
        SignalHandler before = Signal.handle(signal, arrived -> request.signalled());
        request.previous.add(new Previous(signal, before));
      } catch (IllegalArgumentException e) {
        // This system has no such signal, or the user asked the JVM to leave it alone (-Xrs).
        continue;
      }
    }
    return request;
  }

  private void signalled() {
    if (!requested) {
      firstNanos.set(System.nanoTime());
      requested = true;
    } else if (System.nanoTime() - firstNanos.get() > SAME_SIGNAL_NANOS) {
      endNow.run();
    }
  }

  /** Asks the training to stop after the present step. */
  public void stop() {
    requested = true;
  }

  public boolean requested() {
    return requested;
  }

  @Override
  public void close() {
    for (Previous each : previous) {
      Signal.handle(each.signal, each.handler);
    }
  }
}
