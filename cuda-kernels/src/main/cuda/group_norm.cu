// Group normalisation of images [N, pixels, C] with what is fused into it (the symbols are those of
// GroupNorm.java):
//
//   u = preActivation(x + channelBias)     h = (u - mean) * rstd
//   v = (h * gamma + beta) * (1 + scale) + shift     out = postActivation(v) + residual
//
// How threads map to data. Channels lie behind one another, and a group has only a few of them. A
// block per image and group would read short pieces, and few blocks would run where images are few.
// So all passes over an image have one geometry: a block takes a chunk of pixels and a tile of
// channels; neighbouring threads take neighbouring channels, threads of one column different pixels,
// and each thread PIXELS of them. Per-channel numbers are loaded once for a thread.
//
// Sums over an image are sums over chunks first, one for each channel; small kernels combine chunks
// and channels in a fixed order. The same partial sums per channel serve the statistics of groups,
// the gradients of scale and shift, and those of gamma and beta.
//
// Statistics. Each thread holds its few numbers and computes their mean and then the squared
// deviations from it; parts are combined by mean and deviations too (Chan, Golub and LeVeque 1983).
// A difference of large squares never appears.
//
// Activations are template arguments where nothing or SiLU is meant; other pairs share one kernel
// that decides per number, the same way in all threads.
#include "common.cuh"

using namespace jd;

namespace {

constexpr int THREADS = 256;

// Pixels of a thread.
constexpr int PIXELS = 8;

// The activation is a kernel's argument.
constexpr int ANY = -1;

// Pixels that a thread loads before it computes with the first: so many loads are under way at once.
// A kernel that holds all activations takes one, lest it grow out of the instruction cache.
template <int PRE>
constexpr int BATCH = PRE == ANY ? 1 : 4;

// Threads of the kernels that combine partial sums.
constexpr int COMBINING = 128;
constexpr int ROWS = 8;

template <int ACTIVATION>
__device__ __forceinline__ float value(int activation, float x) {
  if constexpr (ACTIVATION == ANY) {
    return activate(activation, x);
  } else {
    return activate<ACTIVATION>(x);
  }
}

template <int ACTIVATION>
__device__ __forceinline__ float derivative(int activation, float x) {
  if constexpr (ACTIVATION == ANY) {
    return activation_grad(activation, x);
  } else {
    return activation_grad<ACTIVATION>(x);
  }
}

// The part of a thread. Blocks of one line are numbered by image, then chunk, then tile of channels.
struct Place {
  int image;
  int chunk;
  int channel;
  int first;
  int end;
  // Elements from a pixel of the thread to its next.
  int step;

  __device__ Place(int pixels, int channels, int chunks) {
    int tiles = (channels + blockDim.x - 1) / blockDim.x;
    channel = blockIdx.x % tiles * blockDim.x + threadIdx.x;
    int rest = blockIdx.x / tiles;
    chunk = rest % chunks;
    image = rest / chunks;
    int perChunk = PIXELS * blockDim.y;
    int start = chunk * perChunk;
    end = min(pixels - start, perChunk) + start;
    first = start + threadIdx.y;
    step = blockDim.y * channels;
  }

  // Whether the thread has an i-th pixel.
  __device__ __forceinline__ bool has(int i) const { return first + i * (int)blockDim.y < end; }

  // The element of the thread's first pixel.
  __device__ __forceinline__ size_t start(int pixels, int channels) const {
    return ((size_t)image * pixels + first) * channels + channel;
  }
};

// What a thread knows of its channel.
struct Channel {
  float bias;
  float mean;
  float rstd;
  float gamma;
  float beta;
  float onePlusScale;
  float shift;

  __device__ __forceinline__ Channel(
      const Place& place,
      const float* __restrict__ channelBias,
      const float* __restrict__ gammas,
      const float* __restrict__ betas,
      const float* __restrict__ scaleShift,
      const float* __restrict__ means,
      const float* __restrict__ rstds,
      int channels,
      int groups) {
    int c = place.channel;
    int group = place.image * groups + c / (channels / groups);
    bias = channelBias ? channelBias[place.image * channels + c] : 0.0f;
    mean = means[group];
    rstd = rstds[group];
    gamma = gammas[c];
    beta = betas[c];
    onePlusScale = scaleShift ? 1.0f + scaleShift[place.image * 2 * channels + c] : 1.0f;
    shift = scaleShift ? scaleShift[(place.image * 2 + 1) * channels + c] : 0.0f;
  }

  __device__ __forceinline__ float v(float h) const {
    return fmaf(fmaf(h, gamma, beta), onePlusScale, shift);
  }
};

// Mean and squared deviations of each channel of a chunk. partial: [N][chunks][2][C].
template <int PRE>
__device__ __forceinline__ void statistics(
    const float* __restrict__ x,
    const float* __restrict__ channelBias,
    float* __restrict__ partial,
    int pixels,
    int channels,
    int chunks,
    int pre) {
  __shared__ float means[THREADS];
  __shared__ float squares[THREADS];
  Place place(pixels, channels, chunks);
  int self = threadIdx.y * blockDim.x + threadIdx.x;
  bool inside = place.channel < channels;
  float sum = 0.0f;
  float deviations = 0.0f;
  int count = 0;
  if (inside) {
    float bias = channelBias ? channelBias[place.image * channels + place.channel] : 0.0f;
    x += place.start(pixels, channels);
    float u[PIXELS];
#pragma unroll
    for (int i = 0; i < PIXELS; i++) {
      u[i] = place.has(i) ? x[i * place.step] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < PIXELS; i++) {
      if (place.has(i)) {
        u[i] = value<PRE>(pre, u[i] + bias);
        sum += u[i];
        count++;
      }
    }
    float mean = count > 0 ? __fdiv_rn(sum, (float)count) : 0.0f;
#pragma unroll
    for (int i = 0; i < PIXELS; i++) {
      float deviation = u[i] - mean;
      deviations = place.has(i) ? fmaf(deviation, deviation, deviations) : deviations;
    }
    means[self] = mean;
    squares[self] = deviations;
  }
  __syncthreads();
  if (threadIdx.y == 0 && inside) {
    float total = (float)(place.end - place.first);
    float weighted = 0.0f;
    for (int y = 0; y < blockDim.y; y++) {
      int left = place.end - place.first - y;
      int own = left <= 0 ? 0 : (left - 1) / (int)blockDim.y + 1;
      weighted = fmaf((float)own, means[y * blockDim.x + threadIdx.x], weighted);
    }
    float mean = __fdiv_rn(weighted, total);
    float all = 0.0f;
    for (int y = 0; y < blockDim.y; y++) {
      int left = place.end - place.first - y;
      int own = left <= 0 ? 0 : (left - 1) / (int)blockDim.y + 1;
      float deviation = means[y * blockDim.x + threadIdx.x] - mean;
      all += fmaf((float)own * deviation, deviation, squares[y * blockDim.x + threadIdx.x]);
    }
    partial += (size_t)(place.image * chunks + place.chunk) * 2 * channels + place.channel;
    partial[0] = mean;
    partial[channels] = all;
  }
}

template <int PRE, int POST>
__device__ __forceinline__ void apply(
    const float* __restrict__ x,
    const float* __restrict__ channelBias,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    const float* __restrict__ scaleShift,
    const float* __restrict__ residual,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    float* __restrict__ out,
    int pixels,
    int channels,
    int groups,
    int chunks,
    int pre,
    int post) {
  Place place(pixels, channels, chunks);
  if (place.channel >= channels) {
    return;
  }
  Channel channel(place, channelBias, gamma, beta, scaleShift, mean, rstd, channels, groups);
  size_t start = place.start(pixels, channels);
  x += start;
  out += start;
  residual = residual ? residual + start : residual;
#pragma unroll 1
  for (int i = 0; i < PIXELS; i += BATCH<PRE>) {
    float in[BATCH<PRE>];
    float added[BATCH<PRE>];
#pragma unroll
    for (int j = 0; j < BATCH<PRE>; j++) {
      in[j] = place.has(i + j) ? x[(i + j) * place.step] : 0.0f;
      added[j] = residual && place.has(i + j) ? residual[(i + j) * place.step] : 0.0f;
    }
#pragma unroll
    for (int j = 0; j < BATCH<PRE>; j++) {
      float h = (value<PRE>(pre, in[j] + channel.bias) - channel.mean) * channel.rstd;
      float y = value<POST>(post, channel.v(h)) + added[j];
      if (place.has(i + j)) {
        out[(i + j) * place.step] = y;
      }
    }
  }
}

// Sums of dv and of dv * h over the pixels of a chunk. partial: [N][chunks][2][C].
template <int PRE, int POST>
__device__ __forceinline__ void gradient_sums(
    const float* __restrict__ x,
    const float* __restrict__ channelBias,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    const float* __restrict__ scaleShift,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    const float* __restrict__ dOut,
    float* __restrict__ partial,
    int pixels,
    int channels,
    int groups,
    int chunks,
    int pre,
    int post) {
  __shared__ float sums[THREADS];
  __shared__ float products[THREADS];
  Place place(pixels, channels, chunks);
  int self = threadIdx.y * blockDim.x + threadIdx.x;
  bool inside = place.channel < channels;
  float sum = 0.0f;
  float product = 0.0f;
  if (inside) {
    Channel channel(place, channelBias, gamma, beta, scaleShift, mean, rstd, channels, groups);
    size_t start = place.start(pixels, channels);
    x += start;
    dOut += start;
#pragma unroll 1
    for (int i = 0; i < PIXELS; i += BATCH<PRE>) {
      float in[BATCH<PRE>];
      float upstream[BATCH<PRE>];
#pragma unroll
      for (int j = 0; j < BATCH<PRE>; j++) {
        in[j] = place.has(i + j) ? x[(i + j) * place.step] : 0.0f;
        upstream[j] = place.has(i + j) ? dOut[(i + j) * place.step] : 0.0f;
      }
#pragma unroll
      for (int j = 0; j < BATCH<PRE>; j++) {
        float h = (value<PRE>(pre, in[j] + channel.bias) - channel.mean) * channel.rstd;
        // Zero where there is no pixel.
        float dv = upstream[j] * derivative<POST>(post, channel.v(h));
        sum += dv;
        product = fmaf(dv, h, product);
      }
    }
    sums[self] = sum;
    products[self] = product;
  }
  __syncthreads();
  if (threadIdx.y == 0 && inside) {
    for (int y = 1; y < blockDim.y; y++) {
      sum += sums[y * blockDim.x + threadIdx.x];
      product += products[y * blockDim.x + threadIdx.x];
    }
    partial += (size_t)(place.image * chunks + place.chunk) * 2 * channels + place.channel;
    partial[0] = sum;
    partial[channels] = product;
  }
}

// dX from the means over each group of dh and dh * h. Where biasPartial is there ([N][chunks][C]),
// also the sums of dX over the pixels of a chunk.
template <int PRE, int POST>
__device__ __forceinline__ void input_grad(
    const float* __restrict__ x,
    const float* __restrict__ channelBias,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    const float* __restrict__ scaleShift,
    const float* __restrict__ mean,
    const float* __restrict__ rstd,
    const float* __restrict__ dOut,
    const float* __restrict__ groupMeans,
    float* __restrict__ dX,
    float* __restrict__ biasPartial,
    int pixels,
    int channels,
    int groups,
    int chunks,
    int pre,
    int post) {
  __shared__ float sums[THREADS];
  Place place(pixels, channels, chunks);
  bool inside = place.channel < channels;
  float sum = 0.0f;
  if (inside) {
    Channel channel(place, channelBias, gamma, beta, scaleShift, mean, rstd, channels, groups);
    int group = place.image * groups + place.channel / (channels / groups);
    float meanDh = groupMeans[2 * group];
    float meanDhH = groupMeans[2 * group + 1];
    float slope = channel.onePlusScale * channel.gamma;
    size_t start = place.start(pixels, channels);
    x += start;
    dOut += start;
    dX += start;
#pragma unroll 1
    for (int i = 0; i < PIXELS; i += BATCH<PRE>) {
      float biased[BATCH<PRE>];
      float upstream[BATCH<PRE>];
#pragma unroll
      for (int j = 0; j < BATCH<PRE>; j++) {
        biased[j] = (place.has(i + j) ? x[(i + j) * place.step] : 0.0f) + channel.bias;
        upstream[j] = place.has(i + j) ? dOut[(i + j) * place.step] : 0.0f;
      }
#pragma unroll
      for (int j = 0; j < BATCH<PRE>; j++) {
        float h = (value<PRE>(pre, biased[j]) - channel.mean) * channel.rstd;
        float dh = upstream[j] * derivative<POST>(post, channel.v(h)) * slope;
        float du = channel.rstd * (dh - meanDh - h * meanDhH);
        float d = du * derivative<PRE>(pre, biased[j]);
        if (place.has(i + j)) {
          dX[(i + j) * place.step] = d;
          sum += d;
        }
      }
    }
  }
  if (biasPartial) {
    sums[threadIdx.y * blockDim.x + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && inside) {
      for (int y = 1; y < blockDim.y; y++) {
        sum += sums[y * blockDim.x + threadIdx.x];
      }
      biasPartial[(size_t)(place.image * chunks + place.chunk) * channels + place.channel] = sum;
    }
  }
}

}  // namespace

#define STATISTICS(NAME, PRE)                                                                      \
  extern "C" __global__ void __launch_bounds__(THREADS) group_norm_statistics_##NAME(              \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ channelBias,                                                       \
      float* __restrict__ partial,                                                                 \
      int pixels,                                                                                  \
      int channels,                                                                                \
      int chunks,                                                                                  \
      int pre) {                                                                                   \
    statistics<PRE>(x, channelBias, partial, pixels, channels, chunks, pre);                       \
  }

STATISTICS(plain, NONE)
STATISTICS(any, ANY)

#define WITH_ACTIVATIONS(NAME, PRE, POST)                                                          \
  extern "C" __global__ void __launch_bounds__(THREADS) group_norm_apply_##NAME(                   \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ channelBias,                                                       \
      const float* __restrict__ gamma,                                                             \
      const float* __restrict__ beta,                                                              \
      const float* __restrict__ scaleShift,                                                        \
      const float* __restrict__ residual,                                                          \
      const float* __restrict__ mean,                                                              \
      const float* __restrict__ rstd,                                                              \
      float* __restrict__ out,                                                                     \
      int pixels,                                                                                  \
      int channels,                                                                                \
      int groups,                                                                                  \
      int chunks,                                                                                  \
      int pre,                                                                                     \
      int post) {                                                                                  \
    apply<PRE, POST>(                                                                              \
        x, channelBias, gamma, beta, scaleShift, residual, mean, rstd, out, pixels, channels,      \
        groups, chunks, pre, post);                                                                \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) group_norm_gradient_sums_##NAME(           \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ channelBias,                                                       \
      const float* __restrict__ gamma,                                                             \
      const float* __restrict__ beta,                                                              \
      const float* __restrict__ scaleShift,                                                        \
      const float* __restrict__ mean,                                                              \
      const float* __restrict__ rstd,                                                              \
      const float* __restrict__ dOut,                                                              \
      float* __restrict__ partial,                                                                 \
      int pixels,                                                                                  \
      int channels,                                                                                \
      int groups,                                                                                  \
      int chunks,                                                                                  \
      int pre,                                                                                     \
      int post) {                                                                                  \
    gradient_sums<PRE, POST>(                                                                      \
        x, channelBias, gamma, beta, scaleShift, mean, rstd, dOut, partial, pixels, channels,      \
        groups, chunks, pre, post);                                                                \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS) group_norm_input_grad_##NAME(              \
      const float* __restrict__ x,                                                                 \
      const float* __restrict__ channelBias,                                                       \
      const float* __restrict__ gamma,                                                             \
      const float* __restrict__ beta,                                                              \
      const float* __restrict__ scaleShift,                                                        \
      const float* __restrict__ mean,                                                              \
      const float* __restrict__ rstd,                                                              \
      const float* __restrict__ dOut,                                                              \
      const float* __restrict__ groupMeans,                                                        \
      float* __restrict__ dX,                                                                      \
      float* __restrict__ biasPartial,                                                             \
      int pixels,                                                                                  \
      int channels,                                                                                \
      int groups,                                                                                  \
      int chunks,                                                                                  \
      int pre,                                                                                     \
      int post) {                                                                                  \
    input_grad<PRE, POST>(                                                                         \
        x, channelBias, gamma, beta, scaleShift, mean, rstd, dOut, groupMeans, dX, biasPartial,    \
        pixels, channels, groups, chunks, pre, post);                                              \
  }

WITH_ACTIVATIONS(plain, NONE, NONE)
WITH_ACTIVATIONS(silu, NONE, SILU)
WITH_ACTIVATIONS(any, ANY, ANY)

// A block for each image and group: mean and rstd from the chunks of its channels.
extern "C" __global__ void __launch_bounds__(COMBINING) group_norm_moments(
    const float* __restrict__ partial,
    float* __restrict__ mean,
    float* __restrict__ rstd,
    int pixels,
    int channels,
    int groups,
    int chunks,
    int pixelsPerChunk,
    float epsilon) {
  int image = blockIdx.x / groups;
  int width = channels / groups;
  partial += (size_t)image * chunks * 2 * channels + blockIdx.x % groups * width;
  int parts = chunks * width;
  float total = (float)pixels * (float)width;
  float weighted = 0.0f;
  for (int i = threadIdx.x; i < parts; i += COMBINING) {
    int chunk = i / width;
    float count = (float)min(pixels - chunk * pixelsPerChunk, pixelsPerChunk);
    weighted = fmaf(count, partial[(size_t)chunk * 2 * channels + i % width], weighted);
  }
  float average = __fdiv_rn(block_sum<COMBINING>(weighted), total);
  float squares = 0.0f;
  for (int i = threadIdx.x; i < parts; i += COMBINING) {
    int chunk = i / width;
    float count = (float)min(pixels - chunk * pixelsPerChunk, pixelsPerChunk);
    const float* part = partial + (size_t)chunk * 2 * channels + i % width;
    float deviation = part[0] - average;
    squares += fmaf(count * deviation, deviation, part[channels]);
  }
  float variance = __fdiv_rn(block_sum<COMBINING>(squares), total);
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = average;
    rstd[blockIdx.x] = __fdiv_rn(1.0f, __fsqrt_rn(variance + epsilon));
  }
}

// For each image and channel: the sums over the chunks, [N][2][C], and from them the gradients of
// scale and shift. Lanes take channels, the 8 warps of a block every 8th chunk.
extern "C" __global__ void __launch_bounds__(ROWS * WARP) group_norm_channel_sums(
    const float* __restrict__ partial,
    const float* __restrict__ gamma,
    const float* __restrict__ beta,
    float* __restrict__ channelSums,
    float* __restrict__ dScaleShift,
    int channels,
    int chunks) {
  __shared__ float sums[ROWS][WARP];
  __shared__ float products[ROWS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int tiles = (channels + WARP - 1) / WARP;
  int image = blockIdx.x / tiles;
  int c = blockIdx.x % tiles * WARP + lane;
  float sum = 0.0f;
  float product = 0.0f;
  if (c < channels) {
    for (int chunk = warp; chunk < chunks; chunk += ROWS) {
      const float* part = partial + (size_t)(image * chunks + chunk) * 2 * channels + c;
      sum += part[0];
      product += part[channels];
    }
  }
  sums[warp][lane] = sum;
  products[warp][lane] = product;
  __syncthreads();
  if (warp == 0 && c < channels) {
#pragma unroll
    for (int other = 1; other < ROWS; other++) {
      sum += sums[other][lane];
      product += products[other][lane];
    }
    int at = image * 2 * channels + c;
    channelSums[at] = sum;
    channelSums[at + channels] = product;
    if (dScaleShift) {
      dScaleShift[at] = fmaf(product, gamma[c], sum * beta[c]);
      dScaleShift[at + channels] = sum;
    }
  }
}

// A warp for each image and group: the means of dh and of dh * h. groupMeans: [N][groups][2].
extern "C" __global__ void __launch_bounds__(COMBINING) group_norm_group_means(
    const float* __restrict__ channelSums,
    const float* __restrict__ gamma,
    const float* __restrict__ scaleShift,
    float* __restrict__ groupMeans,
    int images,
    int pixels,
    int channels,
    int groups) {
  int group = blockIdx.x * (COMBINING / WARP) + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (group >= images * groups) {
    return;
  }
  int image = group / groups;
  int width = channels / groups;
  int first = group % groups * width;
  float sum = 0.0f;
  float product = 0.0f;
  for (int c = first + lane; c < first + width; c += WARP) {
    int at = image * 2 * channels + c;
    float slope = scaleShift ? (1.0f + scaleShift[at]) * gamma[c] : gamma[c];
    sum = fmaf(channelSums[at], slope, sum);
    product = fmaf(channelSums[at + channels], slope, product);
  }
  sum = warp_sum(sum);
  product = warp_sum(product);
  if (lane == 0) {
    float total = (float)pixels * (float)width;
    groupMeans[2 * group] = __fdiv_rn(sum, total);
    groupMeans[2 * group + 1] = __fdiv_rn(product, total);
  }
}

// Adds the sums over the images to dGamma and dBeta. Lanes take channels, the 8 warps of a block
// every 8th image.
extern "C" __global__ void __launch_bounds__(ROWS * WARP) group_norm_parameters(
    const float* __restrict__ channelSums,
    const float* __restrict__ scaleShift,
    float* __restrict__ dGamma,
    float* __restrict__ dBeta,
    int images,
    int channels) {
  __shared__ float gammas[ROWS][WARP];
  __shared__ float betas[ROWS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int c = blockIdx.x * WARP + lane;
  float gamma = 0.0f;
  float beta = 0.0f;
  if (c < channels) {
    for (int image = warp; image < images; image += ROWS) {
      int at = image * 2 * channels + c;
      float onePlusScale = scaleShift ? 1.0f + scaleShift[at] : 1.0f;
      beta = fmaf(channelSums[at], onePlusScale, beta);
      gamma = fmaf(channelSums[at + channels], onePlusScale, gamma);
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
    dGamma[c] += gamma;
    dBeta[c] += beta;
  }
}

// For each image and channel: the sum of dX over the chunks.
extern "C" __global__ void __launch_bounds__(ROWS * WARP) group_norm_bias_sums(
    const float* __restrict__ biasPartial,
    float* __restrict__ dChannelBias,
    int channels,
    int chunks) {
  __shared__ float sums[ROWS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int tiles = (channels + WARP - 1) / WARP;
  int image = blockIdx.x / tiles;
  int c = blockIdx.x % tiles * WARP + lane;
  float sum = 0.0f;
  if (c < channels) {
    for (int chunk = warp; chunk < chunks; chunk += ROWS) {
      sum += biasPartial[(size_t)(image * chunks + chunk) * channels + c];
    }
  }
  sums[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && c < channels) {
#pragma unroll
    for (int other = 1; other < ROWS; other++) {
      sum += sums[other][lane];
    }
    dChannelBias[image * channels + c] = sum;
  }
}
