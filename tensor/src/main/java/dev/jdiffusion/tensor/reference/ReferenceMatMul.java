package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.MatMul;
import org.jspecify.annotations.Nullable;

final class ReferenceMatMul implements MatMul {
  @Override
  public void matMul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Tensor out) {
    int batch = out.shape().rank() == 3 ? out.dim(0) : 1;
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = a.dim(transposeA ? -2 : -1);
    boolean oneA = a.shape().rank() == 2;
    boolean oneB = b.shape().rank() == 2;
    Values left = Values.of(a);
    Values right = Values.of(b);
    @Nullable Values offset = bias == null ? null : Values.of(bias);
    @Nullable Values addend = residual == null ? null : Values.of(residual);
    Values result = Values.of(out);
    for (int image = 0; image < batch; image++) {
      int imageA = oneA ? 0 : image;
      int imageB = oneB ? 0 : image;
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          if (offset != null) {
            sum += offset.get(j);
          }
          if (addend != null) {
            sum += addend.get(image, i, j);
          }
          for (int p = 0; p < k; p++) {
            double l = transposeA ? left.get(imageA, p, i) : left.get(imageA, i, p);
            double r = transposeB ? right.get(imageB, j, p) : right.get(imageB, p, j);
            sum += l * r;
          }
          result.set(image, i, j, sum);
        }
      }
    }
  }
}
