// Maximum and average over square windows, NHWC: a thread for each element of the result, in its
// order in memory, so that neighbouring threads take neighbouring channels.
//
// Backward is written from the input's side: each input element looks for the windows that cover it
// and adds up what it gets from them, in their order. That needs no atomics. For the maximum it has
// to look into those windows again, whether it was the first of the largest elements there.
#include "common.cuh"

constexpr int THREADS = 256;

struct Pixel {
  int n, y, x, c;
};

__device__ __forceinline__ Pixel pixel(unsigned i, int height, int width, int channels) {
  unsigned p = i / (unsigned)channels;
  unsigned row = p / (unsigned)width;
  unsigned n = row / (unsigned)height;
  return Pixel{
      (int)n, (int)(row - n * height), (int)(p - row * width), (int)(i - p * channels)};
}

// max != 0 for the maximum, else the mean over the whole window, padding counted as zeros.
extern "C" __global__ void __launch_bounds__(THREADS) pooling_forward(
    int max,
    const float* __restrict__ input,
    float* __restrict__ out,
    int n,
    int height,
    int width,
    int channels,
    int outHeight,
    int outWidth,
    int size,
    int stride,
    int padding) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i >= (unsigned)n) {
    return;
  }
  Pixel o = pixel(i, outHeight, outWidth, channels);
  int top = o.y * stride - padding;
  int left = o.x * stride - padding;
  const float* image = input + (long long)o.n * height * width * channels + o.c;
  float largest = -__int_as_float(0x7f800000);
  float sum = 0.0f;
  for (int y = ::max(top, 0); y < min(top + size, height); y++) {
    for (int x = ::max(left, 0); x < min(left + size, width); x++) {
      float value = image[((long long)y * width + x) * channels];
      sum += value;
      // NaN is the maximum of all.
      largest = value > largest || value != value ? value : largest;
    }
  }
  out[i] = max ? largest : sum / (float)(size * size);
}

// Whether pixel (y, x) is the first of the largest of the window whose corner is (top, left).
__device__ __forceinline__ bool is_first_maximum(
    const float* image,
    int y,
    int x,
    int top,
    int left,
    int size,
    int height,
    int width,
    int channels) {
  float own = image[((long long)y * width + x) * channels];
  for (int v = max(top, 0); v < min(top + size, height); v++) {
    for (int u = max(left, 0); u < min(left + size, width); u++) {
      float other = image[((long long)v * width + u) * channels];
      bool earlier = v < y || (v == y && u < x);
      if (earlier ? other >= own : other > own) {
        return false;
      }
    }
  }
  return true;
}

extern "C" __global__ void __launch_bounds__(THREADS) pooling_backward(
    int max,
    const float* __restrict__ input,
    const float* __restrict__ dOut,
    float* __restrict__ dInput,
    int n,
    int height,
    int width,
    int channels,
    int outHeight,
    int outWidth,
    int size,
    int stride,
    int padding) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i >= (unsigned)n) {
    return;
  }
  Pixel p = pixel(i, height, width, channels);
  const float* image = input + (long long)p.n * height * width * channels + p.c;
  const float* gradients = dOut + (long long)p.n * outHeight * outWidth * channels + p.c;
  // Windows with corner oy * stride - padding in (y - size, y].
  int firstY = ::max(p.y + padding - size + stride, 0) / stride;
  int lastY = min((p.y + padding) / stride, outHeight - 1);
  int firstX = ::max(p.x + padding - size + stride, 0) / stride;
  int lastX = min((p.x + padding) / stride, outWidth - 1);
  float sum = 0.0f;
  for (int oy = firstY; oy <= lastY; oy++) {
    for (int ox = firstX; ox <= lastX; ox++) {
      int top = oy * stride - padding;
      int left = ox * stride - padding;
      if (!max || is_first_maximum(image, p.y, p.x, top, left, size, height, width, channels)) {
        sum += gradients[((long long)oy * outWidth + ox) * channels];
      }
    }
  }
  dInput[i] = max ? sum : sum / (float)(size * size);
}
