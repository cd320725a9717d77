// Layer normalisation over rows of memory that lie behind one another.
//
// Forward and dX: one warp takes one row, as in softmax.cu; rows longer than 512 get a block each.
// Mean first, then the squares of the deviations from it: a difference of large squares would lose
// the variance of a row whose mean is large.
//
// dGamma and dBeta are sums over rows, one for each channel: lanes take neighbouring channels, a
// block sums a chunk of rows, and a second kernel adds the chunks in their order. So the sums do not
// depend on which block is done first, as they would with atomic additions.
#include "common.cuh"

using namespace jd;

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;

template <int ITEMS>
__device__ __forceinline__ void forward(
    const float* __restrict__ x,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    float epsilon,
    float* __restrict__ out,
    float* __restrict__ mean,
    float* __restrict__ rstd,
    int rows,
    int channels) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= rows) {
    return;
  }
  x += (size_t)row * channels;
  out += (size_t)row * channels;
  float u[ITEMS];
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    u[i] = c < channels ? x[c] : 0.0f;
    sum += u[i];
  }
  float average = __fdiv_rn(warp_sum(sum), (float)channels);
  float squares = 0.0f;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    u[i] -= average;
    squares = lane + i * WARP < channels ? fmaf(u[i], u[i], squares) : squares;
  }
  float variance = __fdiv_rn(warp_sum(squares), (float)channels);
  float reciprocal = __fdiv_rn(1.0f, __fsqrt_rn(variance + epsilon));
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    if (c < channels) {
      out[c] = fmaf(u[i] * reciprocal, gamma[c], beta[c]);
    }
  }
  if (lane == 0) {
    mean[row] = average;
    rstd[row] = reciprocal;
  }
}

template <int ITEMS>
__device__ __forceinline__ void input_grad(
    const float* __restrict__ x,
    const float* __restrict__ gamma,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    const float* __restrict__ dOut,
    float* __restrict__ dX,
    int rows,
    int channels) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= rows) {
    return;
  }
  x += (size_t)row * channels;
  dOut += (size_t)row * channels;
  dX += (size_t)row * channels;
  float average = mean[row];
  float reciprocal = rstd[row];
  float h[ITEMS];
  float dh[ITEMS];
  float sumDh = 0.0f;
  float sumDhH = 0.0f;
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    h[i] = c < channels ? (x[c] - average) * reciprocal : 0.0f;
    dh[i] = c < channels ? dOut[c] * gamma[c] : 0.0f;
    sumDh += dh[i];
    sumDhH = fmaf(dh[i], h[i], sumDhH);
  }
  float meanDh = __fdiv_rn(warp_sum(sumDh), (float)channels);
  float meanDhH = __fdiv_rn(warp_sum(sumDhH), (float)channels);
#pragma unroll
  for (int i = 0; i < ITEMS; i++) {
    int c = lane + i * WARP;
    if (c < channels) {
      dX[c] = reciprocal * (dh[i] - meanDh - h[i] * meanDhH);
    }
  }
}

}  // namespace

#define ROW_IN_REGISTERS(ITEMS)                                                                    \
  extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_forward_##ITEMS(                \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ gamma,                                                             \
      const float* __restrict__ beta,                                                              \
      float epsilon,                                                                               \
      float* __restrict__ out,                                                                     \
      float* __restrict__ mean,                                                                    \
      float* __restrict__ rstd,                                                                    \
      int rows,                                                                                    \
      int channels) {                                                                              \
    forward<ITEMS>(x, gamma, beta, epsilon, out, mean, rstd, rows, channels);                      \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_input_grad_##ITEMS(             \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ gamma,                                                             \
      const float* __restrict__ mean,                                                              \
      const float* __restrict__ rstd,                                                              \
      const float* __restrict__ dOut,                                                              \
      float* __restrict__ dX,                                                                      \
      int rows,                                                                                    \
      int channels) {                                                                              \
    input_grad<ITEMS>(x, gamma, mean, rstd, dOut, dX, rows, channels);                             \
  }

ROW_IN_REGISTERS(1)
ROW_IN_REGISTERS(4)
ROW_IN_REGISTERS(16)

extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_forward_long(
    const float* __restrict__ x,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    float epsilon,
    float* __restrict__ out,
    float* __restrict__ mean,
    float* __restrict__ rstd,
    int channels) {
  x += (size_t)blockIdx.x * channels;
  out += (size_t)blockIdx.x * channels;
  float sum = 0.0f;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    sum += x[c];
  }
  float average = __fdiv_rn(block_sum<THREADS>(sum), (float)channels);
  float squares = 0.0f;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    float deviation = x[c] - average;
    squares = fmaf(deviation, deviation, squares);
  }
  float variance = __fdiv_rn(block_sum<THREADS>(squares), (float)channels);
  float reciprocal = __fdiv_rn(1.0f, __fsqrt_rn(variance + epsilon));
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    out[c] = fmaf((x[c] - average) * reciprocal, gamma[c], beta[c]);
  }
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = average;
    rstd[blockIdx.x] = reciprocal;
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_input_grad_long(
    const float* __restrict__ x,
    const float* __restrict__ gamma,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    const float* __restrict__ dOut,
    float* __restrict__ dX,
    int channels) {
  x += (size_t)blockIdx.x * channels;
  dOut += (size_t)blockIdx.x * channels;
  dX += (size_t)blockIdx.x * channels;
  float average = mean[blockIdx.x];
  float reciprocal = rstd[blockIdx.x];
  float sumDh = 0.0f;
  float sumDhH = 0.0f;
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    float dh = dOut[c] * gamma[c];
    sumDh += dh;
    sumDhH = fmaf(dh, (x[c] - average) * reciprocal, sumDhH);
  }
  float meanDh = __fdiv_rn(block_sum<THREADS>(sumDh), (float)channels);
  float meanDhH = __fdiv_rn(block_sum<THREADS>(sumDhH), (float)channels);
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    float h = (x[c] - average) * reciprocal;
    dX[c] = reciprocal * (dOut[c] * gamma[c] - meanDh - h * meanDhH);
  }
}

// Grid: tiles of 32 channels by chunks of rows. Row i of a chunk belongs to warp i % 8.
// partial: [chunks][2][channels], the sums for gamma before those for beta.
extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_parameter_partials(
    const float* __restrict__ x,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    const float* __restrict__ dOut,
    float* __restrict__ partial,
    int rows,
    int channels,
    int rowsPerChunk) {
  __shared__ float gammas[ROWS][WARP];
  __shared__ float betas[ROWS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int tiles = (channels + WARP - 1) / WARP;
  int chunk = blockIdx.x / tiles;
  int c = blockIdx.x % tiles * WARP + lane;
  int first = chunk * rowsPerChunk;
  int end = min(rows - first, rowsPerChunk) + first;
  float gamma = 0.0f;
  float beta = 0.0f;
  if (c < channels) {
    for (int row = first + warp; row < end; row += ROWS) {
      size_t i = (size_t)row * channels + c;
      float d = dOut[i];
      gamma = fmaf(d, (x[i] - mean[row]) * rstd[row], gamma);
      beta += d;
    }
  }
  gammas[warp][lane] = gamma;
  betas[warp][lane] = beta;
  __syncthreads();
  if (warp == 0 && c < channels) {
#pragma unroll
    for (int other = 1; other < ROWS; other++) {
      gamma += gammas[other][lane];
      beta += betas[other][lane];
    }
    partial += (size_t)chunk * 2 * channels;
    partial[c] = gamma;
    partial[channels + c] = beta;
  }
}

// One thread for each channel.
extern "C" __global__ void __launch_bounds__(THREADS) layer_norm_parameters(
    const float* __restrict__ partial,
    float* __restrict__ dGamma,
    float* __restrict__ dBeta,
    int channels,
    int chunks) {
  int c = blockIdx.x * THREADS + threadIdx.x;
  if (c >= channels) {
    return;
  }
  float gamma = 0.0f;
  float beta = 0.0f;
  for (int chunk = 0; chunk < chunks; chunk++) {
    gamma += partial[(size_t)chunk * 2 * channels + c];
    beta += partial[((size_t)chunk * 2 + 1) * channels + c];
  }
  dGamma[c] += gamma;
  dBeta[c] += beta;
}
