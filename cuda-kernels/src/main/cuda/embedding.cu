// Rows of a table, chosen by index.
//
// Backward adds rows that may go to the same place. Instead of atomics, whose order differs from run
// to run, the host sorts the positions by their index (it holds the indices anyway): a block then
// owns a row of the table, and adds what belongs there in the order of the positions.
#include "common.cuh"

constexpr int THREADS = 128;

// A block for each index; its threads copy the row.
extern "C" __global__ void __launch_bounds__(THREADS) embedding_forward(
    const float* __restrict__ table,
    const int* __restrict__ indices,
    float* __restrict__ out,
    int width) {
  const float* from = table + (long long)indices[blockIdx.x] * width;
  float* to = out + (long long)blockIdx.x * width;
  for (int i = threadIdx.x; i < width; i += THREADS) {
    to[i] = from[i];
  }
}

// Block b owns row rows[b] of the table, which gets the rows positions[starts[b]] ..
// positions[starts[b + 1] - 1] of dOut.
extern "C" __global__ void __launch_bounds__(THREADS) embedding_backward(
    const float* __restrict__ dOut,
    const int* __restrict__ rows,
    const int* __restrict__ starts,
    const int* __restrict__ positions,
    float* __restrict__ dTable,
    int width) {
  int start = starts[blockIdx.x];
  int end = starts[blockIdx.x + 1];
  float* to = dTable + (long long)rows[blockIdx.x] * width;
  for (int i = threadIdx.x; i < width; i += THREADS) {
    float sum = to[i];
    for (int k = start; k < end; k++) {
      sum += dOut[(long long)positions[k] * width + i];
    }
    to[i] = sum;
  }
}
