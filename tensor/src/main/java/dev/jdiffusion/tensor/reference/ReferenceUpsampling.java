package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Upsampling;

final class ReferenceUpsampling implements Upsampling {
  @Override
  public void forward(Tensor input, int factor, Tensor out) {
    Values in = Values.of(input);
    Values result = Values.of(out);
    for (int n = 0; n < out.dim(0); n++) {
      for (int y = 0; y < out.dim(1); y++) {
        for (int x = 0; x < out.dim(2); x++) {
          for (int c = 0; c < out.dim(3); c++) {
            result.set(n, y, x, c, in.get(n, y / factor, x / factor, c));
          }
        }
      }
    }
  }

  @Override
  public void backward(Tensor dOut, int factor, Tensor dInput) {
    Values d = Values.of(dOut);
    Values result = Values.of(dInput);
    for (int n = 0; n < dInput.dim(0); n++) {
      for (int y = 0; y < dInput.dim(1); y++) {
        for (int x = 0; x < dInput.dim(2); x++) {
          for (int c = 0; c < dInput.dim(3); c++) {
            double sum = 0;
            for (int i = 0; i < factor; i++) {
              for (int j = 0; j < factor; j++) {
                sum += d.get(n, y * factor + i, x * factor + j, c);
              }
            }
            result.set(n, y, x, c, sum);
          }
        }
      }
    }
  }
}
