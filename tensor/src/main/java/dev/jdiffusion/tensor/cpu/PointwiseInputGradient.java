package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.cpu.DenseProduct.Start;
import dev.jdiffusion.tensor.cpu.DenseProduct.Tables;
import dev.jdiffusion.tensor.cpu.DenseProduct.Target;
import dev.jdiffusion.tensor.cpu.DenseWeightGradient.Rows;
import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The gradient with respect to the input of a 1x1 convolution, or to a matrix of many rows: dOut
 * times the transposed weights. {@link DenseWeightGradient} has it taken of each part of dOut that
 * is in the cache for the weights' gradient, so that dOut comes from memory once.
 */
final class PointwiseInputGradient {
  /** Weights up to this number stay in the second-level cache from one part of dOut to the next. */
  private static final int FEW_WEIGHTS = 1 << 16;

  private final Windows windows;
  private final float[] weights;
  private final Panels panels;
  private final Target target;
  // By number of pixels, of which there are few different ones.
  private final AtomicReferenceArray<Tables> tables;

  /**
   * @param windows direct ones: what a pixel of the input sees of dOut
   * @param weights packed by the panels, which are of input channels
   * @param target overwritten
   * @param most pixels at a time
   */
  private PointwiseInputGradient(
      Windows windows, float[] weights, Panels panels, Target target, int most) {
    this.windows = windows;
    this.weights = weights;
    this.panels = panels;
    this.target = target;
    this.tables = new AtomicReferenceArray<>(most + 1);
  }

  /** Whether dOut is what takes long to come from memory. */
  static boolean pays(int inputs, int outputs) {
    long weights = (long) inputs * outputs;
    return weights > 0 && weights <= FEW_WEIGHTS;
  }

  /**
   * This gradient and that of the weights.
   *
   * @param windows direct ones
   * @param weight {@code [..., inputs, outputs]}
   * @param dInput overwritten
   * @param dWeight added to, as dBias
   */
  static void runBoth(
      Windows windows,
      Tensor input,
      Tensor weight,
      Tensor dOut,
      Tensor dInput,
      Tensor dWeight,
      @Nullable Tensor dBias,
      Workers workers,
      FloatPool pool) {
    int outputs = weight.dim(-1);
    Panels panels = new Panels(weight.dim(-2));
    float[] packed = pool.take(panels.packedLength(outputs));
    try {
      PanelPacking.packAll(
          panels,
          FloatStorage.array(weight),
          weight.offset(),
          1,
          outputs,
          outputs,
          packed,
          workers);
      DenseWeightGradient.run(
          windows,
          FloatStorage.array(input),
          input.offset(),
          new Rows(FloatStorage.array(dOut), dOut.offset(), outputs),
          new Panels(outputs),
          new Rows(FloatStorage.array(dWeight), dWeight.offset(), outputs),
          dBias == null ? null : FloatStorage.array(dBias),
          dBias == null ? 0 : dBias.offset(),
          new PointwiseInputGradient(
              Windows.direct(windows.pixels(), outputs, 1),
              packed,
              panels,
              new Target(FloatStorage.array(dInput), dInput.offset(), 0, panels.columns, 0),
              windows.pixels(windows.block(0))),
          workers,
          pool);
    } finally {
      pool.give(packed);
    }
  }

  private Tables tables(int pixels) {
    Tables known = tables.get(pixels);
    if (known == null) {
      known = Tables.of(windows, new Windows.Block(0, 1, 0, pixels), target);
      tables.set(pixels, known);
    }
    return known;
  }

  /**
   * One of several shares of some pixels.
   *
   * @param dOut of all pixels
   * @return nothing of meaning, see {@link Prefetch#range}
   */
  float share(Rows dOut, int first, int pixels, int split, int splits) {
    int begin = first + (int) ((long) pixels * split / splits);
    int count = first + (int) ((long) pixels * (split + 1) / splits) - begin;
    if (count == 0) {
      return 0;
    }
    int to = target.from() + begin * panels.columns;
    float fetched = Prefetch.range(target.out(), to, count * panels.columns);
    DenseProduct.multiply(
        windows,
        tables(count),
        dOut.array(),
        dOut.from() + begin * dOut.pitch(),
        weights,
        panels,
        0,
        panels.count,
        Start.ZERO,
        target.out(),
        to);
    return fetched;
  }
}
