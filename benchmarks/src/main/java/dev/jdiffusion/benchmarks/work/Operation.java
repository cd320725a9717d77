package dev.jdiffusion.benchmarks.work;

import java.util.List;

/** A piece of work with its inputs in place, ready to be done again and again. */
public interface Operation {
  /** Does the work once. Every run starts from the same inputs unless the workload says other. */
  void run();

  /**
   * What the last run computed, in the order and layout that the workload names, so that contenders
   * can be compared.
   */
  float[] result();

  /**
   * Where in the result each of its tensors begins. Their values may be of very different sizes, so
   * each is compared by itself. One tensor, unless an operation says other.
   */
  default List<Integer> starts() {
    return List.of(0);
  }
}
