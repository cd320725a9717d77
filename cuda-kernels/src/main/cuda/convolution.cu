// Convolution in NHWC as matrix products without an im2col buffer. Weights are [kh][kw][I][Co],
// where I is the number of input channels of a group.
//
//   forward       rows: output pixels       columns: output channels   K: (i, j, input channel)
//   input grad    rows: input pixels        columns: input channels    K: (i, j, output channel)
//   weight grad   rows: (i, j, in channel)  columns: output channels   K: output pixels
//
// A block computes one tile of one group (gemm.cuh); its loaders turn a row and a position along K
// into an address, or into a zero where the window hangs over the edge. Blocks are numbered column
// tile first, then row tile, then what else there is. Depthwise convolutions have no channels to
// sum over, and kernels of their own at the end. Element offsets fit 32 bits, as shapes do.
#include "convolution.cuh"

FORWARD(convolution_forward_large4, Large4)
FORWARD(convolution_forward_medium4, Medium4)
FORWARD(convolution_forward_medium1, Medium1)
FORWARD(convolution_forward_tall4, Tall4)
FORWARD(convolution_forward_tall1, Tall1)
FORWARD(convolution_forward_small1, Small1)

INPUT_GRAD(convolution_input_grad_large4, Large4)
INPUT_GRAD(convolution_input_grad_medium4, Medium4)
INPUT_GRAD(convolution_input_grad_medium1, Medium1)
INPUT_GRAD(convolution_input_grad_tall4, Tall4)
INPUT_GRAD(convolution_input_grad_tall1, Tall1)
INPUT_GRAD(convolution_input_grad_small1, Small1)

WEIGHT_GRAD(convolution_weight_grad_large4, Large4)
WEIGHT_GRAD(convolution_weight_grad_medium4, Medium4)
WEIGHT_GRAD(convolution_weight_grad_medium1, Medium1)
WEIGHT_GRAD(convolution_weight_grad_tall4, Tall4)
WEIGHT_GRAD(convolution_weight_grad_tall1, Tall1)
WEIGHT_GRAD(convolution_weight_grad_small1, Small1)

// Second pass: target += the sum of its partial results, in their order.
extern "C" __global__ void __launch_bounds__(256) convolution_add(
    const float* __restrict__ partial, int pieces, int size, float* __restrict__ target) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= size) {
    return;
  }
  float sum = 0.0f;
  for (int piece = 0; piece < pieces; piece++) {
    sum += partial[static_cast<long long>(piece) * size + i];
  }
  target[i] += sum;
}

// Sums of dOut over pixels, for the bias: partial[piece][channel]. A warp reads 32 neighbouring
// channels; the eight warps of a block take pixels in turn and are added in their order.
extern "C" __global__ void __launch_bounds__(256) convolution_bias_grad(
    const float* __restrict__ dOut, float* __restrict__ partial, int pixels, int channels,
    int piece) {
  __shared__ float sums[8][32];
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  int channelTiles = tilesFor(channels, 32);
  int channel = blockIdx.x % channelTiles * 32 + lane;
  int cut = blockIdx.x / channelTiles;
  int end = min(pixels, (cut + 1) * piece);
  float sum = 0.0f;
  if (channel < channels) {
    for (int pixel = cut * piece + warp; pixel < end; pixel += 8) {
      sum += dOut[pixel * channels + channel];
    }
  }
  sums[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && channel < channels) {
    for (int w = 1; w < 8; w++) {
      sum += sums[w][lane];
    }
    partial[cut * channels + channel] = sum;
  }
}

// Depthwise: out[n, y, x, c] = sum of in[n, y * stride - padY + i, ..., c] * weight[i, j, c]. A
// thread computes PIXELS neighbours of a row in one channel, neighbouring threads have neighbouring
// channels. With stride 1 and the window turned around (flip) it is its own input gradient.
constexpr int PIXELS = 4;

// SIZE: the extent of a square window, known to the compiler, with stride 1; 0 for any other. Then
// the inputs of a row are read once and shared by the neighbours.
template <int SIZE>
__device__ __forceinline__ void depthwise(const float* __restrict__ input,
                                          const float* __restrict__ weight,
                                          const float* __restrict__ bias, const float* residual,
                                          float* out, int images, int height, int width,
                                          int channels, int outHeight, int outWidth, int kh, int kw,
                                          int stride, int padY, int padX, int flip) {
  int strips = tilesFor(outWidth, PIXELS);
  long long index = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= static_cast<long long>(images) * outHeight * strips * channels) {
    return;
  }
  int rest = static_cast<int>(index / channels);
  int channel = static_cast<int>(index - static_cast<long long>(rest) * channels);
  int firstX = rest % strips * PIXELS;
  rest /= strips;
  int y = rest % outHeight;
  int n = rest / outHeight;
  // Turned around, the window is read from its end.
  const float* tap = weight + channel + (flip ? (kh * kw - 1) * channels : 0);
  int nextTap = flip ? -channels : channels;
  float sum[PIXELS];
#pragma unroll
  for (int p = 0; p < PIXELS; p++) {
    sum[p] = bias == nullptr ? 0.0f : bias[channel];
  }
  for (int i = 0; i < kh; i++) {
    int row = y * stride - padY + i;
    if (static_cast<unsigned>(row) >= height) {
      tap += kw * nextTap;
      continue;
    }
    const float* in = input + (n * height + row) * width * channels + channel;
    if constexpr (SIZE > 0) {
      constexpr int SEEN = PIXELS + SIZE - 1;
      float seen[SEEN];
      int first = firstX - padX;
      in += first * channels;
      if (first >= 0 && first + SEEN <= width) {
#pragma unroll
        for (int q = 0; q < SEEN; q++) {
          seen[q] = in[q * channels];
        }
      } else {
#pragma unroll
        for (int q = 0; q < SEEN; q++) {
          seen[q] = static_cast<unsigned>(first + q) < width ? in[q * channels] : 0.0f;
        }
      }
#pragma unroll
      for (int j = 0; j < SIZE; j++) {
        float w = tap[j * nextTap];
#pragma unroll
        for (int p = 0; p < PIXELS; p++) {
          sum[p] = fmaf(seen[p + j], w, sum[p]);
        }
      }
      tap += SIZE * nextTap;
    } else {
      for (int j = 0; j < kw; j++) {
        float w = *tap;
        tap += nextTap;
#pragma unroll
        for (int p = 0; p < PIXELS; p++) {
          int column = (firstX + p) * stride - padX + j;
          float value = static_cast<unsigned>(column) < width ? in[column * channels] : 0.0f;
          sum[p] = fmaf(value, w, sum[p]);
        }
      }
    }
  }
#pragma unroll
  for (int p = 0; p < PIXELS; p++) {
    if (firstX + p < outWidth) {
      int at = ((n * outHeight + y) * outWidth + firstX + p) * channels + channel;
      out[at] = residual == nullptr ? sum[p] : sum[p] + residual[at];
    }
  }
}

#define DEPTHWISE(NAME, SIZE)                                                                     \
  extern "C" __global__ void __launch_bounds__(128) NAME(                                         \
      const float* __restrict__ input, const float* __restrict__ weight,                          \
      const float* __restrict__ bias, const float* residual, float* out, int images, int height,  \
      int width, int channels, int outHeight, int outWidth, int kh, int kw, int stride, int padY, \
      int padX, int flip) {                                                                       \
    depthwise<SIZE>(input, weight, bias, residual, out, images, height, width, channels,          \
                    outHeight, outWidth, SIZE > 0 ? SIZE : kh, SIZE > 0 ? SIZE : kw,              \
                    SIZE > 0 ? 1 : stride, padY, padX, flip);                                     \
  }

DEPTHWISE(convolution_depthwise_7x7, 7)
DEPTHWISE(convolution_depthwise_3x3, 3)
DEPTHWISE(convolution_depthwise_any, 0)

// The input gradient for strides above 1: a thread for each input pixel and channel sums over the
// output pixels that saw it.
extern "C" __global__ void __launch_bounds__(128) convolution_depthwise_input_grad(
    const float* __restrict__ dOut, const float* __restrict__ weight,
    const float* __restrict__ bias, float* __restrict__ dInput, int images, int height, int width,
    int channels, int outHeight, int outWidth, int kh, int kw, int stride, int padding) {
  long long index = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= static_cast<long long>(images) * height * width * channels) {
    return;
  }
  int rest = static_cast<int>(index / channels);
  int channel = static_cast<int>(index - static_cast<long long>(rest) * channels);
  int column = rest % width;
  rest /= width;
  int row = rest % height;
  int n = rest / height;
  float sum = bias == nullptr ? 0.0f : bias[channel];
  for (int i = (row + padding) % stride; i < kh; i += stride) {
    int y = (row + padding - i) / stride;
    if (static_cast<unsigned>(y) >= outHeight || row + padding < i) {
      continue;
    }
    for (int j = (column + padding) % stride; j < kw; j += stride) {
      int x = (column + padding - j) / stride;
      if (static_cast<unsigned>(x) < outWidth && column + padding >= j) {
        sum = fmaf(dOut[((n * outHeight + y) * outWidth + x) * channels + channel],
                   weight[(i * kw + j) * channels + channel], sum);
      }
    }
  }
  dInput[index] = sum;
}

// Weight gradient of a SIZE x SIZE depthwise window with stride 1: partial[piece][i][j][channel]. A
// warp has one row i of the window and 32 channels, and walks along image rows with the inputs
// under the window's row in registers: two loads for SIZE multiplications. The window is a ring,
// turned by unrolling SIZE steps.
template <int SIZE>
__device__ __forceinline__ void depthwiseWeightGrad(const float* __restrict__ input,
                                                    const float* __restrict__ dOut,
                                                    float* __restrict__ partial, int images,
                                                    int height, int width, int channels,
                                                    int outHeight, int outWidth, int padding,
                                                    int piece) {
  int channelTiles = tilesFor(channels, 32);
  int channel = blockIdx.x % channelTiles * 32 + threadIdx.x % 32;
  int cut = blockIdx.x / channelTiles;
  int i = threadIdx.x / 32;
  if (channel >= channels) {
    return;
  }
  float sum[SIZE];
#pragma unroll
  for (int j = 0; j < SIZE; j++) {
    sum[j] = 0.0f;
  }
  int end = min(images * outHeight, (cut + 1) * piece);
  for (int line = cut * piece; line < end; line++) {
    int n = line / outHeight;
    int row = line - n * outHeight - padding + i;
    if (static_cast<unsigned>(row) >= height) {
      continue;
    }
    const float* in = input + (n * height + row) * width * channels + channel;
    const float* d = dOut + line * outWidth * channels + channel;
    float seen[SIZE];
#pragma unroll
    for (int j = 0; j < SIZE - 1; j++) {
      int column = j - padding;
      seen[j] = static_cast<unsigned>(column) < width ? in[column * channels] : 0.0f;
    }
    for (int firstX = 0; firstX < outWidth; firstX += SIZE) {
#pragma unroll
      for (int u = 0; u < SIZE; u++) {
        int x = firstX + u;
        int column = x - padding + SIZE - 1;
        seen[(u + SIZE - 1) % SIZE] =
            static_cast<unsigned>(column) < width ? in[column * channels] : 0.0f;
        float value = x < outWidth ? d[x * channels] : 0.0f;
#pragma unroll
        for (int j = 0; j < SIZE; j++) {
          sum[j] = fmaf(seen[(u + j) % SIZE], value, sum[j]);
        }
      }
    }
  }
#pragma unroll
  for (int j = 0; j < SIZE; j++) {
    partial[((cut * SIZE + i) * SIZE + j) * channels + channel] = sum[j];
  }
}

#define DEPTHWISE_WEIGHT_GRAD(NAME, SIZE)                                                        \
  extern "C" __global__ void __launch_bounds__(32 * SIZE) NAME(                                  \
      const float* __restrict__ input, const float* __restrict__ dOut,                           \
      float* __restrict__ partial, int images, int height, int width, int channels,              \
      int outHeight, int outWidth, int padding, int piece) {                                     \
    depthwiseWeightGrad<SIZE>(input, dOut, partial, images, height, width, channels, outHeight,  \
                              outWidth, padding, piece);                                         \
  }

DEPTHWISE_WEIGHT_GRAD(convolution_depthwise_weight_grad_7x7, 7)
DEPTHWISE_WEIGHT_GRAD(convolution_depthwise_weight_grad_3x3, 3)

// The same for any window and stride: a warp has one element of the window and 32 channels.
extern "C" __global__ void __launch_bounds__(128) convolution_depthwise_weight_grad_any(
    const float* __restrict__ input, const float* __restrict__ dOut, float* __restrict__ partial,
    int images, int height, int width, int channels, int outHeight, int outWidth, int kh, int kw,
    int stride, int padding, int piece) {
  int channelTiles = tilesFor(channels, 32);
  int tapTiles = tilesFor(kh * kw, 4);
  int block = blockIdx.x;
  int channel = block % channelTiles * 32 + threadIdx.x % 32;
  block /= channelTiles;
  int tap = block % tapTiles * 4 + threadIdx.x / 32;
  int cut = block / tapTiles;
  if (channel >= channels || tap >= kh * kw) {
    return;
  }
  int i = tap / kw;
  int j = tap - i * kw;
  float sum = 0.0f;
  int end = min(images * outHeight, (cut + 1) * piece);
  for (int line = cut * piece; line < end; line++) {
    int n = line / outHeight;
    int row = (line - n * outHeight) * stride - padding + i;
    if (static_cast<unsigned>(row) >= height) {
      continue;
    }
    const float* in = input + (n * height + row) * width * channels + channel;
    const float* d = dOut + line * outWidth * channels + channel;
    for (int x = 0; x < outWidth; x++) {
      int column = x * stride - padding + j;
      if (static_cast<unsigned>(column) < width) {
        sum = fmaf(in[column * channels], d[x * channels], sum);
      }
    }
  }
  partial[(cut * kh * kw + tap) * channels + channel] = sum;
}
