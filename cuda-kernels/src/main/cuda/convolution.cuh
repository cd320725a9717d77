// The products of convolution.cu and convolution_tensor.cu, for any tile.
#pragma once

#include "gemm.cuh"

// Rows are pixels, K runs over the channels under a window: (u, v, channel). The pixel of row r
// looks at (y + SIGN * u, x + SIGN * v) of an image of height x width pixels, pitch channels each.
template <class T, int SIGN>
struct Windows : Panel<T, T::BM> {
  using P = Panel<T, T::BM>;
  using Element = typename T::Element;
  const Element* image;
  int height, width, pitch;
  int y[P::PLACES], x[P::PLACES], start[P::PLACES];
  Counter at;
  int position, end;

  // rowsY, rowsX: pixels of an image that are rows; row (n, p, q) has y = p * step + originY.
  __device__ __forceinline__ Windows(const Element* source, int imageHeight, int imageWidth,
                                     int channelPitch, int rows, int rowsY, int rowsX, int step,
                                     int originY, int originX, int tapsX, int channels,
                                     int firstRow, int endK)
      : P(true), image(source), height(imageHeight), width(imageWidth), pitch(channelPitch),
        at(P::k, T::BK, channels, tapsX), position(P::k), end(endK) {
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      int r = firstRow + P::row + i * P::rowStep;
      int n = r / (rowsY * rowsX);
      int rest = r - n * (rowsY * rowsX);
      int p = rest / rowsX;
      int q = rest - p * rowsX;
      // Rows that do not exist look far outside.
      y[i] = r < rows ? p * step + originY : -(1 << 29);
      x[i] = q * step + originX;
      start[i] = r < rows ? ((n * height + y[i]) * width + x[i]) * pitch : 0;
    }
  }

  template <class Use>
  __device__ __forceinline__ void next(const Use& use) {
    int dy = SIGN * at.outer;
    int dx = SIGN * at.middle;
    int offset = (dy * width + dx) * pitch + at.inner;
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      bool inside = position < end && static_cast<unsigned>(y[i] + dy) < height &&
                    static_cast<unsigned>(x[i] + dx) < width;
      use(i, image + (start[i] + offset), inside);
    }
    position += T::BK;
    at.advance();
  }
};

template <class T>
__device__ __forceinline__ void forward(const typename T::Element* input,
                                        const typename T::Element* weight, const float* bias,
                                        const float* residual, float* out, int images, int height,
                                        int width, int channels, int outHeight, int outWidth,
                                        int outChannels, int kh, int kw, int stride, int padding,
                                        int inGroup, int outGroup) {
  int rows = images * outHeight * outWidth;
  int block = blockIdx.x;
  int columnTiles = tilesFor(outGroup, T::BN);
  int rowTiles = tilesFor(rows, T::BM);
  int firstColumn = block % columnTiles * T::BN;
  block /= columnTiles;
  int firstRow = block % rowTiles * T::BM;
  int group = block / rowTiles;
  int depth = kh * kw * inGroup;
  Windows<T, 1> left(input + group * inGroup, height, width, channels, rows, outHeight, outWidth,
                     stride, -padding, -padding, kw, inGroup, firstRow, depth);
  Matrix<T, T::BN> right(
      weight + group * outGroup, outChannels, false, firstColumn, outGroup, 0, depth);
  int shift = group * outGroup;
  auto offset = [=](int row) { return row * outChannels; };
  float sum[T::TM][T::TN];
  begin<T>(sum, firstRow, rows, firstColumn, outGroup, offset,
           bias == nullptr ? nullptr : bias + shift,
           residual == nullptr ? nullptr : residual + shift);
  multiply<T>(left, right, tilesFor(depth, T::BK), sum);
  finish<T>(sum, firstRow, rows, firstColumn, outGroup, offset, out + shift);
}

#define FORWARD(NAME, TILE)                                                                       \
  extern "C" __global__ void __launch_bounds__(TILE::THREADS, TILE::BLOCKS) NAME(                 \
      const TILE::Element* input, const TILE::Element* weight, const float* bias,                 \
      const float* residual, float* out, int images, int height, int width, int channels,         \
      int outHeight, int outWidth, int outChannels, int kh, int kw, int stride, int padding,      \
      int inGroup, int outGroup) {                                                                \
    forward<TILE>(input, weight, bias, residual, out, images, height, width, channels, outHeight, \
                  outWidth, outChannels, kh, kw, stride, padding, inGroup, outGroup);             \
  }

// Weights with the output channel along K: element (c, (u, v, o)) is
// weight[firstTap + step * (u, v)][c][o], of one group.
template <class T>
struct TransposedWeights : Panel<T, T::BN> {
  using P = Panel<T, T::BN>;
  using Element = typename T::Element;
  const Element* first;
  int tapPitch, rowPitch, kw, step, hop;
  int rowsLeft, position, end;
  Counter at;

  __device__ __forceinline__ TransposedWeights(const Element* weight, int inGroup, int outChannels,
                                               int outGroup, int windowWidth, int firstTap,
                                               int tapStep, int tapsX, int firstRow, int endK)
      : P(true), tapPitch(inGroup * outChannels), rowPitch(outChannels), kw(windowWidth),
        step(tapStep), hop(P::rowStep * outChannels), rowsLeft(inGroup - firstRow - P::row),
        position(P::k), end(endK), at(P::k, T::BK, outGroup, tapsX) {
    first = weight + firstTap * tapPitch + (firstRow + P::row) * outChannels;
  }

  template <class Use>
  __device__ __forceinline__ void next(const Use& use) {
    int offset = (at.outer * kw + at.middle) * step * tapPitch + at.inner;
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      use(i, first + (offset + i * hop), position < end && i * P::rowStep < rowsLeft);
    }
    position += T::BK;
    at.advance();
  }
};

// Input pixel (row, column) was seen by output pixel (y, x) through element (i, j) of the window
// when row + padding = y * stride + i. So pixels fall into stride x stride classes by the remainder
// of row + padding and column + padding: a class sees every stride-th element only, and is a
// product without wasted work in which neighbours look at neighbours.
template <class T>
__device__ __forceinline__ void inputGrad(const typename T::Element* dOut,
                                          const typename T::Element* weight, const float* bias,
                                          float* dInput, int images, int height, int width,
                                          int channels, int outHeight, int outWidth,
                                          int outChannels, int kh, int kw, int stride, int padding,
                                          int inGroup, int outGroup) {
  int block = blockIdx.x;
  int columnTiles = tilesFor(inGroup, T::BN);
  int rowTiles = tilesFor(images * tilesFor(height, stride) * tilesFor(width, stride), T::BM);
  int firstColumn = block % columnTiles * T::BN;
  block /= columnTiles;
  int firstRow = block % rowTiles * T::BM;
  block /= rowTiles;
  int firstI = block % stride;
  block /= stride;
  int firstJ = block % stride;
  int group = block / stride;
  // The class's first row and column of an image, and how many there are.
  int top = ((firstI - padding) % stride + stride) % stride;
  int left = ((firstJ - padding) % stride + stride) % stride;
  int rowsY = top < height ? tilesFor(height - top, stride) : 0;
  int rowsX = left < width ? tilesFor(width - left, stride) : 0;
  int rows = images * rowsY * rowsX;
  if (firstRow >= rows) {
    return;
  }
  int tapsY = firstI < kh ? tilesFor(kh - firstI, stride) : 0;
  int tapsX = firstJ < kw ? tilesFor(kw - firstJ, stride) : 0;
  int depth = tapsY * tapsX * outGroup;
  Windows<T, -1> pixels(dOut + group * outGroup, outHeight, outWidth, outChannels, rows, rowsY,
                        rowsX, 1, (top + padding - firstI) / stride,
                        (left + padding - firstJ) / stride, max(tapsX, 1), outGroup, firstRow,
                        depth);
  TransposedWeights<T> weights(weight + group * outGroup, inGroup, outChannels, outGroup, kw,
                               firstI * kw + firstJ, stride, max(tapsX, 1), firstColumn, depth);
  int shift = group * inGroup;
  auto offset = [=](int row) {
    if (stride == 1) {
      return row * channels;
    }
    int n = row / (rowsY * rowsX);
    int rest = row - n * (rowsY * rowsX);
    int p = rest / rowsX;
    int q = rest - p * rowsX;
    return ((n * height + top + p * stride) * width + left + q * stride) * channels;
  };
  float sum[T::TM][T::TN];
  begin<T>(sum, firstRow, rows, firstColumn, inGroup, offset,
           bias == nullptr ? nullptr : bias + shift, nullptr);
  multiply<T>(pixels, weights, tilesFor(depth, T::BK), sum);
  finish<T>(sum, firstRow, rows, firstColumn, inGroup, offset, dInput + shift);
}

#define INPUT_GRAD(NAME, TILE)                                                                    \
  extern "C" __global__ void __launch_bounds__(TILE::THREADS, TILE::BLOCKS) NAME(                 \
      const TILE::Element* dOut, const TILE::Element* weight, const float* bias, float* dInput,   \
      int images, int height, int width, int channels, int outHeight, int outWidth,               \
      int outChannels, int kh, int kw, int stride, int padding, int inGroup, int outGroup) {      \
    inputGrad<TILE>(dOut, weight, bias, dInput, images, height, width, channels, outHeight,       \
                    outWidth, outChannels, kh, kw, stride, padding, inGroup, outGroup);           \
  }

// Rows are elements (i, j, channel) of the window, K runs over output pixels (n, y, x).
template <class T>
struct Taps : Panel<T, T::BM> {
  using P = Panel<T, T::BM>;
  using Element = typename T::Element;
  const Element* image;
  int height, width, pitch, stride;
  int y[P::PLACES], x[P::PLACES], start[P::PLACES];
  Counter at;
  int position, end;

  __device__ __forceinline__ Taps(const Element* source, int imageHeight, int imageWidth,
                                  int channelPitch, int rows, int kw, int inGroup, int windowStride,
                                  int padding, int outHeight, int outWidth, int firstRow,
                                  int firstK, int endK)
      : P(false), image(source), height(imageHeight), width(imageWidth), pitch(channelPitch),
        stride(windowStride), at(firstK + P::k, T::BK, outWidth, outHeight),
        position(firstK + P::k), end(endK) {
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      int r = firstRow + P::row + i * P::rowStep;
      int tap = r / inGroup;
      y[i] = r < rows ? tap / kw - padding : -(1 << 29);
      x[i] = tap % kw - padding;
      start[i] = r < rows ? (y[i] * width + x[i]) * pitch + r % inGroup : 0;
    }
  }

  template <class Use>
  __device__ __forceinline__ void next(const Use& use) {
    int top = at.middle * stride;
    int left = at.inner * stride;
    int offset = ((at.outer * height + top) * width + left) * pitch;
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      bool inside = position < end && static_cast<unsigned>(top + y[i]) < height &&
                    static_cast<unsigned>(left + x[i]) < width;
      use(i, image + (offset + start[i]), inside);
    }
    position += T::BK;
    at.advance();
  }
};

// With one piece of K the sums are added to dWeight at once; with more they go to a workspace
// [pieces][kh][kw][I][Co], and convolution_add adds them in their order.
template <class T>
__device__ __forceinline__ void weightGrad(const float* input, const float* dOut, float* result,
                                           int images, int height, int width, int channels,
                                           int outHeight, int outWidth, int outChannels, int kh,
                                           int kw, int stride, int padding, int inGroup,
                                           int outGroup, int pieces, int piece) {
  int rows = kh * kw * inGroup;
  int block = blockIdx.x;
  int columnTiles = tilesFor(outGroup, T::BN);
  int rowTiles = tilesFor(rows, T::BM);
  int firstColumn = block % columnTiles * T::BN;
  block /= columnTiles;
  int firstRow = block % rowTiles * T::BM;
  block /= rowTiles;
  int cut = block % pieces;
  int group = block / pieces;
  int firstK = cut * piece;
  int endK = min(images * outHeight * outWidth, firstK + piece);
  Taps<T> taps(input + group * inGroup, height, width, channels, rows, kw, inGroup, stride, padding,
               outHeight, outWidth, firstRow, firstK, endK);
  Matrix<T, T::BN> pixels(
      dOut + group * outGroup, outChannels, false, firstColumn, outGroup, firstK, endK);
  float* out = result + static_cast<long long>(cut) * rows * outChannels + group * outGroup;
  auto offset = [=](int row) { return row * outChannels; };
  float sum[T::TM][T::TN];
  begin<T>(sum, firstRow, rows, firstColumn, outGroup, offset, nullptr,
           pieces == 1 ? out : nullptr);
  multiply<T>(taps, pixels, tilesFor(endK - firstK, T::BK), sum);
  finish<T>(sum, firstRow, rows, firstColumn, outGroup, offset, out);
}

#define WEIGHT_GRAD(NAME, TILE)                                                                   \
  extern "C" __global__ void __launch_bounds__(TILE::THREADS, TILE::BLOCKS) NAME(                 \
      const float* input, const float* dOut, float* result, int images, int height, int width,    \
      int channels, int outHeight, int outWidth, int outChannels, int kh, int kw, int stride,     \
      int padding, int inGroup, int outGroup, int pieces, int piece) {                            \
    weightGrad<TILE>(input, dOut, result, images, height, width, channels, outHeight, outWidth,   \
                     outChannels, kh, kw, stride, padding, inGroup, outGroup, pieces, piece);     \
  }
