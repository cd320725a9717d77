package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.DenseProduct.STRETCH;
import static dev.jdiffusion.tensor.cpu.DenseProduct.ZEROS;
import static dev.jdiffusion.tensor.cpu.OuterProducts.OVERHANG;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.cpu.DenseWeightGradient.Rows;
import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import java.util.Arrays;
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

  private final int outputs;
  private final float[] weights;
  private final Panels panels;
  private final float[] dInput;
  private final int dInputFrom;
  // By number of pixels, of which there are few different ones.
  private final AtomicReferenceArray<Tables> tables;

  /** Where the rows of some pixels begin. */
  private record Tables(int[] dOut, int[] dInput) {}

  /**
   * @param weights of {@code outputs} rows, packed by the panels, which are of input channels
   * @param dInput {@code [pixels, panels.columns]} from dInputFrom on, overwritten
   * @param most pixels at a time
   */
  private PointwiseInputGradient(
      int outputs, float[] weights, Panels panels, float[] dInput, int dInputFrom, int most) {
    this.outputs = outputs;
    this.weights = weights;
    this.panels = panels;
    this.dInput = dInput;
    this.dInputFrom = dInputFrom;
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
              outputs,
              packed,
              panels,
              FloatStorage.array(dInput),
              dInput.offset(),
              windows.pixels(windows.block(0))),
          workers,
          pool);
    } finally {
      pool.give(packed);
    }
  }

  private Tables tables(int pixels, int dOutPitch) {
    Tables known = tables.get(pixels);
    if (known == null) {
      known = new Tables(table(pixels, dOutPitch), table(pixels, panels.columns));
      tables.set(pixels, known);
    }
    return known;
  }

  private static int[] table(int pixels, int pitch) {
    int[] table = new int[pixels + OVERHANG];
    Arrays.setAll(table, i -> Math.min(i, pixels - 1) * pitch);
    return table;
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
    Tables rows = tables(count, dOut.pitch());
    int target = dInputFrom + begin * panels.columns;
    float fetched = Prefetch.range(dInput, target, count * panels.columns);
    int stretches = Math.ceilDiv(outputs, STRETCH);
    for (int p = 0; p < panels.count; p++) {
      int column = target + panels.first[p];
      for (int s = 0; s < stretches; s++) {
        int k = (int) ((long) outputs * s / stretches);
        int length = (int) ((long) outputs * (s + 1) / stretches) - k;
        OuterProducts.multiply(
            panels.vectors[p],
            dOut.array(),
            rows.dOut,
            dOut.from() + begin * dOut.pitch() + k,
            weights,
            panels.packedIndex(p, k, outputs),
            s == 0 ? ZEROS : dInput,
            s == 0,
            s == 0 ? 0 : column,
            dInput,
            rows.dInput,
            column,
            count,
            length,
            panels.last[p]);
      }
    }
    return fetched;
  }
}
