package dev.jdiffusion.cuda.vendor;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;

/**
 * cuDNN at work in one stream of one device, whose context is current in the thread that calls.
 * Numbers of its types are as in NVIDIA's {@code cudnn_ops.h} and {@code cudnn_cnn.h}, versions 8
 * and 9.
 */
public interface Cudnn {
  /** {@code CUDNN_DATA_FLOAT}. */
  int FLOAT = 0;

  /** {@code CUDNN_TENSOR_NHWC}; of a filter it means [out][kh][kw][in]. */
  int NHWC = 1;

  /** {@code CUDNN_CROSS_CORRELATION}. */
  int CROSS_CORRELATION = 1;

  /** {@code CUDNN_DETERMINISTIC}. */
  int DETERMINISTIC = 1;

  /** More algorithms than cuDNN has for any pass. */
  int MOST_ALGORITHMS = 16;

  /** Which of a convolution's three tensors is computed from the other two. */
  enum Pass {
    FORWARD("Forward"),
    INPUT_GRAD("BackwardData"),
    WEIGHT_GRAD("BackwardFilter");

    private final String suffix;

    Pass(String suffix) {
      this.suffix = suffix;
    }

    /** cuDNN's function. */
    public String function() {
      return "cudnnConvolution" + suffix;
    }

    /** cuDNN's function that tells something about it. */
    public String function(String what) {
      return "cudnnGetConvolution" + suffix + what;
    }

    /** What belongs to input, weight and output, in the order in which cuDNN takes it. */
    public <T> Ordered<T> order(T x, T w, T y) {
      return switch (this) {
        case FORWARD -> new Ordered<>(x, w, y);
        case INPUT_GRAD -> new Ordered<>(w, y, x);
        case WEIGHT_GRAD -> new Ordered<>(x, y, w);
      };
    }
  }

  /** Of the two tensors that are given and of the one that is computed. */
  record Ordered<T>(T first, T second, T result) {}

  /** What cuDNN has to be told about a convolution, as {@code Convolution} names it. */
  record Window(
      int images,
      int height,
      int width,
      int channels,
      int outHeight,
      int outWidth,
      int outChannels,
      int kh,
      int kw,
      Geometry geometry,
      Precision precision) {
    /** Input channels of one group, which is what a filter sees. */
    public int inGroup() {
      return channels / geometry.groups();
    }

    /**
     * {@code cudnnMathType_t}. By default cuDNN may round floats to TF32; it does not round them to
     * bfloat16.
     */
    public int mathType() {
      return precision == Precision.FP32 ? 3 : 0; // CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH
    }

    @Override
    public String toString() {
      return "input [%d, %d, %d, %d], weight [%d, %d, %d, %d], stride %d, padding %d, groups %d, %s"
          .formatted(
              images,
              height,
              width,
              channels,
              kh,
              kw,
              inGroup(),
              outChannels,
              geometry.stride(),
              geometry.padding(),
              geometry.groups(),
              precision);
    }
  }

  /** A convolution that cuDNN was told of. */
  interface Prepared {
    /** Algorithms that give the same bits each time, the fastest first, as cuDNN estimates it. */
    int[] algorithms(Pass pass);

    /** Bytes of device memory that an algorithm works in, or -1 if it cannot be used here. */
    long workspaceBytes(Pass pass, int algorithm);

    /**
     * Computes one of three tensors from the other two: {@code y} forward, {@code x} or {@code w}
     * in a gradient.
     *
     * @param x address of [N, H, W, Ci]
     * @param w address of [Co, kh, kw, Ci / groups]
     * @param y address of [N, Ho, Wo, Co]
     * @param beta what the result's old numbers count; 0 if they are not read
     * @throws GpuException with the call, the convolution and cuDNN's words
     */
    void run(
        Pass pass, int algorithm, long x, long w, long y, long workspace, long bytes, float beta);
  }

  /**
   * Describes a convolution to cuDNN, for as long as the process runs.
   *
   * @throws GpuException if cuDNN does not take it
   */
  Prepared prepare(Window window);
}
