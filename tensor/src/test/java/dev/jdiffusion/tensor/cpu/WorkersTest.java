package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void everyTaskRunsExactlyOnceInEveryJob(int threads) {
    Workers workers = new Workers(threads);
    int jobs = 2000;
    AtomicIntegerArray runs = new AtomicIntegerArray(37);
    for (int job = 0; job < jobs; job++) {
      workers.run(runs.length(), index -> runs.incrementAndGet(index));
    }
    for (int i = 0; i < runs.length(); i++) {
      assertEquals(jobs, runs.get(i), "task " + i);
    }
  }

  @Test
  void nestedJobsRunInsideTheirTask() {
    Workers workers = new Workers(3);
    int[] sums = new int[8];
    workers.run(8, outer -> workers.run(5, inner -> sums[outer] += inner));
    int[] expected = new int[8];
    Arrays.fill(expected, 10);
    assertArrayEquals(expected, sums);
  }

  @Test
  void anExceptionOfATaskReachesTheCallerAndTheNextJobWorks() {
    Workers workers = new Workers(2);
    IllegalStateException failure = new IllegalStateException("task 13");
    IllegalStateException thrown =
        assertThrows(
            IllegalStateException.class,
            () ->
                workers.run(
                    50,
                    index -> {
                      if (index == 13) {
                        throw failure;
                      }
                    }));
    assertSame(failure, thrown);
    AtomicIntegerArray runs = new AtomicIntegerArray(1);
    workers.run(50, index -> runs.incrementAndGet(0));
    assertEquals(50, runs.get(0));
  }

  @Test
  void rangesCoverEveryElementOnce() {
    Workers workers = new Workers(2);
    AtomicIntegerArray seen = new AtomicIntegerArray(1001);
    workers.forRanges(
        1001,
        64,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            seen.incrementAndGet(i);
          }
        });
    for (int i = 0; i < 1001; i++) {
      assertEquals(1, seen.get(i), "element " + i);
    }
  }

  @Test
  void forgottenWorkersBecomeUnreachableWhileTheirHelpersAreParked() throws InterruptedException {
    List<WeakReference<Workers>> forgotten = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      forgotten.add(new WeakReference<>(workersWhoseHelperParkedFirst()));
    }
    // References may be cleared a little later than the collection.
    for (int round = 0; round < 50 && reachable(forgotten) > 0; round++) {
      System.gc();
      Thread.sleep(20);
    }
    assertEquals(0, reachable(forgotten));
  }

  /** The helper was parked again before the job ended that it took part in. */
  private static Workers workersWhoseHelperParkedFirst() {
    Workers workers = new Workers(2);
    Thread caller = Thread.currentThread();
    AtomicReference<Thread> helper = new AtomicReference<>();
    workers.run(
        2,
        index -> {
          if (Thread.currentThread() != caller) {
            helper.set(Thread.currentThread());
            return;
          }
          while (helper.get() == null || helper.get().getState() != Thread.State.WAITING) {
            Thread.yield();
          }
        });
    return workers;
  }

  private static long reachable(List<WeakReference<Workers>> references) {
    return references.stream().filter(reference -> reference.get() != null).count();
  }
}
