package dev.jdiffusion.diffusion.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Turns Ctrl-C and its kin into a request that the training asks for between two steps. A second
 * signal ends the process at once.
 */
final class StopRequest implements AutoCloseable {
  /** Exit code of a process that was interrupted: 128 + 2, SIGINT's number. */
  static final int INTERRUPTED = 130;

  /** One Ctrl-C may arrive twice, from the terminal and from the launcher. */
  private static final long SAME_SIGNAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private record Previous(Signal signal, SignalHandler handler) {}

  private final AtomicLong firstNanos = new AtomicLong();
  private final List<Previous> previous = new ArrayList<>();
  private volatile boolean requested;

  private StopRequest() {}

  /** A request that only {@link #stop} makes. */
  static StopRequest withoutSignals() {
    return new StopRequest();
  }

  /** Takes over SIGINT, SIGTERM and SIGHUP until closed. */
  static StopRequest ofSignals() {
    StopRequest request = new StopRequest();
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
      // Not exit: shutdown hooks could wait for the very work that is to be given up.
      Runtime.getRuntime().halt(INTERRUPTED);
    }
  }

  /** Asks the training to stop after the present step. */
  void stop() {
    requested = true;
  }

  boolean requested() {
    return requested;
  }

  @Override
  public void close() {
    for (Previous each : previous) {
      Signal.handle(each.signal, each.handler);
    }
  }
}
