package dev.jdiffusion.benchmarks.kernels;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;

/**
 * Runs every kernel until it allocates next to nothing, in a JVM that writes down what its
 * compilers do, and prints what each one allocates at the end.
 *
 * <p>The interpreter and C1 allocate every vector, C2 allocates those that it fails to keep in
 * registers; so how much a call allocates tells how far its loops have come, and no clock is
 * needed.
 */
final class KernelExercise {
  /** Calls between two looks at the counters. */
  private static final int CALLS = 20;

  /** Looks after which a kernel is given up; good ones need less than a tenth. */
  private static final int LOOKS = 400;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private KernelExercise() {}

  /** Arguments: threads, pictures, the bytes that a call may allocate. */
  public static void main(String[] args) {
    long allowed = Long.parseLong(args[2]);
    Map<String, Runnable> runs =
        KernelRuns.of(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
    runs.forEach((name, run) -> System.out.println(settled(run, allowed) + "\t" + name));
  }

  /** Bytes per call once it stays below the allowance, or after the last look. */
  private static long settled(Runnable run, long allowed) {
    int good = 0;
    long bytes = Long.MAX_VALUE;
    for (int look = 0; look < LOOKS && good < 3; look++) {
      long before = allocated();
      for (int call = 0; call < CALLS; call++) {
        run.run();
      }
      bytes = (allocated() - before) / CALLS;
      good = bytes <= allowed ? good + 1 : 0;
    }
    return bytes;
  }

  /** By this thread and the backends' own. */
  private static long allocated() {
    long sum = 0;
    long[] ids = THREADS.getAllThreadIds();
    java.lang.management.ThreadInfo[] infos = THREADS.getThreadInfo(ids);
    long[] bytes = THREADS.getThreadAllocatedBytes(ids);
    for (int i = 0; i < ids.length; i++) {
      boolean worker = infos[i] != null && infos[i].getThreadName().startsWith("jdiffusion-cpu");
      if (worker || ids[i] == Thread.currentThread().threadId()) {
        sum += bytes[i];
      }
    }
    return sum;
  }
}
