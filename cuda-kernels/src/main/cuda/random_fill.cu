// Random numbers from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): a thread makes the
// four words of one counter, and so the numbers of four consecutive positions of a row's stream.
// No thread needs another's state, which is why a counter-based generator suits a GPU.
//
// The logarithm, sine and cosine of the Box-Muller transform are the CPU backend's polynomials
// with its order of operations: the numbers have the same bits on both.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int BLOCK = 4;

struct Words {
  unsigned w[BLOCK];
};

__device__ __forceinline__ Words philox(
    unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned next0 = __umulhi(0xCD9E8D57u, c2) ^ c1 ^ k0;
    unsigned next2 = __umulhi(0xD2511F53u, c0) ^ c3 ^ k1;
    c1 = 0xCD9E8D57u * c2;
    c3 = 0xD2511F53u * c0;
    c0 = next0;
    c2 = next2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return Words{{c0, c1, c2, c3}};
}

// Multiples of 2^-24 in [0, 1).
__device__ __forceinline__ float uniform(unsigned word) {
  return __fmul_rn((float)(word >> 8), 0x1p-24f);
}

// r cos(2 pi u2) and r sin(2 pi u2) with r = sqrt(-2 ln u1). Sine and cosine are polynomials in
// quarter turns: sin(pi/2 t) = t (S1 + t^2 (S3 + ..)), cos(pi/2 t) = 1 + t^2 (C2 + ..), |t| <= 1/2.
__device__ __forceinline__ float2 box_muller(unsigned word1, unsigned word2) {
  float u1 = __fmul_rn((float)((word1 >> 8) + 1), 0x1p-24f);
  float radius = __fsqrt_rn(__fmul_rn(jd::logarithm(u1), -2.0f));
  float turns = __fmul_rn(uniform(word2), 4.0f);
  float shifted = __fadd_rn(turns, jd::ROUND);
  // Quarter turns, and what is left of one, exactly.
  int quarter = __float_as_int(shifted);
  float t = __fsub_rn(turns, __fsub_rn(shifted, jd::ROUND));
  float t2 = __fmul_rn(t, t);
  float sine = __fmaf_rn(t2, 0.00015826168f, -0.004681297f);
  sine = __fmaf_rn(sine, t2, 0.07969259f);
  sine = __fmaf_rn(sine, t2, -0.6459641f);
  sine = __fmaf_rn(__fmul_rn(sine, t2), t, __fmul_rn(t, 1.5707964f));
  float cosine = __fmaf_rn(t2, 0.0009040157f, -0.020860286f);
  cosine = __fmaf_rn(cosine, t2, 0.25366923f);
  cosine = __fmaf_rn(cosine, t2, -1.2337005f);
  cosine = __fmaf_rn(cosine, t2, 1.0f);
  bool odd = quarter & 1;
  float first = odd ? sine : cosine;
  float second = odd ? cosine : sine;
  // Changes the sign where bit 1 is set.
  first = __int_as_float(__float_as_int(first) ^ (((quarter + 1) & 2) << 30));
  second = __int_as_float(__float_as_int(second) ^ ((quarter & 2) << 30));
  return make_float2(__fmul_rn(radius, first), __fmul_rn(radius, second));
}

// The words of this thread's block, of the stream (key, rows[row]), or (key, row) without rows; the
// place of its first number in out, and how many of the four numbers the row has.
__device__ __forceinline__ Words row_words(
    const int* rows,
    int rowCount,
    int length,
    unsigned seedLow,
    unsigned seedHigh,
    unsigned purpose,
    unsigned step,
    long long& at,
    int& count) {
  unsigned blocks = (length + BLOCK - 1) / BLOCK;
  unsigned i = blockIdx.x * THREADS + threadIdx.x;
  unsigned row = i / blocks;
  if (row >= (unsigned)rowCount) {
    count = 0;
    return Words{};
  }
  unsigned block = i - row * blocks;
  at = (long long)row * length + block * BLOCK;
  count = min(BLOCK, length - (int)(block * BLOCK));
  unsigned stream = rows == nullptr ? row : rows[row];
  return philox(block, stream, step, purpose, seedLow, seedHigh);
}

extern "C" __global__ void __launch_bounds__(THREADS) random_uniform(
    const int* __restrict__ rows,
    float* __restrict__ out,
    int rowCount,
    int length,
    int seedLow,
    int seedHigh,
    int purpose,
    int step) {
  long long at = 0;
  int count;
  Words words =
      row_words(rows, rowCount, length, seedLow, seedHigh, purpose, step, at, count);
#pragma unroll
  for (int k = 0; k < BLOCK; k++) {
    if (k < count) {
      out[at + k] = uniform(words.w[k]);
    }
  }
}

__device__ __forceinline__ void normal(
    const int* rows,
    float* out,
    int rowCount,
    int length,
    unsigned seedLow,
    unsigned seedHigh,
    unsigned purpose,
    unsigned step) {
  long long at = 0;
  int count;
  Words words =
      row_words(rows, rowCount, length, seedLow, seedHigh, purpose, step, at, count);
  float2 early = box_muller(words.w[0], words.w[1]);
  float2 late = box_muller(words.w[2], words.w[3]);
  float numbers[BLOCK] = {early.x, early.y, late.x, late.y};
#pragma unroll
  for (int k = 0; k < BLOCK; k++) {
    if (k < count) {
      out[at + k] = numbers[k];
    }
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) random_normal(
    const int* __restrict__ rows,
    float* __restrict__ out,
    int rowCount,
    int length,
    int seedLow,
    int seedHigh,
    int purpose,
    int step) {
  normal(rows, out, rowCount, length, seedLow, seedHigh, purpose, step);
}

// A step that a graph reads anew whenever it is repeated: two elements of 16 bits each, which a float
// holds exactly.
__device__ __forceinline__ unsigned number(const float* step) {
  return (unsigned)step[0] | (unsigned)step[1] << 16;
}

// Row r from stream r.
extern "C" __global__ void __launch_bounds__(THREADS) random_normal_of_step(
    const float* __restrict__ step,
    float* __restrict__ out,
    int rowCount,
    int length,
    int seedLow,
    int seedHigh,
    int purpose) {
  normal(nullptr, out, rowCount, length, seedLow, seedHigh, purpose, number(step));
}

__device__ __forceinline__ void dropout(
    const float* x,
    float* out,
    int n,
    int threshold,
    float scale,
    unsigned seedLow,
    unsigned seedHigh,
    unsigned purpose,
    unsigned step) {
  unsigned block = blockIdx.x * THREADS + threadIdx.x;
  if (block > (unsigned)(n - 1) / BLOCK) {
    return;
  }
  Words words = philox(block, 0, step, purpose, seedLow, seedHigh);
  long long at = (long long)block * BLOCK;
#pragma unroll
  for (int k = 0; k < BLOCK; k++) {
    if (at + k < n) {
      float mask = (words.w[k] >> 8) >= (unsigned)threshold ? 1.0f : 0.0f;
      out[at + k] = __fmul_rn(__fmul_rn(x[at + k], mask), scale);
    }
  }
}

// out = x * mask * scale; the mask is 0 where the upper 24 bits of the word are below the threshold.
// A product, so that NaN and infinity are not hidden.
extern "C" __global__ void __launch_bounds__(THREADS) random_dropout(
    const float* x,
    float* out,
    int n,
    int threshold,
    float scale,
    int seedLow,
    int seedHigh,
    int purpose,
    int step) {
  dropout(x, out, n, threshold, scale, seedLow, seedHigh, purpose, step);
}

extern "C" __global__ void __launch_bounds__(THREADS) random_dropout_of_step(
    const float* __restrict__ step,
    const float* x,
    float* out,
    int n,
    int threshold,
    float scale,
    int seedLow,
    int seedHigh,
    int purpose) {
  dropout(x, out, n, threshold, scale, seedLow, seedHigh, purpose, number(step));
}
