// Matrix products in single precision: out = op(A) op(B) (+ bias) (+ residual), one or a batch.
//
// A block computes one tile of one product (see gemm.cuh); blocks are numbered column tile first,
// then row tile, then piece of K, then product, so that neighbours share rows of A. A transposed
// operand differs only in which axis is contiguous, which the loader is told at run time: it is one
// uniform branch per slice against hundreds of multiplications.
//
// Where K is long and the result small, K is cut into pieces whose sums go to a workspace
// [pieces][products][M][N]; mat_mul_finish adds them in their order. The cut depends on the shapes
// alone, so the bits are always the same.
#include "mat_mul.cuh"

MAT_MUL(mat_mul_large4, Large4)
MAT_MUL(mat_mul_medium4, Medium4)
MAT_MUL(mat_mul_medium1, Medium1)
MAT_MUL(mat_mul_tall4, Tall4)
MAT_MUL(mat_mul_tall1, Tall1)
MAT_MUL(mat_mul_small1, Small1)

// A thread for each element of the result.
extern "C" __global__ void __launch_bounds__(256) mat_mul_finish(
    const float* __restrict__ partial, int pieces, int size, int n,
    const float* __restrict__ bias, const float* residual, float* out) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= size) {
    return;
  }
  float sum = bias == nullptr ? 0.0f : bias[i % n];
  if (residual != nullptr) {
    sum += residual[i];
  }
  for (int piece = 0; piece < pieces; piece++) {
    sum += partial[static_cast<long long>(piece) * size + i];
  }
  out[i] = sum;
}
