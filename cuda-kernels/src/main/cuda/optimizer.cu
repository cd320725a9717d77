// Adam, AdamW and the weights' moving average in one pass over all parameters: five arrays are read
// and four written, once, and that traffic is all the time it takes. One launch serves the whole
// model, because its parameters lie in one buffer.
//
// The order of operations is the CPU backend's, so a step has the same bits on both.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int PER_THREAD = 4;

extern "C" __global__ void __launch_bounds__(THREADS) optimizer_adam(
    float* __restrict__ weights,
    const float* __restrict__ gradients,
    float* __restrict__ firstMoments,
    float* __restrict__ secondMoments,
    float* __restrict__ averages,
    int n,
    float gradientScale,
    float addedDecay,
    float kept,
    float newFirst,
    float beta2,
    float newSecond,
    float rate,
    float secondScale,
    float epsilon,
    float newWeight) {
  unsigned start = blockIdx.x * (THREADS * PER_THREAD) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    unsigned i = start + k * THREADS;
    if (i < (unsigned)n) {
      float weight = weights[i];
      float gradient = __fmaf_rn(weight, addedDecay, __fmul_rn(gradients[i], gradientScale));
      float first = firstMoments[i];
      first = __fmaf_rn(__fsub_rn(gradient, first), newFirst, first);
      float second = __fmul_rn(secondMoments[i], beta2);
      second = __fmaf_rn(__fmul_rn(gradient, gradient), newSecond, second);
      float change =
          __fdiv_rn(first, __fmaf_rn(__fsqrt_rn(second), secondScale, epsilon));
      weight = __fsub_rn(__fmul_rn(weight, kept), __fmul_rn(change, rate));
      firstMoments[i] = first;
      secondMoments[i] = second;
      weights[i] = weight;
      if (averages != nullptr) {
        float average = averages[i];
        averages[i] = __fmaf_rn(__fsub_rn(weight, average), newWeight, average);
      }
    }
  }
}
