package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import java.util.List;

final class GroupNormCases {
  private static final double EPSILON = 1e-5;

  /**
   * Means, products with them and activations: some roundings of numbers of the size of the
   * largest.
   */
  private static final Tolerance FORWARD = Tolerance.ofMaximum(2e-6);

  private static final Tolerance BACKWARD = Tolerance.ofMaximum(1e-5);

  private GroupNormCases() {}

  /** Which of the optional tensors are there. */
  private record Options(boolean channelBias, boolean scaleShift, boolean residual) {
    static Options of(int bits) {
      return new Options((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
    }

    @Override
    public String toString() {
      return (channelBias ? " channelBias" : "")
          + (scaleShift ? " scaleShift" : "")
          + (residual ? " residual" : "");
    }
  }

  static void addTo(Cases cases) {
    for (Activation pre : Activation.values()) {
      for (Activation post : Activation.values()) {
        for (int bits = 0; bits < 8; bits++) {
          add(cases, Shape.of(2, 5, 3, 18), new Spec(3, EPSILON, pre, post), Options.of(bits), 0);
        }
      }
    }
    int bits = 0;
    for (Shape shape :
        List.of(
            Shape.of(2, 28, 28, 28),
            Shape.of(2, 14, 14, 56),
            Shape.of(3, 7, 7, 112),
            Shape.of(5, 17, 23, 64),
            Shape.of(1, 64, 64, 6),
            Shape.of(1, 9, 7, 17),
            Shape.of(2, 16, 33),
            Shape.of(3, 112),
            Shape.of(19, 3, 8),
            Shape.of(1, 4, 1, 6),
            Shape.of(2, 2, 2, 2, 5),
            Shape.of(1, 13, 11, 1),
            Shape.of(2, 3, 5, 65))) {
      int channels = shape.dim(-1);
      for (int groups = 1; groups <= channels; groups++) {
        // A group of few numbers may have hardly any variance, and amplifies rounding errors
        // without bound.
        int size = shape.size() / shape.dim(0) / groups;
        if (channels % groups == 0 && size >= 4 && (groups < 9 || groups == channels)) {
          add(
              cases,
              shape,
              new Spec(groups, EPSILON, Activation.NONE, Activation.NONE),
              Options.of(bits++ % 8),
              0);
          add(
              cases,
              shape,
              new Spec(groups, EPSILON, Activation.NONE, Activation.SILU),
              Options.of(bits++ % 8),
              0);
          add(
              cases,
              shape,
              new Spec(groups, EPSILON, Activation.GELU, Activation.NONE),
              Options.of(bits++ % 8),
              0);
        }
      }
    }
    // A mean much larger than the deviation: the variance must not be a difference of large
    // squares.
    add(
        cases,
        Shape.of(2, 14, 14, 28),
        new Spec(1, EPSILON, Activation.NONE, Activation.NONE),
        Options.of(0),
        100);
    add(
        cases,
        Shape.of(2, 14, 14, 28),
        new Spec(4, EPSILON, Activation.NONE, Activation.SILU),
        Options.of(7),
        100);
  }

  private static void add(Cases cases, Shape shape, Spec spec, Options options, double mean) {
    int images = shape.dim(0);
    int channels = shape.dim(-1);
    // Single precision holds x only to 6e-8 of the mean.
    double lost = 3e-7 * mean;
    cases.add(
        "groupNorm " + shape + " " + spec + options + " mean " + mean,
        run -> {
          Tensor x = run.input(shape, random -> mean + random.nextGaussian());
          Tensor channelBias = options.channelBias ? run.input(images, channels) : null;
          Tensor gamma = run.input(channels);
          Tensor beta = run.input(channels);
          Tensor scaleShift = options.scaleShift ? run.input(images, 2 * channels) : null;
          Tensor residual = options.residual ? run.input(shape.toArray()) : null;
          Tensor means = run.output("mean", FORWARD.plusAbsolute(2e-7), images, spec.groups());
          Tensor rstd = run.output("rstd", FORWARD.plusAbsolute(lost), images, spec.groups());
          run.on()
              .groupNorm()
              .forward(
                  x,
                  channelBias,
                  gamma,
                  beta,
                  scaleShift,
                  residual,
                  spec,
                  run.output("out", FORWARD.plusAbsolute(10 * lost), shape),
                  means,
                  rstd);
          Tolerance backward = BACKWARD.plusAbsolute(100 * lost);
          run.on()
              .groupNorm()
              .backward(
                  x,
                  channelBias,
                  gamma,
                  beta,
                  scaleShift,
                  spec,
                  means,
                  rstd,
                  run.input(shape.toArray()),
                  run.output("dX", backward, shape),
                  // Of a normalised tensor these sums are close to zero: differences of larger
                  // numbers.
                  options.channelBias
                      ? run.output("dChannelBias", backward.plusAbsolute(2e-4), images, channels)
                      : null,
                  // A sum that happens to be close to zero has the rounding errors of its terms.
                  run.updated("dGamma", backward.plusAbsolute(5e-6), channels),
                  run.updated("dBeta", backward, channels),
                  options.scaleShift
                      ? run.output("dScaleShift", backward, images, 2 * channels)
                      : null);
        });
  }
}
