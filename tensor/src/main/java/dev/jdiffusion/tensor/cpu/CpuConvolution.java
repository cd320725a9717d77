package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.cpu.DenseProduct.Part;
import dev.jdiffusion.tensor.cpu.DenseProduct.Start;
import dev.jdiffusion.tensor.cpu.DenseProduct.Target;
import dev.jdiffusion.tensor.cpu.DenseWeightGradient.Rows;
import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import dev.jdiffusion.tensor.ops.Convolution;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Convolution as an implicit matrix product: no matrix of patches is ever stored.
 *
 * <p>Dense convolutions, and each group of a grouped one, go through {@link DenseProduct}: {@link
 * Windows} say what a pixel sees, {@link OuterProducts} multiply that with packed weights. The
 * gradient with respect to the input is again such a convolution, of dOut with the transposed
 * weights; with a stride it falls apart into stride x stride convolutions, one for the input pixels
 * of each phase, since a pixel meets only every stride-th tap; phases that are alike share a copy
 * of dOut, block by block. The gradient with respect to the weights is {@link DenseWeightGradient}.
 * Windows of 3x3 with stride 1 take {@link WinogradConvolution} where there are channels enough,
 * results of few channels {@link FewOutputsConvolution}, depthwise convolutions {@link
 * DepthwiseConvolution}.
 *
 * <p>Outputs of {@link #forward}, unless filtered or depthwise, are one chain of fused
 * multiply-adds each, in the order of the weight's axes, started from bias plus residual: bitwise
 * what a scalar loop of {@link Math#fma} computes.
 */
final class CpuConvolution implements Convolution {
  private final Workers workers;
  private final FloatPool pool;
  private final DepthwiseConvolution depthwise;
  private final WinogradConvolution winograd;
  private final WinogradWeightGradient winogradGradient;

  CpuConvolution(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
    this.depthwise = new DepthwiseConvolution(workers, pool);
    this.winograd = new WinogradConvolution(workers, pool);
    this.winogradGradient = new WinogradWeightGradient(workers, pool);
  }

  /** The extents of a call: small names for what all three operations need. */
  private record Extents(
      int images,
      int height,
      int width,
      int inputs,
      int windowRows,
      int windowColumns,
      int groupInputs,
      int outputs,
      int groups,
      int stride,
      int padding,
      int outRows,
      int outColumns) {
    static Extents of(Tensor input, Tensor weight, Geometry geometry, Tensor out) {
      return new Extents(
          input.dim(0),
          input.dim(1),
          input.dim(2),
          input.dim(3),
          weight.dim(0),
          weight.dim(1),
          weight.dim(2),
          weight.dim(3),
          geometry.groups(),
          geometry.stride(),
          geometry.padding(),
          out.dim(1),
          out.dim(2));
    }

    int groupOutputs() {
      return outputs / groups;
    }

    int taps() {
      return windowRows * windowColumns;
    }

    boolean isDepthwise() {
      return groups > 1 && groupInputs == 1 && inputs == outputs;
    }

    boolean isPointwise() {
      return groups == 1 && taps() == 1 && stride == 1 && padding == 0;
    }

    /** Whether {@link WinogradConvolution} is the way for this convolution and its gradients. */
    boolean isFiltering() {
      return groups == 1
          && windowRows == 3
          && windowColumns == 3
          && stride == 1
          && padding <= 2
          && WinogradPlan.pays(
              inputs, outputs, Math.min(height, outRows), Math.min(width, outColumns));
    }

    WinogradPlan filtering() {
      return new WinogradPlan(images, height, width, inputs, outputs, padding, outRows, outColumns);
    }

    /** The gradient with respect to the input as a convolution. */
    WinogradPlan filteringBack() {
      return new WinogradPlan(
          images, outRows, outColumns, outputs, inputs, 2 - padding, height, width);
    }

    /** Whether results with so many channels a group are few for {@link FewOutputsConvolution}. */
    boolean isFew(int groupResults) {
      return FewOutputsConvolution.pays(groupResults, windowRows, windowColumns, stride);
    }

    /** This convolution, whose results have few channels. */
    FewOutputsConvolution toFew() {
      return new FewOutputsConvolution(
          images,
          height,
          width,
          inputs,
          windowRows,
          windowColumns,
          padding,
          padding,
          outRows,
          outColumns,
          outputs,
          groups);
    }

    /** The gradient with respect to the input, which has few channels, as a convolution. */
    FewOutputsConvolution backToFew() {
      return new FewOutputsConvolution(
          images,
          outRows,
          outColumns,
          outputs,
          windowRows,
          windowColumns,
          windowRows - 1 - padding,
          windowColumns - 1 - padding,
          height,
          width,
          inputs,
          groups);
    }

    /** What output pixels see of the input. */
    Windows windows(int group, int minimumBlocks) {
      if (isPointwise()) {
        return Windows.direct(images * height * width, inputs, minimumBlocks);
      }
      return Windows.padded(
          images,
          height,
          width,
          inputs,
          group * groupInputs,
          groupInputs,
          windowRows,
          windowColumns,
          stride,
          padding,
          padding,
          0,
          outRows,
          outColumns,
          minimumBlocks);
    }

    /**
     * What input pixels of phases see of dOut.
     *
     * @param top of all phases the most zeros above; {@code left} of it
     */
    Windows windowsBack(int group, List<Phase> phases, int top, int left, int minimumBlocks) {
      if (isPointwise()) {
        return Windows.direct(images * height * width, outputs, minimumBlocks);
      }
      Phase any = phases.getFirst();
      return Windows.padded(
          images,
          outRows,
          outColumns,
          outputs,
          group * groupOutputs(),
          groupOutputs(),
          any.rowTaps,
          any.columnTaps,
          1,
          top,
          left,
          phases.size() > 1 ? 1 : 0,
          any.rows,
          any.columns,
          minimumBlocks);
    }

    /**
     * The phases of the gradient with respect to the input, in lists of those that one copy of dOut
     * will do for.
     */
    List<List<Phase>> phases() {
      List<Phase> phases = new ArrayList<>();
      for (int i = 0; i < stride * stride; i++) {
        Phase phase = Phase.of(this, i / stride, i % stride);
        if (phase.rows > 0 && phase.columns > 0) {
          phases.add(phase);
        }
      }
      boolean alike =
          height % stride == 0
              && width % stride == 0
              && windowRows % stride == 0
              && windowColumns % stride == 0
              && Windows.isLong(windowColumns / stride * groupOutputs());
      return alike ? List.of(phases) : phases.stream().map(List::of).toList();
    }
  }

  /**
   * The input rows y with {@code (y + padding) % stride == rowPhase}, and columns likewise. With
   * {@code Y = (y + padding) / stride}, row y meets the taps {@code rowPhase + stride * t} of the
   * output rows {@code Y - t}.
   *
   * @param top zeros above the first output row that the first input row meets; {@code left} of it
   */
  private record Phase(
      int rowPhase,
      int columnPhase,
      int firstRow,
      int firstColumn,
      int rows,
      int columns,
      int rowTaps,
      int columnTaps,
      int top,
      int left) {
    static Phase of(Extents e, int rowPhase, int columnPhase) {
      int firstRow = Math.floorMod(rowPhase - e.padding, e.stride);
      int firstColumn = Math.floorMod(columnPhase - e.padding, e.stride);
      int rowTaps = Math.max(0, Math.ceilDiv(e.windowRows - rowPhase, e.stride));
      int columnTaps = Math.max(0, Math.ceilDiv(e.windowColumns - columnPhase, e.stride));
      return new Phase(
          rowPhase,
          columnPhase,
          firstRow,
          firstColumn,
          Math.ceilDiv(e.height - firstRow, e.stride),
          Math.ceilDiv(e.width - firstColumn, e.stride),
          rowTaps,
          columnTaps,
          rowTaps - 1 - (firstRow + e.padding) / e.stride,
          columnTaps - 1 - (firstColumn + e.padding) / e.stride);
    }
  }

  @Override
  public void forward(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry,
      Tensor out) {
    if (out.size() == 0) {
      return;
    }
    Extents e = Extents.of(input, weight, geometry, out);
    float[] x = FloatStorage.array(input);
    float[] w = FloatStorage.array(weight);
    float[] y = FloatStorage.array(out);
    float @Nullable [] b = bias == null ? null : FloatStorage.array(bias);
    int biasFrom = bias == null ? 0 : bias.offset();
    float @Nullable [] r = residual == null ? null : FloatStorage.array(residual);
    int residualShift = residual == null ? 0 : residual.offset() - out.offset();
    if (e.isDepthwise()) {
      depthwise.run(
          depthwisePlan(e),
          e.images,
          x,
          input.offset(),
          w,
          weight.offset(),
          false,
          b,
          biasFrom,
          r,
          residualShift,
          y,
          out.offset());
      return;
    }
    if (e.isFew(e.groupOutputs())) {
      few(
          e.toFew(),
          output -> weight.offset() + output,
          e.groupInputs * e.outputs,
          e.outputs,
          x,
          input.offset(),
          w,
          new Start(b, biasFrom, r, residualShift),
          y,
          out.offset());
      return;
    }
    Panels panels = new Panels(e.groupOutputs());
    if (e.isFiltering()) {
      winograd.run(
          e.filtering(),
          x,
          input.offset(),
          w,
          weight.offset(),
          b,
          biasFrom,
          r,
          residualShift,
          y,
          out.offset());
      return;
    }
    float[] packed = pool.take(panels.packedLength(e.taps() * e.groupInputs));
    try {
      for (int g = 0; g < e.groups; g++) {
        int column = g * e.groupOutputs();
        PanelPacking.packAll(
            panels,
            w,
            weight.offset() + column,
            e.outputs,
            1,
            e.taps() * e.groupInputs,
            packed,
            workers);
        Windows windows = e.windows(g, workers.wantedBlocks());
        DenseProduct.run(
            windows,
            x,
            input.offset(),
            packed,
            panels,
            new Start(b, biasFrom + column, r, residualShift),
            target(windows, y, out.offset() + column, e.outRows, e.outColumns, e.outputs, 1),
            workers,
            pool);
      }
    } finally {
      pool.give(packed);
    }
  }

  /**
   * A convolution with results of few channels.
   *
   * @param weightFrom by output channel, the index of its first weight
   * @param tapStride and {@code stride}: see {@link FewOutputsConvolution#pack}
   */
  private void few(
      FewOutputsConvolution plan,
      IntUnaryOperator weightFrom,
      int tapStride,
      int stride,
      float[] x,
      int xFrom,
      float[] weight,
      Start start,
      float[] y,
      int yFrom) {
    float[] packed = pool.take(plan.packedLength());
    for (int o = 0; o < plan.outputs(); o++) {
      plan.pack(o, weight, weightFrom.applyAsInt(o), tapStride, stride, packed);
    }
    plan.run(x, xFrom, packed, start, y, yFrom, workers, pool);
    pool.give(packed);
  }

  /** Every stride-th pixel of every stride-th row, from the first on. */
  private static Target target(
      Windows windows, float[] out, int from, int rows, int columns, int channels, int stride) {
    if (windows.isDirect()) {
      return new Target(out, from, 0, channels, 0);
    }
    int row = columns * channels;
    return new Target(out, from, rows * row, stride * row, stride * channels);
  }

  private static DepthwiseConvolution.Plan depthwisePlan(Extents e) {
    return DepthwiseConvolution.Plan.of(
        e.height,
        e.width,
        e.inputs,
        1,
        e.padding,
        e.padding,
        e.windowRows,
        e.windowColumns,
        e.stride,
        e.outRows,
        e.outColumns);
  }

  @Override
  public void inputGrad(
      Tensor dOut, Tensor weight, @Nullable Tensor bias, Geometry geometry, Tensor dInput) {
    if (dInput.size() == 0) {
      return;
    }
    Extents e = Extents.of(dInput, weight, geometry, dOut);
    float[] d = FloatStorage.array(dOut);
    float[] w = FloatStorage.array(weight);
    float[] dx = FloatStorage.array(dInput);
    float @Nullable [] b = bias == null ? null : FloatStorage.array(bias);
    int biasFrom = bias == null ? 0 : bias.offset();
    if (e.isDepthwise()) {
      depthwise.run(
          DepthwiseConvolution.Plan.of(
              e.outRows,
              e.outColumns,
              e.outputs,
              e.stride,
              e.windowRows - 1 - e.padding,
              e.windowColumns - 1 - e.padding,
              e.windowRows,
              e.windowColumns,
              1,
              e.height,
              e.width),
          e.images,
          d,
          dOut.offset(),
          w,
          weight.offset(),
          true,
          b,
          biasFrom,
          null,
          0,
          dx,
          dInput.offset());
      return;
    }
    if (e.isFew(e.groupInputs)) {
      int tap = e.groupInputs * e.outputs;
      int lastTap = weight.offset() + (e.taps() - 1) * tap;
      few(
          e.backToFew(),
          channel ->
              lastTap
                  + channel % e.groupInputs * e.outputs
                  + channel / e.groupInputs * e.groupOutputs(),
          -tap,
          1,
          d,
          dOut.offset(),
          w,
          new Start(b, biasFrom, null, 0),
          dx,
          dInput.offset());
      return;
    }
    Panels panels = new Panels(e.groupInputs);
    if (e.isFiltering()) {
      filterBack(e, d, dOut.offset(), w, weight.offset(), b, biasFrom, dx, dInput.offset());
      return;
    }
    List<List<Phase>> alike = e.phases();
    for (int g = 0; g < e.groups; g++) {
      int column = g * e.groupInputs;
      Start start = new Start(b, biasFrom + column, null, 0);
      for (List<Phase> phases : alike) {
        inputPhases(
            e,
            g,
            phases,
            d,
            dOut.offset(),
            w,
            weight.offset(),
            panels,
            start,
            dx,
            dInput.offset() + column);
      }
    }
  }

  /** A convolution with the windows turned around and inputs and outputs exchanged. */
  private void filterBack(
      Extents e,
      float[] d,
      int dFrom,
      float[] weight,
      int weightFrom,
      float @Nullable [] bias,
      int biasFrom,
      float[] dx,
      int dxFrom) {
    WinogradPlan plan = e.filteringBack();
    int size = e.inputs * e.outputs;
    float[] turned = pool.take(e.taps() * size);
    try {
      workers.run(
          e.taps(),
          8L * e.taps() * size,
          tap ->
              CpuMatMul.transpose(
                  weight,
                  weightFrom + (e.taps() - 1 - tap) * size,
                  e.inputs,
                  e.outputs,
                  turned,
                  tap * size));
      winograd.run(plan, d, dFrom, turned, 0, bias, biasFrom, null, 0, dx, dxFrom);
    } finally {
      pool.give(turned);
    }
  }

  /** The input pixels of some phases that are alike, of one group. */
  private void inputPhases(
      Extents e,
      int group,
      List<Phase> phases,
      float[] d,
      int dFrom,
      float[] w,
      int wFrom,
      Panels panels,
      Start start,
      float[] dx,
      int dxFrom) {
    int depth = e.groupOutputs();
    int top = phases.stream().mapToInt(Phase::top).max().orElseThrow();
    int left = phases.stream().mapToInt(Phase::left).max().orElseThrow();
    Windows windows = e.windowsBack(group, phases, top, left, workers.wantedBlocks());
    Target target = target(windows, dx, dxFrom, e.height, e.width, e.inputs, e.stride);
    List<Part> parts = new ArrayList<>();
    try {
      for (Phase phase : phases) {
        float[] packed =
            pool.take(Math.max(1, panels.packedLength(phase.rowTaps * phase.columnTaps * depth)));
        int inputShift = (top - phase.top) * windows.pitch + (left - phase.left) * depth;
        int targetShift = (phase.firstRow * e.width + phase.firstColumn) * e.inputs;
        parts.add(new Part(packed, inputShift, targetShift));
        packTransposed(e, phase, w, wFrom + group * depth, panels, packed);
      }
      DenseProduct.run(
          windows, d, dFrom, parts.toArray(Part[]::new), panels, start, target, workers, pool);
    } finally {
      for (Part part : parts) {
        pool.give(part.packed());
      }
    }
  }

  /** Packs the taps of a phase in reverse order, with outputs as rows and inputs as columns. */
  private void packTransposed(
      Extents e, Phase phase, float[] weight, int from, Panels panels, float[] packed) {
    int depth = e.groupOutputs();
    int taps = phase.rowTaps * phase.columnTaps;
    int groups = PanelPacking.groups(panels);
    workers.run(
        taps * groups,
        (long) taps * depth * panels.columns * 8,
        task -> {
          int t = task / groups;
          int i = phase.rowPhase + e.stride * (phase.rowTaps - 1 - t / phase.columnTaps);
          int j = phase.columnPhase + e.stride * (phase.columnTaps - 1 - t % phase.columnTaps);
          int tap = from + (i * e.windowColumns + j) * e.groupInputs * e.outputs;
          PanelPacking.pack(
              panels,
              task % groups,
              weight,
              tap,
              1,
              e.outputs,
              depth,
              packed,
              t * depth,
              taps * depth);
        });
  }

  @Override
  public void weightGrad(
      Tensor input, Tensor dOut, Geometry geometry, Tensor dWeight, @Nullable Tensor dBias) {
    if (dOut.size() == 0) {
      return;
    }
    Extents e = Extents.of(input, dWeight, geometry, dOut);
    float[] x = FloatStorage.array(input);
    float[] d = FloatStorage.array(dOut);
    float[] dw = FloatStorage.array(dWeight);
    float @Nullable [] db = dBias == null ? null : FloatStorage.array(dBias);
    int dBiasFrom = dBias == null ? 0 : dBias.offset();
    if (e.isDepthwise()) {
      depthwise.weightGrad(
          depthwisePlan(e),
          e.images,
          x,
          input.offset(),
          d,
          dOut.offset(),
          dw,
          dWeight.offset(),
          db,
          dBiasFrom);
      return;
    }
    Panels panels = new Panels(e.groupOutputs());
    if (e.isFiltering()) {
      winogradGradient.run(
          e.filtering(),
          x,
          input.offset(),
          d,
          dOut.offset(),
          panels,
          dw,
          dWeight.offset(),
          db,
          dBiasFrom);
      return;
    }
    for (int g = 0; g < e.groups; g++) {
      int column = g * e.groupOutputs();
      DenseWeightGradient.run(
          e.windows(g, 1),
          x,
          input.offset(),
          new Rows(d, dOut.offset() + column, e.outputs),
          panels,
          new Rows(dw, dWeight.offset() + column, e.outputs),
          db,
          dBiasFrom + column,
          null,
          workers,
          pool);
    }
  }

  @Override
  public void gradients(
      Tensor input,
      Tensor weight,
      Tensor dOut,
      Geometry geometry,
      Tensor dInput,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    Extents e = Extents.of(input, weight, geometry, dOut);
    if (!e.isPointwise()
        || e.isFew(e.inputs)
        || !PointwiseInputGradient.pays(e.inputs, e.outputs)
        || dOut.size() == 0) {
      Convolution.super.gradients(input, weight, dOut, geometry, dInput, dWeight, dBias);
      return;
    }
    PointwiseInputGradient.runBoth(
        e.windows(0, 1), input, weight, dOut, dInput, dWeight, dBias, workers, pool);
  }
}
