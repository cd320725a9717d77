package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.autograd.ops.Pooling;
import dev.jdiffusion.autograd.ops.Upsampling;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import java.util.ArrayList;
import java.util.List;

/** Convolution, pooling and upsampling. */
final class ConvolutionCases {
  private ConvolutionCases() {}

  private record Layer(int[] input, int window, int outputs, int stride, int padding, int groups) {
    Geometry geometry() {
      return new Geometry(stride, padding, groups);
    }

    int outputExtent(int axis) {
      return (input[axis] + 2 * padding - window) / stride + 1;
    }

    @Override
    public String toString() {
      return Input.normal(input).shape()
          + " to "
          + outputs
          + " channels, window "
          + window
          + ", stride "
          + stride
          + ", padding "
          + padding
          + ", groups "
          + groups;
    }
  }

  private static final List<Layer> LAYERS =
      List.of(
          new Layer(new int[] {2, 5, 4, 3}, 3, 2, 1, 1, 1),
          new Layer(new int[] {1, 5, 5, 2}, 3, 3, 1, 0, 1),
          new Layer(new int[] {1, 6, 7, 2}, 4, 3, 2, 1, 1),
          new Layer(new int[] {1, 5, 6, 2}, 3, 2, 2, 1, 1),
          new Layer(new int[] {2, 3, 3, 3}, 1, 4, 1, 0, 1),
          new Layer(new int[] {1, 5, 5, 2}, 1, 2, 2, 0, 1),
          new Layer(new int[] {1, 4, 5, 4}, 3, 6, 1, 1, 2),
          new Layer(new int[] {1, 5, 5, 3}, 3, 3, 1, 1, 3),
          new Layer(new int[] {1, 4, 4, 2}, 7, 2, 1, 3, 2),
          new Layer(new int[] {1, 5, 4, 2}, 3, 4, 2, 1, 2),
          new Layer(new int[] {1, 1, 1, 1}, 3, 1, 1, 1, 1),
          new Layer(new int[] {1, 2, 2, 1}, 2, 1, 3, 2, 1));

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (Layer layer : LAYERS) {
      addConvolution(cases, layer);
      addTransposed(cases, layer);
    }
    for (Window window :
        List.of(
            new Window(2, 2, 0), new Window(3, 2, 1), new Window(3, 1, 1), new Window(1, 1, 0))) {
      for (int[] shape : new int[][] {{2, 4, 5, 3}, {1, 3, 3, 1}}) {
        Input x = Input.of(Input.Kind.DISTINCT, shape);
        String name = " " + x.shape() + " " + window;
        cases.add(
            GradientCase.of("maxPool2d" + name, in -> Pooling.maxPool2d(in.get(0), window), x));
        cases.add(
            GradientCase.of(
                "averagePool2d" + name, in -> Pooling.averagePool2d(in.get(0), window), x));
      }
    }
    for (int factor : new int[] {1, 2, 3}) {
      cases.add(
          GradientCase.of(
              "upsampleNearest by " + factor,
              in -> Upsampling.upsampleNearest(in.get(0), factor),
              Input.normal(2, 3, 1, 3)));
    }
    return cases;
  }

  private static void addConvolution(List<GradientCase> cases, Layer layer) {
    int[] shape = layer.input();
    Geometry geometry = layer.geometry();
    Input x = Input.normal(shape);
    Input weight =
        Input.normal(layer.window(), layer.window(), shape[3] / layer.groups(), layer.outputs());
    Input bias = Input.normal(layer.outputs());
    Input residual =
        Input.normal(shape[0], layer.outputExtent(1), layer.outputExtent(2), layer.outputs());
    String name = "conv2d " + layer;
    cases.add(
        GradientCase.of(
            name,
            in -> Convolution.conv2d(in.get(0), in.get(1), in.get(2), geometry),
            x,
            weight,
            bias));
    cases.add(
        GradientCase.of(
            name + ", no bias",
            in -> Convolution.conv2d(in.get(0), in.get(1), null, geometry),
            x,
            weight));
    cases.add(
        GradientCase.of(
            name + ", residual",
            in -> Convolution.conv2d(in.get(0), in.get(1), in.get(2), in.get(3), geometry),
            x,
            weight,
            bias,
            residual));
    cases.add(
        GradientCase.of(
            name + ", residual, no bias",
            in -> Convolution.conv2d(in.get(0), in.get(1), null, in.get(2), geometry),
            x,
            weight,
            residual));
  }

  private static void addTransposed(List<GradientCase> cases, Layer layer) {
    int[] shape = layer.input();
    int transposedExtent =
        (Math.min(shape[1], shape[2]) - 1) * layer.stride() - 2 * layer.padding() + layer.window();
    if (transposedExtent < 1 || shape[3] % layer.groups() != 0) {
      return;
    }
    Geometry geometry = layer.geometry();
    Input x = Input.normal(shape);
    Input weight =
        Input.normal(layer.window(), layer.window(), layer.outputs() / layer.groups(), shape[3]);
    Input bias = Input.normal(layer.outputs());
    for (int extra = 0; extra < layer.stride(); extra++) {
      int outputPadding = extra;
      String name = "convTranspose2d " + layer + ", output padding " + extra;
      cases.add(
          GradientCase.of(
              name,
              in ->
                  Convolution.convTranspose2d(
                      in.get(0), in.get(1), in.get(2), geometry, outputPadding),
              x,
              weight,
              bias));
      cases.add(
          GradientCase.of(
              name + ", no bias",
              in ->
                  Convolution.convTranspose2d(in.get(0), in.get(1), null, geometry, outputPadding),
              x,
              weight));
    }
  }
}
