package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Upsampling;

/** Nearest-neighbour upsampling: a task is one row of pixels of the smaller image. */
final class CpuUpsampling implements Upsampling {
  private final Workers workers;

  CpuUpsampling(Workers workers) {
    this.workers = workers;
  }

  @Override
  public void forward(Tensor input, int factor, Tensor out) {
    int width = input.dim(2);
    int channels = input.dim(3);
    int run = width * factor * channels;
    float[] from = FloatStorage.array(input);
    float[] to = FloatStorage.array(out);
    workers.run(
        input.dim(0) * input.dim(1),
        out.size(),
        row -> {
          int source = input.offset() + row * width * channels;
          int target = out.offset() + row * factor * run;
          for (int i = 0; i < width * factor; i++) {
            System.arraycopy(
                from, source + i / factor * channels, to, target + i * channels, channels);
          }
          for (int copy = 1; copy < factor; copy++) {
            System.arraycopy(to, target, to, target + copy * run, run);
          }
        });
  }

  @Override
  public void backward(Tensor dOut, int factor, Tensor dInput) {
    int width = dInput.dim(2);
    int channels = dInput.dim(3);
    int run = width * factor * channels;
    float[] from = FloatStorage.array(dOut);
    float[] to = FloatStorage.array(dInput);
    workers.run(
        dInput.dim(0) * dInput.dim(1),
        dOut.size(),
        row -> {
          for (int x = 0; x < width; x++) {
            int target = dInput.offset() + (row * width + x) * channels;
            int corner = dOut.offset() + row * factor * run + x * factor * channels;
            System.arraycopy(from, corner, to, target, channels);
            for (int i = 1; i < factor * factor; i++) {
              int source = corner + i / factor * run + i % factor * channels;
              ArithmeticLoops.add(to, target, from, source, to, target, channels);
            }
          }
        });
  }
}
