// Moving elements: concat, slice, permute.
//
// A thread for each element that is written; neighbouring threads write neighbours. What is read is
// in neighbouring places too, but for a permutation that moves the innermost axis. That one goes
// through shared memory in tiles: read along rows, written along columns.
//
// No tensor has more than 2^31 elements, so offsets fit in 32 bits.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int TILE = 32;

// rows runs of elements, from rows fromStride apart to rows toStride apart: both concat and slice.
extern "C" __global__ void __launch_bounds__(THREADS) layout_copy_rows(
    const float* __restrict__ from,
    float* __restrict__ to,
    int n,
    int run,
    int fromStride,
    int toStride) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    unsigned row = i / (unsigned)run;
    unsigned column = i - row * run;
    to[row * (unsigned)toStride + column] = from[row * (unsigned)fromStride + column];
  }
}

// dx [outer, extent, inner] = 0 but for elements start .. start + length - 1 of the middle axis,
// which are dy's.
extern "C" __global__ void __launch_bounds__(THREADS) layout_slice_grad(
    const float* __restrict__ dy,
    float* __restrict__ dx,
    int n,
    int extent,
    int inner,
    int start,
    int length) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    unsigned row = i / (unsigned)inner;
    unsigned outer = row / (unsigned)extent;
    int along = (int)(row - outer * extent) - start;
    bool inside = along >= 0 && along < length;
    dx[i] = inside ? dy[(outer * length + along) * inner + (i - row * inner)] : 0.0f;
  }
}

// out [batch, columns, rows] = x [batch, rows, columns] with the last two axes exchanged. A block of
// 32 x 8 threads moves a tile of 32 x 32. The tile's rows are 33 long in shared memory: with 32 all
// elements of a column would lie in one bank.
extern "C" __global__ void __launch_bounds__(THREADS) layout_transpose(
    const float* __restrict__ x, float* __restrict__ out, int rows, int columns) {
  __shared__ float tile[TILE][TILE + 1];
  unsigned matrix = blockIdx.z * rows * columns;
  int column = blockIdx.x * TILE + threadIdx.x;
#pragma unroll
  for (int k = threadIdx.y; k < TILE; k += THREADS / TILE) {
    int row = blockIdx.y * TILE + k;
    if (row < rows && column < columns) {
      tile[k][threadIdx.x] = x[matrix + row * columns + column];
    }
  }
  __syncthreads();
  int row = blockIdx.y * TILE + threadIdx.x;
#pragma unroll
  for (int k = threadIdx.y; k < TILE; k += THREADS / TILE) {
    int target = blockIdx.x * TILE + k;
    if (row < rows && target < columns) {
      out[matrix + target * rows + row] = tile[threadIdx.x][k];
    }
  }
}

// out [.., e1, e2, e3, e4], whose axes lie s0 .. s4 apart in x.
extern "C" __global__ void __launch_bounds__(THREADS) layout_gather(
    const float* __restrict__ x,
    float* __restrict__ out,
    int n,
    int e1,
    int e2,
    int e3,
    int e4,
    int s0,
    int s1,
    int s2,
    int s3,
    int s4) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    unsigned i3 = i / (unsigned)e4;
    unsigned i2 = i3 / (unsigned)e3;
    unsigned i1 = i2 / (unsigned)e2;
    unsigned i0 = i1 / (unsigned)e1;
    out[i] = x[i0 * s0 + (i1 - i0 * e1) * s1 + (i2 - i1 * e2) * s2 + (i3 - i2 * e3) * s3
        + (i - i3 * e4) * s4];
  }
}
