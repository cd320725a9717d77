// Sums over axes, as sums [outer, extent, inner] -> [outer, inner], and the sum of squares.
//
// The order of the additions depends on the shape alone, never on which block ends first: a long
// sum is cut into chunks of a fixed length, every block writes the sum of its chunk to its own place
// (no atomics), and a second launch adds these up. Within a block each thread adds up a fixed set of
// elements, and the threads' sums meet in a fixed tree.
#include "common.cuh"

constexpr int THREADS = 256;

// inner = 1: sums of contiguous elements. A block for each chunk of each row;
// out[row * chunks + chunk].
extern "C" __global__ void __launch_bounds__(THREADS) reduction_rows(
    const float* __restrict__ x,
    float* __restrict__ out,
    int extent,
    int chunk,
    int chunks,
    int accumulate) {
  unsigned row = blockIdx.x / chunks;
  unsigned first = (blockIdx.x - row * chunks) * chunk;
  unsigned end = min(first + chunk, (unsigned)extent);
  const float* from = x + (long long)row * extent;
  float sum = 0.0f;
  for (unsigned i = first + threadIdx.x; i < end; i += THREADS) {
    sum += from[i];
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    out[blockIdx.x] = accumulate ? out[blockIdx.x] + sum : sum;
  }
}

// The same for short rows: a warp for each, so that no thread idles through a block's barriers.
extern "C" __global__ void __launch_bounds__(THREADS) reduction_short_rows(
    const float* __restrict__ x, float* __restrict__ out, int rows, int extent, int accumulate) {
  unsigned row = blockIdx.x * (THREADS / jd::WARP) + threadIdx.x / jd::WARP;
  if (row >= (unsigned)rows) {
    return;
  }
  unsigned lane = threadIdx.x % jd::WARP;
  const float* from = x + (long long)row * extent;
  float sum = 0.0f;
  for (unsigned i = lane; i < (unsigned)extent; i += jd::WARP) {
    sum += from[i];
  }
  sum = jd::warp_sum(sum);
  if (lane == 0) {
    out[row] = accumulate ? out[row] + sum : sum;
  }
}

// inner > 1: sums down columns. A block takes 32 neighbouring columns of a chunk; its thread (x, y)
// adds up rows y, y + 8, .. of column x, so that each of the eight warps reads 32 neighbours, and the
// eight partial sums of a column meet in shared memory.
// out[(outer * chunks + chunk) * inner + column].
extern "C" __global__ void __launch_bounds__(THREADS) reduction_columns(
    const float* __restrict__ x,
    float* __restrict__ out,
    int extent,
    int inner,
    int chunk,
    int chunks,
    int accumulate) {
  constexpr int ROWS = THREADS / jd::WARP;
  __shared__ float sums[ROWS][jd::WARP];
  unsigned tiles = (inner + jd::WARP - 1) / jd::WARP;
  unsigned part = blockIdx.x / tiles;
  unsigned column = (blockIdx.x - part * tiles) * jd::WARP + threadIdx.x;
  unsigned outer = part / chunks;
  unsigned first = (part - outer * chunks) * chunk;
  unsigned end = min(first + chunk, (unsigned)extent);
  float sum = 0.0f;
  if (column < (unsigned)inner) {
    const float* from = x + (long long)outer * extent * inner + column;
    for (unsigned row = first + threadIdx.y; row < end; row += ROWS) {
      sum += from[(long long)row * inner];
    }
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y == 0 && column < (unsigned)inner) {
#pragma unroll
    for (int row = 1; row < ROWS; row++) {
      sum += sums[row][threadIdx.x];
    }
    float* to = out + (long long)part * inner + column;
    *to = accumulate ? *to + sum : sum;
  }
}

// Squares of floats are exact in double precision. A block for 4,096 elements.
extern "C" __global__ void __launch_bounds__(THREADS)
    reduction_squares(const float* __restrict__ x, double* __restrict__ partial, int n) {
  constexpr int PER_THREAD = 16;
  unsigned first = blockIdx.x * (THREADS * PER_THREAD) + threadIdx.x;
  double sum = 0;
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    unsigned i = first + k * THREADS;
    if (i < (unsigned)n) {
      double value = x[i];
      sum = fma(value, value, sum);
    }
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
  }
}

// One block adds up the partial sums.
extern "C" __global__ void __launch_bounds__(THREADS) reduction_doubles(
    const double* __restrict__ partial, double* __restrict__ out, int count) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) {
    sum += partial[i];
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    *out = sum;
  }
}
