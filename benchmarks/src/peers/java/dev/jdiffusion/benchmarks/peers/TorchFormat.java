package dev.jdiffusion.benchmarks.peers;

import dev.jdiffusion.benchmarks.work.Workload;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How libtorch's pictures lie in memory. Their shape is always [N, C, H, W], that of convolution
 * weights [out, in, kh, kw]; this turns our arrays into them and back.
 */
enum TorchFormat {
  CONTIGUOUS(torch.MemoryFormat.Contiguous),
  CHANNELS_LAST(torch.MemoryFormat.ChannelsLast);

  private final torch.MemoryFormat format;

  TorchFormat(torch.MemoryFormat format) {
    this.format = format;
  }

  /** The input called {@code name}, in the shape that our layout has. */
  static Tensor input(String name, long... shape) {
    long size = 1;
    for (long extent : shape) {
      size *= extent;
    }
    return tensor(Workload.values(name, Math.toIntExact(size)), shape);
  }

  /** A copy of {@code values}. */
  static Tensor tensor(float[] values, long... shape) {
    try (PointerScope _ = new PointerScope()) {
      return torch.from_blob(new FloatPointer(values), shape).clone().retainReference();
    }
  }

  /** The input called {@code name} [N, H, W, C] as pictures. */
  Tensor pictures(String name, long n, long height, long width, long channels) {
    return inFormat(input(name, n, height, width, channels).permute(0, 3, 1, 2));
  }

  /** A weight [kh, kw, in, out] as a convolution wants it. */
  Tensor weight(Tensor ours) {
    return inFormat(ours.permute(3, 2, 0, 1));
  }

  /** A picture or weight with its elements in this order; itself if they are. */
  Tensor inFormat(Tensor x) {
    return x.contiguous(format);
  }

  /** The elements of pictures in our order. */
  static float[] pictureValues(Tensor pictures) {
    try (PointerScope _ = new PointerScope()) {
      return values(pictures.permute(0, 2, 3, 1));
    }
  }

  /** The elements of a convolution's weight in our order. */
  static float[] weightValues(Tensor weight) {
    try (PointerScope _ = new PointerScope()) {
      return values(weight.permute(2, 3, 1, 0));
    }
  }

  /** The elements, row-major. */
  static float[] values(Tensor x) {
    try (PointerScope _ = new PointerScope()) {
      Tensor dense = x.contiguous();
      float[] values = new float[Math.toIntExact(dense.numel())];
      dense.data_ptr_float().get(values);
      return values;
    }
  }
}
