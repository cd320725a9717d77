// Mean losses between a prediction and a target.
//
// The penalties of 4,096 elements meet in one block, in double precision; one more block adds up the
// blocks' sums in a fixed order and divides. The gradient is pointwise.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int PER_THREAD = 16;

// Numbered as Loss.Kind orders them.
constexpr int MSE = 0;
constexpr int L1 = 1;

extern "C" __global__ void __launch_bounds__(THREADS) loss_penalties(
    int kind,
    const float* __restrict__ prediction,
    const float* __restrict__ target,
    double* __restrict__ partial,
    int n) {
  unsigned first = blockIdx.x * (THREADS * PER_THREAD) + threadIdx.x;
  double sum = 0;
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    unsigned i = first + k * THREADS;
    if (i < (unsigned)n) {
      float d = prediction[i] - target[i];
      float a = fabsf(d);
      float square = d * d;
      sum += kind == MSE ? square : kind == L1 ? a : a > 1.0f ? a - 0.5f : 0.5f * square;
    }
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    loss_mean(const double* __restrict__ partial, float* __restrict__ loss, int count, int n) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) {
    sum += partial[i];
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    *loss = (float)(sum / n);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) loss_backward(
    int kind,
    const float* __restrict__ prediction,
    const float* __restrict__ target,
    const float* __restrict__ dLoss,
    float* __restrict__ dPrediction,
    int n) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    float scale = (kind == MSE ? 2.0f : 1.0f) * *dLoss / (float)n;
    float d = prediction[i] - target[i];
    float slope = d;
    if (kind == L1) {
      slope = d > 0.0f ? 1.0f : d < 0.0f ? -1.0f : d;
    } else if (kind != MSE) {
      slope = d < -1.0f ? -1.0f : d > 1.0f ? 1.0f : d;
    }
    dPrediction[i] = slope * scale;
  }
}
