package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * One execution of a case on one backend: makes its inputs, the same on every backend, and collects
 * its results.
 *
 * <p>All tensors are views at odd offsets. What surrounds an input is NaN, so that reading it
 * shows; what surrounds a result must stay as it was. Results start as NaN, so that it shows
 * whether they are overwritten.
 */
public final class Run {
  private static final double GUARD = 12345;

  /** One result of a case. */
  record Result(Shape shape, Tolerance tolerance, double[] values) {}

  private record Guarded(
      String name, Tensor whole, Tensor view, double[] before, boolean mayChange) {}

  private record Output(Tensor tensor, Tolerance tolerance) {}

  private final Backend memory;
  private final Backend operations;
  private final SplittableRandom random;
  private final boolean magnitudes;

  /** In every other case all tensors start at multiples of it, where kernels may load vectors. */
  private final int alignment;

  private final List<Guarded> guarded = new ArrayList<>();
  private final Map<String, Output> outputs = new LinkedHashMap<>();
  private final Map<String, Result> results = new LinkedHashMap<>();

  /**
   * @param memory where tensors live
   * @param operations the same backend, or a proxy that records calls
   * @param magnitudes whether all inputs are made positive, to learn the magnitudes of sums
   */
  Run(Backend memory, Backend operations, long seed, boolean magnitudes) {
    this.memory = memory;
    this.operations = operations;
    this.random = new SplittableRandom(seed);
    this.magnitudes = magnitudes;
    this.alignment = (seed & 1) == 0 ? 4 : 1;
  }

  /** The backend under test. */
  public Backend on() {
    return operations;
  }

  public SplittableRandom random() {
    return random;
  }

  /** A tensor of standard normal numbers that must not change. */
  public Tensor input(int... extents) {
    return input(Shape.of(extents), SplittableRandom::nextGaussian);
  }

  /** A tensor of numbers from a distribution that must not change. */
  public Tensor input(Shape shape, ToDoubleFunction<SplittableRandom> distribution) {
    return guard("input " + guarded.size(), draw(shape, distribution), shape, Double.NaN, false);
  }

  /** A tensor of given numbers that must not change. */
  public Tensor inputOf(Shape shape, double... values) {
    return guard("input " + guarded.size(), values, shape, Double.NaN, false);
  }

  /** A result that the operation has to overwrite completely. */
  public Tensor output(String name, Tolerance tolerance, int... extents) {
    return output(name, tolerance, Shape.of(extents));
  }

  /** A result that the operation has to overwrite completely. */
  public Tensor output(String name, Tolerance tolerance, Shape shape) {
    double[] poison = new double[shape.size()];
    Arrays.fill(poison, Double.NaN);
    return watch(name, tolerance, guard(name, poison, shape, GUARD, true));
  }

  /**
   * A result that starts as standard normal numbers: one that is added to, or computed in place.
   */
  public Tensor updated(String name, Tolerance tolerance, int... extents) {
    return updated(name, tolerance, Shape.of(extents), SplittableRandom::nextGaussian);
  }

  /** A result that starts as numbers from a distribution. */
  public Tensor updated(
      String name,
      Tolerance tolerance,
      Shape shape,
      ToDoubleFunction<SplittableRandom> distribution) {
    return watch(name, tolerance, guard(name, draw(shape, distribution), shape, GUARD, true));
  }

  /** A result that is a number. */
  public void value(String name, Tolerance tolerance, double value) {
    results.put(name, new Result(Shape.of(), tolerance, new double[] {value}));
  }

  /** Reads all results after checking that nothing else was written. */
  Map<String, Result> finish() {
    for (Guarded tensor : guarded) {
      double[] after = tensor.whole.toDoubles();
      int first = tensor.view.offset() - tensor.whole.offset();
      for (int i = 0; i < after.length; i++) {
        boolean inside = i >= first && i < first + tensor.view.size();
        if (!(inside && tensor.mayChange) && Double.compare(after[i], tensor.before[i]) != 0) {
          throw new AssertionError(
              tensor.name
                  + " "
                  + tensor.view.shape()
                  + ": element "
                  + (i - first)
                  + (inside ? "" : ", outside of it,")
                  + " changed from "
                  + tensor.before[i]
                  + " to "
                  + after[i]);
        }
      }
    }
    outputs.forEach((name, output) ->
        results.put(
            name, new Result(output.tensor.shape(), output.tolerance, output.tensor.toDoubles())));
    return results;
  }

  private double[] draw(Shape shape, ToDoubleFunction<SplittableRandom> distribution) {
    double[] values = new double[shape.size()];
    for (int i = 0; i < values.length; i++) {
      // Single precision, so that all backends work with the same numbers.
      double value = (float) distribution.applyAsDouble(random);
      values[i] = magnitudes ? Math.abs(value) : value;
    }
    return values;
  }

  private Tensor guard(
      String name, double[] values, Shape shape, double around, boolean mayChange) {
    int before = random.nextInt(4) == 0 ? 0 : random.nextInt(20);
    int after = random.nextInt(4) == 0 ? 0 : random.nextInt(20);
    before -= before % alignment;
    double[] all = new double[before + values.length + after];
    Arrays.fill(all, around);
    System.arraycopy(values, 0, all, before, values.length);
    Tensor whole = Tensor.of(memory, Shape.of(all.length), all);
    Tensor view = whole.range(before, shape);
    guarded.add(new Guarded(name, whole, view, all, mayChange));
    return view;
  }

  private Tensor watch(String name, Tolerance tolerance, Tensor tensor) {
    if (outputs.put(name, new Output(tensor, tolerance)) != null) {
      throw new IllegalArgumentException("two results are called " + name);
    }
    return tensor;
  }
}
