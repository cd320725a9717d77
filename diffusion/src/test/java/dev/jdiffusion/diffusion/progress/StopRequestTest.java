package dev.jdiffusion.diffusion.progress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StopRequestTest {
  private final List<String> lines = new ArrayList<>();
  private final AtomicInteger ends = new AtomicInteger();
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE);

  private StopRequest request(boolean comesTwice) {
    return new StopRequest(lines::add, ends::incrementAndGet, name -> comesTwice, now::get);
  }

  @Test
  void theFirstSignalIsAnsweredWithOneLine() {
    try (StopRequest request = request(false)) {
      assertFalse(request.requested());
      request.signalled("INT");
      assertTrue(request.requested());
      assertEquals(List.of("stopping after this step; once more to quit without saving"), lines);
      assertEquals(0, ends.get());
    }
  }

  @Test
  void theSecondEndsAtOnceWhereEverySignalComesOnce() {
    try (StopRequest request = request(false)) {
      request.signalled("INT");
      request.signalled("INT");
      assertEquals(1, ends.get());
      assertEquals(1, lines.size());
    }
  }

  @Test
  void theCopyOfASignalIsNoSecondOneHoweverSlowlyItIsPassedOn() {
    try (StopRequest request = request(true)) {
      request.signalled("TERM");
      assertEquals(
          List.of(
              "stopping after this step; once more, 3 seconds from now or later, to quit without"
                  + " saving"),
          lines);
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(2999));
      request.signalled("TERM");
      assertEquals(0, ends.get());
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
      request.signalled("TERM");
      assertEquals(1, ends.get());
    }
  }
}
