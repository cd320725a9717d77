package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Maximum and average over square windows, NHWC. */
public interface Pooling {
  /** Which statistic of the window. */
  enum Kind {
    /**
     * The largest element, NaN if there is one; the gradient goes to the first of equal ones, in
     * row-major order. Which element of a window with NaN gets it is not defined.
     */
    MAX,
    /** The mean over the whole window, padding counted as zeros. */
    AVERAGE
  }

  /**
   * The window.
   *
   * @param size extent in both directions
   * @param stride step in both directions
   * @param padding rows and columns around the input, at most half of size; never the maximum
   */
  record Window(int size, int stride, int padding) {
    public Window {
      if (size < 1 || stride < 1 || padding < 0 || padding > size / 2) {
        throw new IllegalArgumentException(
            "pooling: size "
                + size
                + ", stride "
                + stride
                + ", padding "
                + padding
                + " are out of range (padding is at most half of size)");
      }
    }
  }

  /**
   * @param input {@code [N, H, W, C]}
   * @param out {@code [N, Ho, Wo, C]}
   */
  void forward(Kind kind, Tensor input, Window window, Tensor out);

  /**
   * @param input {@code [N, H, W, C]}, read by MAX only
   * @param dOut {@code [N, Ho, Wo, C]}
   * @param dInput {@code [N, H, W, C]}
   */
  void backward(Kind kind, Tensor input, Tensor dOut, Window window, Tensor dInput);

  /** The shape of the result. */
  static Shape check(Tensor input, Window window) {
    Checks.rank("pooling", "input [N, H, W, C]", input, 4);
    int height = input.dim(1) + 2 * window.padding() - window.size();
    int width = input.dim(2) + 2 * window.padding() - window.size();
    Checks.require(
        height >= 0 && width >= 0,
        "pooling",
        "window of " + window.size() + " is larger than the padded input " + input.shape());
    return Shape.of(
        input.dim(0), height / window.stride() + 1, width / window.stride() + 1, input.dim(3));
  }
}
