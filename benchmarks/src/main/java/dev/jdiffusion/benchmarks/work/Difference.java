package dev.jdiffusion.benchmarks.work;

import java.util.ArrayList;
import java.util.List;

/**
 * How far a tensor is from the expected one.
 *
 * @param largest the largest magnitude expected in it
 * @param difference the largest difference of an element; infinite where one is NaN
 * @param where the index of that element in the whole result
 */
public record Difference(double largest, double difference, int where) {
  /**
   * Those of a result's tensors.
   *
   * @param starts see {@link Operation#starts}
   * @param actual as long as {@code expected}
   */
  public static List<Difference> ofTensors(float[] expected, List<Integer> starts, float[] actual) {
    List<Difference> differences = new ArrayList<>();
    for (int i = 0; i < starts.size(); i++) {
      int end = i + 1 < starts.size() ? starts.get(i + 1) : expected.length;
      differences.add(of(expected, actual, starts.get(i), end));
    }
    return differences;
  }

  private static Difference of(float[] expected, float[] actual, int start, int end) {
    double largest = 0;
    double difference = 0;
    int where = start;
    for (int i = start; i < end; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      double here = Math.abs((double) actual[i] - expected[i]);
      if (Double.isNaN(here)) {
        here = Double.POSITIVE_INFINITY;
      }
      if (here > difference) {
        difference = here;
        where = i;
      }
    }
    return new Difference(largest, difference, where);
  }

  /** The difference as a part of the largest magnitude. */
  public double relative() {
    return difference / largest;
  }

  /** Whether the difference is at most so large a part of the largest magnitude. */
  public boolean isWithin(double tolerance) {
    return difference <= tolerance * largest;
  }
}
