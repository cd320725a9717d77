// The kernel of mat_mul.cu and mat_mul_tensor.cu, for any tile.
#pragma once

#include "gemm.cuh"

template <class T>
__device__ __forceinline__ void matMul(const typename T::Element* a, const typename T::Element* b,
                                       const float* bias, const float* residual, float* out, int m,
                                       int n, int k, int transposeA, int transposeB,
                                       long long nextA, long long nextB, int batch, int pieces,
                                       int piece) {
  if constexpr (T::STAGES > 2) {
    transposeA = !T::LEFT_ALONG_K;
    transposeB = T::RIGHT_ALONG_K;
  }
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
  extern "C" __global__ void __launch_bounds__(TILE::THREADS, TILE::BLOCKS) NAME(                 \
      const TILE::Element* a, const TILE::Element* b, const float* bias,                          \
      const float* residual, float* out, int m, int n, int k, int transposeA, int transposeB,     \
      long long nextA, long long nextB, int batch, int pieces, int piece) {                       \
    matMul<TILE>(a, b, bias, residual, out, m, n, k, transposeA, transposeB, nextA, nextB, batch, \
                 pieces, piece);                                                                  \
  }
