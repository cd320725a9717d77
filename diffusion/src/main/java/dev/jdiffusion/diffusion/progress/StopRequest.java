package dev.jdiffusion.diffusion.progress;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Turns Ctrl-C and its kin into a request that the training asks for between two steps. A second
 * signal asks for the end at once.
 */
public final class StopRequest implements AutoCloseable {
  /** On a busy machine a launcher needs seconds to pass a signal on. */
  private static final long COPY_SECONDS = 3;

  private record Previous(Signal signal, SignalHandler handler) {}

  private final List<Previous> previous = new ArrayList<>();
  private final Consumer<String> tell;
  private final Runnable endNow;
  private final Predicate<String> comesTwice;
  private final LongSupplier nanoTime;
  private volatile boolean requested;
  private boolean signalled;
  private long secondCountsFrom;

  /**
   * @param nanoTime the clock
   */
  StopRequest(
      Consumer<String> tell, Runnable endNow, Predicate<String> comesTwice, LongSupplier nanoTime) {
    this.tell = tell;
    this.endNow = endNow;
    this.comesTwice = comesTwice;
    this.nanoTime = nanoTime;
  }

  /** A request that only {@link #stop} makes. */
  public static StopRequest withoutSignals() {
    return new StopRequest(line -> {}, () -> {}, name -> false, System::nanoTime);
  }

  /**
   * Takes over SIGINT, SIGTERM and SIGHUP until closed.
   *
   * @param tell told in a line that the request has been heard, on a thread of its own
   * @param endNow what a second signal does, on a thread of its own
   * @param comesTwice whether a signal of this name ({@code INT}) may be passed on by a process
   *     that has had it together with this one: its copy is no second signal
   */
  public static StopRequest ofSignals(
      Consumer<String> tell, Runnable endNow, Predicate<String> comesTwice) {
    StopRequest request = new StopRequest(tell, endNow, comesTwice, System::nanoTime);
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal signal = new Signal(name);
        SignalHandler before = Signal.handle(signal, arrived -> request.signalled(name));
        request.previous.add(new Previous(signal, before));
      } catch (IllegalArgumentException e) {
        // This system has no such signal, or the user asked the JVM to leave it alone (-Xrs).
        continue;
      }
    }
    return request;
  }

  synchronized void signalled(String name) {
    long now = nanoTime.getAsLong();
    if (!signalled) {
      signalled = true;
      requested = true;
      boolean twice = comesTwice.test(name);
      secondCountsFrom = now + (twice ? TimeUnit.SECONDS.toNanos(COPY_SECONDS) : 0);
      tell.accept(
          "stopping after this step; once more"
              + (twice ? ", " + COPY_SECONDS + " seconds from now or later," : "")
              + " to quit without saving");
    } else if (now - secondCountsFrom >= 0) {
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
