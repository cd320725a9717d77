// What the arithmetic can do at best: chains of multiply-adds in registers. Each thread keeps four
// chains, so that a multiply-add need not wait for the one before; each block row (y) computes a
// copy of its own, as many as fill the device.
#include "common.cuh"

constexpr int THREADS = 128;
constexpr int PER_THREAD = 4;

// out[copy * n + i] = x[i] after rounds of x = fma(x, -2, x)
extern "C" __global__ void __launch_bounds__(THREADS)
    probe_multiply_adds(const float* __restrict__ x, float* __restrict__ out, int rounds, int n) {
  int first = blockIdx.x * (THREADS * PER_THREAD) + threadIdx.x;
  float chain[PER_THREAD];
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    int i = first + k * THREADS;
    chain[k] = i < n ? x[i] : 0.0f;
  }
  for (int round = 0; round < rounds; round++) {
#pragma unroll
    for (int k = 0; k < PER_THREAD; k++) {
      chain[k] = __fmaf_rn(chain[k], -2.0f, chain[k]);
    }
  }
  float* copy = out + (long long)blockIdx.y * n;
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    int i = first + k * THREADS;
    if (i < n) {
      copy[i] = chain[k];
    }
  }
}
