// Softmax over rows of memory that lie behind one another.
//
// One warp takes one row: lane l holds elements l, l + 32, ... in registers, so that the row is read
// once and neighbouring lanes read neighbouring addresses. Maximum and sum pass between the lanes in
// registers; no shared memory, no barrier. The kernels differ in how many elements a lane can hold
// (the number in their name). Rows longer than 512 get a block each, which reads them again for each
// pass: by then they are in the cache.
//
// x and out may be the same: every element is written by the thread that has read it.
#include "common.cuh"

using namespace jd;

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;

template <int ITEMS>
__device__ __forceinline__ void forward(const float* x, float* out, int rows, int channels) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= rows) {
    return;
  }
  x += (size_t)row * channels;
  out += (size_t)row * channels;
  float y[ITEMS];
  float largest = -INFINITY;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    y[i] = c < channels ? x[c] : -INFINITY;
    largest = fmaxf(largest, y[i]);
  }
  largest = warp_max(largest);
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    y[i] = exp_negative(y[i] - largest);
    sum += y[i];
  }
  float factor = __fdiv_rn(1.0f, warp_sum(sum));
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    if (c < channels) {
      out[c] = y[i] * factor;
    }
  }
}

template <int ITEMS>
__device__ __forceinline__ void backward(
    const float* y, const float* dy, float* dx, int rows, int channels) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= rows) {
    return;
  }
  y += (size_t)row * channels;
  dy += (size_t)row * channels;
  dx += (size_t)row * channels;
  float probability[ITEMS];
  float gradient[ITEMS];
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    probability[i] = c < channels ? y[c] : 0.0f;
    gradient[i] = c < channels ? dy[c] : 0.0f;
    sum = fmaf(probability[i], gradient[i], sum);
  }
  sum = warp_sum(sum);
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    if (c < channels) {
      dx[c] = probability[i] * (gradient[i] - sum);
    }
  }
}

}  // namespace

#define ROW_IN_REGISTERS(ITEMS)                                                                    \
  extern "C" __global__ void __launch_bounds__(THREADS) softmax_forward_##ITEMS(                   \
      const float* x, float* out, int rows, int channels) {                                        \
    forward<ITEMS>(x, out, rows, channels);                                                        \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) softmax_backward_##ITEMS(                  \
      const float* y, const float* dy, float* dx, int rows, int channels) {                        \
    backward<ITEMS>(y, dy, dx, rows, channels);                                                    \
  }

ROW_IN_REGISTERS(1)
ROW_IN_REGISTERS(4)
ROW_IN_REGISTERS(16)

extern "C" __global__ void __launch_bounds__(THREADS) softmax_forward_long(
    const float* x, float* out, int channels) {
  x += (size_t)blockIdx.x * channels;
  out += (size_t)blockIdx.x * channels;
  float largest = -INFINITY;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    largest = fmaxf(largest, x[c]);
  }
  largest = block_max<THREADS>(largest);
  float sum = 0.0f;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    sum += exp_negative(x[c] - largest);
  }
  float factor = __fdiv_rn(1.0f, block_sum<THREADS>(sum));
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    out[c] = exp_negative(x[c] - largest) * factor;
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) softmax_backward_long(
    const float* y, const float* dy, float* dx, int channels) {
  y += (size_t)blockIdx.x * channels;
  dy += (size_t)blockIdx.x * channels;
  dx += (size_t)blockIdx.x * channels;
  float sum = 0.0f;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    sum = fmaf(y[c], dy[c], sum);
  }
  sum = block_sum<THREADS>(sum);
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    dx[c] = y[c] * (dy[c] - sum);
  }
}
