package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import java.util.Arrays;
import java.util.Locale;

/**
 * What does a launch cost the host? One number is added to another, again and again, through the
 * backend's contract; the host's clock is read around launches that nobody waits for.
 *
 * <p>Not with JMH, whose loop would fill the driver's queue: a full one makes the host wait for the
 * GPU. A burst is short enough to fit, and the queue is empty before the next.
 */
public final class LaunchCost {
  private static final int BURST = 200;

  private LaunchCost() {}

  /** Arguments: the device and the number of bursts. Prints a line of JSON. */
  public static void main(String[] args) {
    Contender contender = Contenders.open(args[0], 1);
    int bursts = Integer.parseInt(args[1]);
    Operation launch =
        contender.prepare(new Workload.Elementwise(Workload.Elementwise.Function.ADD, 1));
    // The first half compiles.
    double[] nanoseconds = new double[bursts];
    for (int burst = -bursts; burst < bursts; burst++) {
      contender.finish();
      long start = System.nanoTime();
      for (int i = 0; i < BURST; i++) {
        launch.run();
      }
      if (burst >= 0) {
        nanoseconds[burst] = (System.nanoTime() - start) / (double) BURST;
      }
    }
    contender.finish();
    Arrays.sort(nanoseconds);
    System.out.printf(
        Locale.ROOT,
        "{\"launches\": %d, \"median_ns\": %.0f, \"least_ns\": %.0f, \"most_ns\": %.0f}%n",
        bursts * BURST,
        nanoseconds[bursts / 2],
        nanoseconds[0],
        nanoseconds[bursts - 1]);
  }
}
