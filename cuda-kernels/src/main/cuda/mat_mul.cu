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
#include "gemm.cuh"

template <class T>
__device__ __forceinline__ void matMul(const float* a, const float* b, const float* bias,
                                       const float* residual, float* out, int m, int n, int k,
                                       int transposeA, int transposeB, long long nextA,
                                       long long nextB, int batch, int pieces, int piece) {
  int block = blockIdx.x;
  int columnTiles = tilesFor(n, T::BN);
  int rowTiles = tilesFor(m, T::BM);
  int firstColumn = block % columnTiles * T::BN;
  block /= columnTiles;
  int firstRow = block % rowTiles * T::BM;
  block /= rowTiles;
  int cut = block % pieces;
  int product = block / pieces;
  int firstK = cut * piece;
  int endK = min(k, firstK + piece);
  Matrix<T, T::BM> left(
      a + product * nextA, transposeA ? m : k, !transposeA, firstRow, m, firstK, endK);
  Matrix<T, T::BN> right(
      b + product * nextB, transposeB ? k : n, transposeB, firstColumn, n, firstK, endK);
  long long result = (static_cast<long long>(cut) * batch + product) * m * n;
  auto offset = [=](int row) { return row * n; };
  float sum[T::TM][T::TN];
  begin<T>(sum, firstRow, m, firstColumn, n, offset, bias,
           residual == nullptr ? nullptr : residual + result);
  multiply<T>(left, right, tilesFor(endK - firstK, T::BK), sum);
  finish<T>(sum, firstRow, m, firstColumn, n, offset, out + result);
}

// nextA and nextB: elements from one product's matrix to the next one's; 0 if all share one.
// pieces, piece: how many parts K is cut into, and the extent of each.
#define MAT_MUL(NAME, TILE)                                                                       \
  extern "C" __global__ void __launch_bounds__(TILE::THREADS, TILE::BLOCKS) NAME(                               \
      const float* a, const float* b, const float* bias, const float* residual, float* out,       \
      int m, int n, int k, int transposeA, int transposeB, long long nextA, long long nextB,      \
      int batch, int pieces, int piece) {                                                         \
    matMul<TILE>(a, b, bias, residual, out, m, n, k, transposeA, transposeB, nextA, nextB, batch, \
                 pieces, piece);                                                                  \
  }

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
