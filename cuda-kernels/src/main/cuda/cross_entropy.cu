// Mean cross-entropy under the softmax of logits: a warp for each row of classes, whose lanes take
// every 32nd class.
#include "common.cuh"

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / jd::WARP;

// Writes the softmax, and for each row log sum e^logits - logits[target].
extern "C" __global__ void __launch_bounds__(THREADS) cross_entropy_forward(
    const float* __restrict__ logits,
    const int* __restrict__ targets,
    double* __restrict__ losses,
    float* __restrict__ probabilities,
    int rows,
    int classes) {
  int row = blockIdx.x * WARPS + threadIdx.x / jd::WARP;
  if (row >= rows) {
    return;
  }
  int lane = threadIdx.x % jd::WARP;
  const float* x = logits + (long long)row * classes;
  float* y = probabilities + (long long)row * classes;
  float max = -__int_as_float(0x7f800000);
  for (int k = lane; k < classes; k += jd::WARP) {
    max = fmaxf(max, x[k]);
  }
  max = jd::warp_max(max);
  float sum = 0.0f;
  for (int k = lane; k < classes; k += jd::WARP) {
    float e = jd::exp_negative(x[k] - max);
    y[k] = e;
    sum += e;
  }
  sum = jd::warp_sum(sum);
  for (int k = lane; k < classes; k += jd::WARP) {
    y[k] = y[k] / sum;
  }
  if (lane == 0) {
    losses[row] = jd::logarithm(sum) + ((double)max - x[targets[row]]);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) cross_entropy_mean(
    const double* __restrict__ losses, float* __restrict__ loss, int rows) {
  double sum = 0;
  for (int row = threadIdx.x; row < rows; row += THREADS) {
    sum += losses[row];
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    *loss = (float)(sum / rows);
  }
}

// (probabilities - onehot(targets)) * dLoss / rows; a thread for each element.
extern "C" __global__ void __launch_bounds__(THREADS) cross_entropy_backward(
    const float* __restrict__ probabilities,
    const int* __restrict__ targets,
    const float* __restrict__ dLoss,
    float* __restrict__ dLogits,
    int rows,
    int classes) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)rows * classes) {
    unsigned row = i / (unsigned)classes;
    float oneHot = (int)(i - row * classes) == targets[row] ? 1.0f : 0.0f;
    dLogits[i] = (probabilities[i] - oneHot) * (*dLoss / (float)rows);
  }
}
