// Nearest-neighbour upsampling, NHWC: a thread for each element of the result, neighbouring threads
// for neighbouring channels. Backward adds the factor x factor elements that came from one, in their
// order.
#include "common.cuh"

constexpr int THREADS = 256;

extern "C" __global__ void __launch_bounds__(THREADS) upsampling_forward(
    const float* __restrict__ input,
    float* __restrict__ out,
    int n,
    int width,
    int channels,
    int factor) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    unsigned pixel = i / (unsigned)channels;
    unsigned row = pixel / (unsigned)(width * factor);
    unsigned x = (pixel - row * (width * factor)) / (unsigned)factor;
    // Rows of all images follow each other, in the input and in the result.
    unsigned source = (row / (unsigned)factor) * width + x;
    out[i] = input[(long long)source * channels + (i - pixel * channels)];
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) upsampling_backward(
    const float* __restrict__ dOut,
    float* __restrict__ dInput,
    int n,
    int width,
    int channels,
    int factor) {
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  if (i < (unsigned)n) {
    unsigned pixel = i / (unsigned)channels;
    unsigned row = pixel / (unsigned)width;
    unsigned x = pixel - row * width;
    long long stride = (long long)width * factor * channels;
    const float* corner =
        dOut + row * factor * stride + (long long)x * factor * channels + (i - pixel * channels);
    float sum = 0.0f;
    for (int v = 0; v < factor; v++) {
      for (int u = 0; u < factor; u++) {
        sum += corner[v * stride + (long long)u * channels];
      }
    }
    dInput[i] = sum;
  }
}
