package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.MachineLimits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time of a training goes: into the parts of its steps, which a {@link Profiler} sees,
 * and into what is done between them.
 */
final class StepProfile {
  /** Steps to leave out, during which the JVM compiles the kernels; of a short training a third. */
  private static final int WARM_UP = 50;

  private static final int PART_OF_SHORT = 3;

  private final Backend backend;
  private final Profiler profiler;
  private final int warmUp;
  private final Map<String, Double> between = new LinkedHashMap<>();
  private int seen;
  private long peakBytes;
  private long mark = System.nanoTime();

  /**
   * @param steps how many the training will take
   */
  StepProfile(Backend backend, Profiler.Grouping grouping, int steps) {
    this.backend = backend;
    profiler = new Profiler(backend, grouping);
    warmUp = Math.clamp(steps / PART_OF_SHORT, 0, WARM_UP);
  }

  Profiler profiler() {
    return profiler;
  }

  void stepBegins() {
    if (seen == warmUp) {
      profiler.forget();
      between.clear();
      mark = System.nanoTime();
    }
    between("metrics and display");
  }

  void stepEnds() {
    seen++;
    peakBytes = backend.memory().peakInUse();
    mark = System.nanoTime();
  }

  /** What has been done since the last step, or since the last call. */
  void between(String work) {
    long now = System.nanoTime();
    between.merge(work, (now - mark) * 1e-9, Double::sum);
    mark = now;
  }

  /**
   * The table. Measures the machine, which takes a moment.
   *
   * @param columns the longest line
   */
  List<String> table(int columns) {
    if (profiler.steps() == 0) {
      return List.of("nothing to profile: no step was taken");
    }
    ProfileTable table =
        new ProfileTable(
            profiler.rows(),
            profiler.steps(),
            profiler.seconds(),
            seen - profiler.steps(),
            between,
            peakBytes,
            MachineLimits.measure(backend));
    return table.lines(columns);
  }
}
