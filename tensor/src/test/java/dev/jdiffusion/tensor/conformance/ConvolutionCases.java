package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.SplittableRandom;

final class ConvolutionCases {
  private ConvolutionCases() {}

  /**
   * Extents of a convolution: input {@code [n, h, w, in]}, window kh by kw, {@code out} output
   * channels.
   */
  private record Extents(
      int n, int h, int w, int in, int out, int kh, int kw, int stride, int padding, int groups) {
    Shape input() {
      return Shape.of(n, h, w, in);
    }

    Shape weight() {
      return Shape.of(kh, kw, in / groups, out);
    }

    Shape output() {
      return Shape.of(
          n, (h + 2 * padding - kh) / stride + 1, (w + 2 * padding - kw) / stride + 1, out);
    }

    Geometry geometry() {
      return new Geometry(stride, padding, groups);
    }

    boolean exists() {
      return h + 2 * padding >= kh && w + 2 * padding >= kw;
    }

    @Override
    public String toString() {
      return "conv2d "
          + kh
          + "x"
          + kw
          + " "
          + input()
          + "->"
          + out
          + " stride "
          + stride
          + " padding "
          + padding
          + " groups "
          + groups;
    }
  }

  static void addTo(Cases cases) {
    Extents[] table = {
      // Of U-Nets: stem, depthwise, blocks, downsampling, upsampling, projections, output.
      new Extents(2, 28, 28, 1, 18, 7, 7, 1, 3, 1),
      new Extents(1, 9, 11, 1, 28, 7, 7, 1, 3, 1),
      new Extents(2, 14, 14, 28, 28, 7, 7, 1, 3, 28),
      new Extents(1, 9, 7, 56, 56, 7, 7, 1, 3, 56),
      new Extents(3, 7, 7, 112, 112, 7, 7, 1, 3, 112),
      new Extents(1, 28, 28, 18, 18, 7, 7, 1, 3, 18),
      new Extents(1, 14, 14, 56, 56, 3, 3, 1, 1, 1),
      new Extents(2, 7, 7, 112, 56, 3, 3, 1, 1, 1),
      new Extents(2, 7, 9, 18, 28, 3, 3, 1, 1, 1),
      new Extents(1, 8, 8, 3, 16, 3, 3, 1, 1, 1),
      new Extents(3, 5, 6, 16, 3, 3, 3, 1, 1, 1),
      new Extents(2, 14, 14, 28, 28, 4, 4, 2, 1, 1),
      new Extents(1, 8, 8, 56, 28, 4, 4, 2, 1, 1),
      new Extents(2, 7, 9, 18, 20, 4, 4, 2, 1, 1),
      new Extents(2, 14, 14, 28, 56, 1, 1, 1, 0, 1),
      new Extents(1, 7, 7, 112, 384, 1, 1, 1, 0, 1),
      new Extents(3, 7, 5, 18, 1, 1, 1, 1, 0, 1),
      new Extents(2, 28, 28, 28, 1, 1, 1, 1, 0, 1),
      // Many pixels.
      new Extents(3, 28, 28, 8, 9, 3, 3, 1, 1, 1),
      new Extents(17, 28, 28, 2, 3, 1, 1, 1, 0, 1),
      new Extents(3, 28, 28, 5, 5, 7, 7, 1, 3, 5),
      new Extents(18, 14, 14, 17, 17, 3, 3, 1, 1, 17),
      new Extents(3, 28, 28, 1, 7, 7, 7, 1, 3, 1),
      new Extents(3, 28, 28, 7, 1, 1, 1, 1, 0, 1),
      new Extents(1, 64, 64, 3, 20, 3, 3, 1, 1, 1),
      new Extents(1, 64, 64, 3, 20, 4, 4, 2, 1, 1),
      new Extents(1, 130, 128, 16, 3, 3, 3, 1, 1, 1),
      new Extents(40, 3, 3, 9, 11, 3, 3, 1, 1, 1),
      new Extents(9, 7, 7, 20, 33, 1, 1, 1, 0, 1),
      new Extents(5, 28, 28, 21, 37, 1, 1, 1, 0, 1),
      new Extents(9, 14, 14, 20, 150, 1, 1, 1, 0, 1),
      new Extents(1, 3, 150, 112, 5, 3, 3, 1, 1, 1),
      // Small and odd.
      new Extents(1, 1, 1, 1, 1, 1, 1, 1, 0, 1),
      new Extents(1, 1, 1, 5, 7, 1, 1, 1, 0, 1),
      new Extents(1, 1, 1, 3, 5, 3, 3, 1, 1, 1),
      new Extents(2, 2, 3, 5, 4, 7, 7, 1, 3, 1),
      new Extents(2, 2, 3, 7, 7, 7, 7, 1, 3, 7),
      new Extents(1, 1, 1, 9, 9, 7, 7, 1, 3, 9),
      new Extents(1, 1, 17, 3, 17, 3, 3, 1, 1, 1),
      new Extents(1, 17, 1, 17, 2, 3, 3, 1, 1, 1),
      new Extents(1, 3, 3, 4, 33, 3, 3, 1, 0, 1),
      new Extents(2, 5, 6, 4, 6, 2, 3, 1, 1, 1),
      new Extents(1, 6, 5, 3, 3, 5, 1, 1, 2, 1),
      new Extents(1, 6, 5, 6, 3, 3, 3, 1, 2, 1),
      new Extents(1, 4, 4, 3, 3, 1, 1, 1, 1, 1),
      new Extents(2, 11, 10, 5, 7, 3, 3, 3, 0, 1),
      new Extents(1, 12, 10, 5, 7, 2, 2, 3, 0, 1),
      new Extents(2, 9, 8, 6, 5, 1, 1, 2, 0, 1),
      new Extents(2, 9, 8, 6, 5, 3, 3, 2, 1, 1),
      new Extents(1, 10, 9, 3, 18, 4, 4, 4, 0, 1),
      new Extents(1, 13, 9, 2, 4, 5, 5, 3, 2, 1),
      // Groups.
      new Extents(2, 6, 7, 18, 28, 3, 3, 1, 1, 2),
      new Extents(2, 6, 7, 56, 56, 3, 3, 1, 1, 2),
      new Extents(1, 6, 7, 6, 4, 1, 1, 1, 0, 2),
      new Extents(1, 5, 5, 9, 6, 3, 3, 2, 1, 3),
      new Extents(1, 6, 6, 112, 112, 3, 3, 1, 1, 8),
      new Extents(2, 7, 6, 4, 8, 3, 3, 1, 1, 4),
      new Extents(2, 7, 6, 8, 4, 3, 3, 1, 1, 4),
      new Extents(2, 6, 6, 7, 7, 3, 3, 1, 1, 7),
      new Extents(1, 9, 9, 33, 33, 3, 3, 2, 1, 33),
      new Extents(1, 11, 8, 5, 5, 4, 4, 3, 1, 5),
      new Extents(1, 7, 8, 6, 6, 2, 2, 3, 0, 6),
      new Extents(1, 8, 8, 16, 16, 5, 5, 1, 2, 16),
      new Extents(1, 6, 6, 20, 20, 1, 1, 1, 0, 20),
    };
    int index = 0;
    for (Extents extents : table) {
      add(cases, extents, index++);
    }
    for (int optional = 0; optional < 4; optional++) {
      add(cases, new Extents(1, 6, 5, 7, 19, 3, 3, 1, 1, 1), optional);
      add(cases, new Extents(1, 6, 5, 19, 19, 3, 3, 1, 1, 19), optional);
      add(cases, new Extents(1, 6, 5, 28, 18, 1, 1, 1, 0, 1), optional);
      add(cases, new Extents(1, 6, 5, 1, 18, 3, 3, 1, 1, 1), optional);
      add(cases, new Extents(1, 6, 8, 18, 20, 4, 4, 2, 1, 1), optional);
      add(cases, new Extents(1, 3, 7, 5, 5, 3, 3, 1, 1, 5), optional);
      add(cases, new Extents(1, 3, 7, 5, 5, 5, 5, 1, 2, 5), optional);
    }
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 60; i++) {
      add(cases, draw(random), i);
    }
  }

  private static Extents draw(SplittableRandom random) {
    while (true) {
      int groups = random.nextInt(3) == 0 ? random.nextInt(1, 6) : 1;
      boolean depthwise = random.nextInt(4) == 0;
      int channels = random.nextInt(1, 24);
      Extents drawn =
          new Extents(
              random.nextInt(1, 4),
              random.nextInt(1, 14),
              random.nextInt(1, 14),
              depthwise ? channels : groups * random.nextInt(1, 12),
              depthwise ? channels : groups * random.nextInt(1, 12),
              random.nextInt(1, 8),
              random.nextInt(1, 8),
              random.nextInt(1, 4),
              random.nextInt(0, 4),
              depthwise ? channels : groups);
      if (drawn.exists()) {
        return drawn;
      }
    }
  }

  /** Forward and both gradients, with two of the optional tensors as the bits of a number say. */
  private static void add(Cases cases, Extents extents, int optional) {
    boolean first = (optional & 1) == 0;
    boolean second = (optional & 2) == 0;
    String name = extents + " case " + optional;
    cases.add(
        name + " forward" + (first ? " bias" : "") + (second ? " residual" : ""),
        run -> {
          Tensor input = run.input(extents.input().toArray());
          Tensor weight = run.input(extents.weight().toArray());
          Tensor bias = first ? run.input(extents.out) : null;
          Tensor residual = second ? run.input(extents.output().toArray()) : null;
          Tensor out = run.output("out", Tolerance.SUM, extents.output());
          run.on().convolution().forward(input, weight, bias, residual, extents.geometry(), out);
        });
    if (optional % 4 == 0) {
      cases.add(
          name + " forward residual in place",
          run -> {
            Tensor input = run.input(extents.input().toArray());
            Tensor weight = run.input(extents.weight().toArray());
            Tensor out = run.updated("out", Tolerance.SUM, extents.output().toArray());
            run.on().convolution().forward(input, weight, null, out, extents.geometry(), out);
          });
    }
    cases.add(
        name + " inputGrad" + (second ? " bias" : ""),
        run -> {
          Tensor dOut = run.input(extents.output().toArray());
          Tensor weight = run.input(extents.weight().toArray());
          Tensor bias = second ? run.input(extents.in) : null;
          Tensor dInput = run.output("dInput", Tolerance.SUM, extents.input());
          run.on().convolution().inputGrad(dOut, weight, bias, extents.geometry(), dInput);
        });
    cases.add(
        name + " weightGrad" + (first ? " bias" : ""),
        run -> {
          Tensor input = run.input(extents.input().toArray());
          Tensor dOut = run.input(extents.output().toArray());
          Tensor dWeight = run.updated("dWeight", Tolerance.SUM, extents.weight().toArray());
          Tensor dBias = first ? run.updated("dBias", Tolerance.SUM, extents.out) : null;
          run.on().convolution().weightGrad(input, dOut, extents.geometry(), dWeight, dBias);
        });
    cases.add(
        name + " gradients" + (first ? " bias" : ""),
        run -> {
          Tensor input = run.input(extents.input().toArray());
          Tensor weight = run.input(extents.weight().toArray());
          Tensor dOut = run.input(extents.output().toArray());
          Tensor dInput = run.output("dInput", Tolerance.SUM, extents.input());
          Tensor dWeight = run.updated("dWeight", Tolerance.SUM, extents.weight().toArray());
          Tensor dBias = first ? run.updated("dBias", Tolerance.SUM, extents.out) : null;
          run.on()
              .convolution()
              .gradients(input, weight, dOut, extents.geometry(), dInput, dWeight, dBias);
        });
  }
}
