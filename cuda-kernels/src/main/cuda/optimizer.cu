// Adam, AdamW and the weights' moving average in one pass over all parameters: five arrays are read
// and four written, once, and that traffic is all the time it takes. One launch serves the whole
// model, because its parameters lie in one buffer.
//
// The order of operations is the CPU backend's, so a step has the same bits on both.
//
// What differs between steps comes from memory, not as arguments, so that a graph can repeat the
// launches: the step's numbers from the host, the factor of the gradient from the clipping before.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int PER_THREAD = 4;

// The last part of the gradient's norm, and what follows from it, in the host's order of operations;
// one block. clipped[0] is the factor of the gradient, NaN where the step is skipped; the norm
// follows in four elements of 16 bits each, which a float holds exactly.
extern "C" __global__ void __launch_bounds__(THREADS) optimizer_clip(
    const double* __restrict__ partial,
    const float* __restrict__ losses,
    float* __restrict__ clipped,
    int partials,
    int lossCount,
    double scale,
    double maxNorm) {
  double sum = 0;
  for (int i = threadIdx.x; i < partials; i += THREADS) {
    sum += partial[i];
  }
  sum = jd::block_sum<THREADS>(sum);
  if (threadIdx.x == 0) {
    double norm = __dmul_rn(__dsqrt_rn(sum), scale);
    bool finite = isfinite(norm);
#pragma unroll 1
    for (int i = 0; i < lossCount; i++) {
      finite &= isfinite(losses[i]);
    }
    double clip = __ddiv_rn(maxNorm, __dadd_rn(norm, 1e-6));
    clip = clip < 1.0 ? clip : 1.0;
    clipped[0] = finite ? __double2float_rn(__dmul_rn(scale, clip)) : __int_as_float(0x7fc00000);
    unsigned long long bits = __double_as_longlong(norm);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      clipped[1 + i] = (float)(unsigned)(bits >> 16 * i & 0xffff);
    }
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) optimizer_adam(
    const float* __restrict__ numbers,
    const float* __restrict__ factor,
    float* __restrict__ weights,
    const float* __restrict__ gradients,
    float* __restrict__ firstMoments,
    float* __restrict__ secondMoments,
    float* __restrict__ averages,
    int n) {
  float gradientScale = *factor;
  if (isnan(gradientScale)) {
    return;
  }
  // In the order of AdamStep.numbers.
  float addedDecay = numbers[0];
  float kept = numbers[1];
  float newFirst = numbers[2];
  float beta2 = numbers[3];
  float newSecond = numbers[4];
  float rate = numbers[5];
  float secondScale = numbers[6];
  float epsilon = numbers[7];
  float newWeight = numbers[8];
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
