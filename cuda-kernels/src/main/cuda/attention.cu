// softmax(scale * q k^T) v for each image and head, without a matrix of scores (Dao et al. 2022), in
// the symbols of ReferenceAttention.java.
//
// How threads map to data. A thread keeps one row (a query going forward and for dQ, a key for dK
// and dV) and its running results in registers. The rows of the other side pass by in tiles in
// shared memory. All threads of a warp read the same tile row at the same time, which costs one
// access for four numbers, used for four multiply-adds in each of 32 lanes.
//
// Large heads would not fit in registers: SPLIT neighbouring threads share a row, each with 32 of its
// features going forward and 16 going back, where a thread keeps more rows (four features behind one
// another, then every SPLIT-th four, so that the threads of a row read different banks), and add up
// their parts of a score with shuffles. Heads of a size that is no template are filled up with zeros;
// heads of more than 128 features take the kernels named wide: a warp for each row, lanes across the
// features, tiles left to the cache.
//
// Softmax runs along with its maximum: when a larger score comes, what was summed so far is scaled
// down. Scores are taken GROUP at a time, so that this costs little.
//
// Backward recomputes the probabilities p = e^(s - logSumExp). dQ sums over keys and dK, dV over
// queries: two kernels, each with its own order of summation, instead of atomic additions.
#include "common.cuh"

using namespace jd;

namespace {

constexpr int THREADS = 128;
constexpr int TILE = 32;

// Features of the results that a lane of the wide kernels has.
constexpr int WIDE = 8;

__device__ __forceinline__ float dot4(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

__device__ __forceinline__ float4 scaled4(float4 a, float factor) {
  return make_float4(a.x * factor, a.y * factor, a.z * factor, a.w * factor);
}

// sum + factor * a
__device__ __forceinline__ float4 add4(float4 sum, float factor, float4 a) {
  return make_float4(
      fmaf(factor, a.x, sum.x), fmaf(factor, a.y, sum.y), fmaf(factor, a.z, sum.z),
      fmaf(factor, a.w, sum.w));
}

// The sum over the SPLIT threads of a row, known to each.
template <int SPLIT>
__device__ __forceinline__ float row_sum(float value) {
#pragma unroll
  for (int mask = SPLIT / 2; mask > 0; mask /= 2) {
    value += __shfl_xor_sync(ALL_LANES, value, mask);
  }
  return value;
}

// Columns of a tensor [N, T, stride], for one image and head.
__device__ __forceinline__ size_t head_start(
    int image, int head, int length, int stride, int features) {
  return (size_t)image * length * stride + head * features;
}

// Which row of which image and head a block and thread have. Blocks are numbered by image, then
// head, then tile of rows.
template <int SPLIT>
struct Place {
  int part;
  int row;
  int head;
  int image;

  __device__ __forceinline__ Place(int rows, int heads) {
    int perBlock = blockDim.x / SPLIT;
    int tiles = (rows + perBlock - 1) / perBlock;
    part = threadIdx.x % SPLIT;
    row = blockIdx.x % tiles * perBlock + threadIdx.x / SPLIT;
    int rest = blockIdx.x / tiles;
    head = rest % heads;
    image = rest / heads;
  }
};

// A thread's features of a row.
template <int FEATURES, int SPLIT>
struct Row {
  static constexpr int FOURS = FEATURES / SPLIT / 4;
  float4 four[FOURS];

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      four[i] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
  }

  __device__ __forceinline__ void load(const float* __restrict__ row, int part, int features) {
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      int d = 4 * (part + SPLIT * i);
      four[i].x = d < features ? row[d] : 0.0f;
      four[i].y = d + 1 < features ? row[d + 1] : 0.0f;
      four[i].z = d + 2 < features ? row[d + 2] : 0.0f;
      four[i].w = d + 3 < features ? row[d + 3] : 0.0f;
    }
  }

  __device__ __forceinline__ void store(
      float* __restrict__ row, int part, int features, float factor) const {
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      int d = 4 * (part + SPLIT * i);
      float4 value = scaled4(four[i], factor);
      if (d < features) {
        row[d] = value.x;
      }
      if (d + 1 < features) {
        row[d + 1] = value.y;
      }
      if (d + 2 < features) {
        row[d + 2] = value.z;
      }
      if (d + 3 < features) {
        row[d + 3] = value.w;
      }
    }
  }

  // This thread's part of the product with a row of a tile.
  __device__ __forceinline__ float dot(const float4* tileRow, int part) const {
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      sum = dot4(four[i], tileRow[part + SPLIT * i], sum);
    }
    return sum;
  }

  __device__ __forceinline__ void add(float factor, const float4* tileRow, int part) {
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      four[i] = add4(four[i], factor, tileRow[part + SPLIT * i]);
    }
  }

  __device__ __forceinline__ void scale(float factor) {
#pragma unroll
    for (int i = 0; i < FOURS; i++) {
      four[i] = scaled4(four[i], factor);
    }
  }
};

// Fills a tile of TILE rows with `count` rows from memory and zeros.
template <int FEATURES>
__device__ __forceinline__ void load_tile(
    float4* tile, const float* __restrict__ source, int stride, int count, int features) {
  float* target = reinterpret_cast<float*>(tile);
  for (int i = threadIdx.x; i < TILE * FEATURES; i += blockDim.x) {
    int row = i / FEATURES;
    int d = i % FEATURES;
    target[i] = row < count && d < features ? source[(size_t)row * stride + d] : 0.0f;
  }
}

template <int FEATURES, int SPLIT>
__device__ __forceinline__ void forward(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    float* __restrict__ out,
    float* __restrict__ logSumExp,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  constexpr int GROUP = 8;
  constexpr int FOURS = FEATURES / 4;
  __shared__ float4 keyTile[TILE * FOURS];
  __shared__ float4 valueTile[TILE * FOURS];
  Place<SPLIT> place(rows, heads);
  bool inside = place.row < rows;
  k += head_start(place.image, place.head, keys, kStride, features);
  v += head_start(place.image, place.head, keys, vStride, features);
  Row<FEATURES, SPLIT> query;
  query.clear();
  if (inside) {
    q += head_start(place.image, place.head, rows, qStride, features);
    query.load(q + (size_t)place.row * qStride, place.part, features);
    query.scale(scale);
  }
  Row<FEATURES, SPLIT> mixed;
  mixed.clear();
  float largest = -INFINITY;
  float sum = 0.0f;
  for (int first = 0; first < keys; first += TILE) {
    int count = min(TILE, keys - first);
    __syncthreads();
    load_tile<FEATURES>(keyTile, k + (size_t)first * kStride, kStride, count, features);
    load_tile<FEATURES>(valueTile, v + (size_t)first * vStride, vStride, count, features);
    __syncthreads();
#pragma unroll 1
    for (int j = 0; j < count; j += GROUP) {
      float p[GROUP];
      float next = largest;
#pragma unroll
      for (int i = 0; i < GROUP; i++) {
        float score = row_sum<SPLIT>(query.dot(keyTile + (j + i) * FOURS, place.part));
        p[i] = j + i < count ? score : -INFINITY;
        next = fmaxf(next, p[i]);
      }
      float shrink = exp_negative(largest - next);
      largest = next;
      sum *= shrink;
      mixed.scale(shrink);
#pragma unroll
      for (int i = 0; i < GROUP; i++) {
        float e = exp_negative(p[i] - next);
        sum += e;
        mixed.add(e, valueTile + (j + i) * FOURS, place.part);
      }
    }
  }
  if (inside) {
    out += head_start(place.image, place.head, rows, heads * features, features);
    mixed.store(
        out + (size_t)place.row * heads * features, place.part, features, __fdiv_rn(1.0f, sum));
    if (place.part == 0) {
      logSumExp[(size_t)(place.image * heads + place.head) * rows + place.row] =
          largest + logarithm(sum);
    }
  }
}

// dQ, and delta = rowsum(dOut * out) for the gradients of keys: [N, heads, Tq].
template <int FEATURES, int SPLIT>
__device__ __forceinline__ void query_grad(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ out,
    const float* __restrict__ logSumExp,
    const float* __restrict__ dOut,
    float* __restrict__ dQ,
    int dQStride,
    float* __restrict__ deltas,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  constexpr int GROUP = 4;
  constexpr int FOURS = FEATURES / 4;
  __shared__ float4 keyTile[TILE * FOURS];
  __shared__ float4 valueTile[TILE * FOURS];
  Place<SPLIT> place(rows, heads);
  bool inside = place.row < rows;
  k += head_start(place.image, place.head, keys, kStride, features);
  v += head_start(place.image, place.head, keys, vStride, features);
  Row<FEATURES, SPLIT> query;
  Row<FEATURES, SPLIT> upstream;
  Row<FEATURES, SPLIT> gradient;
  query.clear();
  upstream.clear();
  gradient.clear();
  float part = 0.0f;
  float logSum = 0.0f;
  size_t at = (size_t)(place.image * heads + place.head) * rows + place.row;
  if (inside) {
    size_t dense = head_start(place.image, place.head, rows, heads * features, features) +
                   (size_t)place.row * heads * features;
    // The gradient's registers hold the output until it is needed no more.
    gradient.load(out + dense, place.part, features);
    upstream.load(dOut + dense, place.part, features);
#pragma unroll
    for (int i = 0; i < Row<FEATURES, SPLIT>::FOURS; i++) {
      part = dot4(gradient.four[i], upstream.four[i], part);
    }
    gradient.clear();
    q += head_start(place.image, place.head, rows, qStride, features);
    query.load(q + (size_t)place.row * qStride, place.part, features);
    query.scale(scale);
    logSum = logSumExp[at];
  }
  float delta = row_sum<SPLIT>(part);
  for (int first = 0; first < keys; first += TILE) {
    int count = min(TILE, keys - first);
    __syncthreads();
    load_tile<FEATURES>(keyTile, k + (size_t)first * kStride, kStride, count, features);
    load_tile<FEATURES>(valueTile, v + (size_t)first * vStride, vStride, count, features);
    __syncthreads();
#pragma unroll 1
    for (int j = 0; j < count; j += GROUP) {
#pragma unroll
      for (int i = 0; i < GROUP; i++) {
        const float4* key = keyTile + (j + i) * FOURS;
        float score = row_sum<SPLIT>(query.dot(key, place.part));
        float dp = row_sum<SPLIT>(upstream.dot(valueTile + (j + i) * FOURS, place.part));
        float p = j + i < count ? exp_negative(score - logSum) : 0.0f;
        gradient.add(p * (dp - delta), key, place.part);
      }
    }
  }
  if (inside) {
    dQ += head_start(place.image, place.head, rows, dQStride, features);
    gradient.store(dQ + (size_t)place.row * dQStride, place.part, features, scale);
    if (place.part == 0) {
      deltas[at] = delta;
    }
  }
}

template <int FEATURES, int SPLIT>
__device__ __forceinline__ void key_grad(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ logSumExp,
    const float* __restrict__ dOut,
    const float* __restrict__ deltas,
    float* __restrict__ dK,
    int dKStride,
    float* __restrict__ dV,
    int dVStride,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  constexpr int GROUP = 4;
  constexpr int FOURS = FEATURES / 4;
  __shared__ float4 queryTile[TILE * FOURS];
  __shared__ float4 upstreamTile[TILE * FOURS];
  __shared__ float logSumTile[TILE];
  __shared__ float deltaTile[TILE];
  Place<SPLIT> place(keys, heads);
  bool inside = place.row < keys;
  int width = heads * features;
  q += head_start(place.image, place.head, rows, qStride, features);
  dOut += head_start(place.image, place.head, rows, width, features);
  size_t firstSum = (size_t)(place.image * heads + place.head) * rows;
  Row<FEATURES, SPLIT> key;
  Row<FEATURES, SPLIT> value;
  Row<FEATURES, SPLIT> keyGradient;
  Row<FEATURES, SPLIT> valueGradient;
  key.clear();
  value.clear();
  keyGradient.clear();
  valueGradient.clear();
  if (inside) {
    k += head_start(place.image, place.head, keys, kStride, features);
    v += head_start(place.image, place.head, keys, vStride, features);
    key.load(k + (size_t)place.row * kStride, place.part, features);
    key.scale(scale);
    value.load(v + (size_t)place.row * vStride, place.part, features);
  }
  for (int first = 0; first < rows; first += TILE) {
    int count = min(TILE, rows - first);
    __syncthreads();
    load_tile<FEATURES>(queryTile, q + (size_t)first * qStride, qStride, count, features);
    load_tile<FEATURES>(upstreamTile, dOut + (size_t)first * width, width, count, features);
    if (threadIdx.x < TILE) {
      bool there = threadIdx.x < count;
      logSumTile[threadIdx.x] = there ? logSumExp[firstSum + first + threadIdx.x] : 0.0f;
      deltaTile[threadIdx.x] = there ? deltas[firstSum + first + threadIdx.x] : 0.0f;
    }
    __syncthreads();
#pragma unroll 1
    for (int j = 0; j < count; j += GROUP) {
#pragma unroll
      for (int i = 0; i < GROUP; i++) {
        const float4* query = queryTile + (j + i) * FOURS;
        const float4* upstream = upstreamTile + (j + i) * FOURS;
        float score = row_sum<SPLIT>(key.dot(query, place.part));
        float dp = row_sum<SPLIT>(value.dot(upstream, place.part));
        float p = j + i < count ? exp_negative(score - logSumTile[j + i]) : 0.0f;
        valueGradient.add(p, upstream, place.part);
        keyGradient.add(p * (dp - deltaTile[j + i]), query, place.part);
      }
    }
  }
  if (inside) {
    dK += head_start(place.image, place.head, keys, dKStride, features);
    dV += head_start(place.image, place.head, keys, dVStride, features);
    keyGradient.store(dK + (size_t)place.row * dKStride, place.part, features, scale);
    valueGradient.store(dV + (size_t)place.row * dVStride, place.part, features, 1.0f);
  }
}

// ---- Heads of any size -------------------------------------------------------------------------
//
// A warp has one row and WIDE * 32 of the results' features; it computes scores of all features.

struct WidePlace {
  int lane;
  int slice;
  int row;
  int head;
  int image;
  bool inside;

  __device__ __forceinline__ WidePlace(int images, int rows, int heads, int features) {
    int slices = (features + WIDE * WARP - 1) / (WIDE * WARP);
    long long warp = (long long)blockIdx.x * (THREADS / WARP) + threadIdx.x / WARP;
    lane = threadIdx.x % WARP;
    slice = (int)(warp % slices);
    long long rest = warp / slices;
    row = (int)(rest % rows);
    rest /= rows;
    head = (int)(rest % heads);
    image = (int)(rest / heads);
    inside = image < images;
  }

  __device__ __forceinline__ int feature(int i) const {
    return (slice * WIDE + i) * WARP + lane;
  }
};

__device__ __forceinline__ float wide_dot(
    const float* __restrict__ a, const float* __restrict__ b, int lane, int features) {
  float sum = 0.0f;
  for (int d = lane; d < features; d += WARP) {
    sum = fmaf(a[d], b[d], sum);
  }
  return warp_sum(sum);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS, 4) attention_forward_wide(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    float* __restrict__ out,
    float* __restrict__ logSumExp,
    int images,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  WidePlace place(images, rows, heads, features);
  if (!place.inside) {
    return;
  }
  q += head_start(place.image, place.head, rows, qStride, features) + (size_t)place.row * qStride;
  k += head_start(place.image, place.head, keys, kStride, features);
  v += head_start(place.image, place.head, keys, vStride, features);
  float mixed[WIDE] = {};
  float largest = -INFINITY;
  float sum = 0.0f;
  for (int j = 0; j < keys; j++) {
    float score = scale * wide_dot(q, k + (size_t)j * kStride, place.lane, features);
    float next = fmaxf(largest, score);
    float shrink = exp_negative(largest - next);
    float e = exp_negative(score - next);
    largest = next;
    sum = fmaf(sum, shrink, e);
    const float* value = v + (size_t)j * vStride;
#pragma unroll
    for (int i = 0; i < WIDE; i++) {
      int d = place.feature(i);
      mixed[i] = d < features ? fmaf(e, value[d], mixed[i] * shrink) : 0.0f;
    }
  }
  out += head_start(place.image, place.head, rows, heads * features, features) +
         (size_t)place.row * heads * features;
  float factor = __fdiv_rn(1.0f, sum);
#pragma unroll
  for (int i = 0; i < WIDE; i++) {
    int d = place.feature(i);
    if (d < features) {
      out[d] = mixed[i] * factor;
    }
  }
  if (place.lane == 0 && place.slice == 0) {
    logSumExp[(size_t)(place.image * heads + place.head) * rows + place.row] =
        largest + logarithm(sum);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) attention_query_grad_wide(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ out,
    const float* __restrict__ logSumExp,
    const float* __restrict__ dOut,
    float* __restrict__ dQ,
    int dQStride,
    float* __restrict__ deltas,
    int images,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  WidePlace place(images, rows, heads, features);
  if (!place.inside) {
    return;
  }
  q += head_start(place.image, place.head, rows, qStride, features) + (size_t)place.row * qStride;
  k += head_start(place.image, place.head, keys, kStride, features);
  v += head_start(place.image, place.head, keys, vStride, features);
  size_t dense = head_start(place.image, place.head, rows, heads * features, features) +
                 (size_t)place.row * heads * features;
  dOut += dense;
  size_t at = (size_t)(place.image * heads + place.head) * rows + place.row;
  float delta = wide_dot(out + dense, dOut, place.lane, features);
  float logSum = logSumExp[at];
  float gradient[WIDE] = {};
  for (int j = 0; j < keys; j++) {
    const float* key = k + (size_t)j * kStride;
    float score = scale * wide_dot(q, key, place.lane, features);
    float dp = wide_dot(dOut, v + (size_t)j * vStride, place.lane, features);
    float ds = exp_negative(score - logSum) * (dp - delta);
#pragma unroll
    for (int i = 0; i < WIDE; i++) {
      int d = place.feature(i);
      gradient[i] = d < features ? fmaf(ds, key[d], gradient[i]) : 0.0f;
    }
  }
  dQ += head_start(place.image, place.head, rows, dQStride, features) +
        (size_t)place.row * dQStride;
#pragma unroll
  for (int i = 0; i < WIDE; i++) {
    int d = place.feature(i);
    if (d < features) {
      dQ[d] = gradient[i] * scale;
    }
  }
  if (place.lane == 0 && place.slice == 0) {
    deltas[at] = delta;
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, 4) attention_key_grad_wide(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ logSumExp,
    const float* __restrict__ dOut,
    const float* __restrict__ deltas,
    float* __restrict__ dK,
    int dKStride,
    float* __restrict__ dV,
    int dVStride,
    int images,
    int rows,
    int keys,
    int heads,
    int features,
    float scale) {
  WidePlace place(images, keys, heads, features);
  if (!place.inside) {
    return;
  }
  int width = heads * features;
  q += head_start(place.image, place.head, rows, qStride, features);
  k += head_start(place.image, place.head, keys, kStride, features) + (size_t)place.row * kStride;
  v += head_start(place.image, place.head, keys, vStride, features) + (size_t)place.row * vStride;
  dOut += head_start(place.image, place.head, rows, width, features);
  size_t firstSum = (size_t)(place.image * heads + place.head) * rows;
  float keyGradient[WIDE] = {};
  float valueGradient[WIDE] = {};
  for (int j = 0; j < rows; j++) {
    const float* query = q + (size_t)j * qStride;
    const float* upstream = dOut + (size_t)j * width;
    float score = scale * wide_dot(query, k, place.lane, features);
    float dp = wide_dot(upstream, v, place.lane, features);
    float p = exp_negative(score - logSumExp[firstSum + j]);
    float ds = p * (dp - deltas[firstSum + j]);
#pragma unroll
    for (int i = 0; i < WIDE; i++) {
      int d = place.feature(i);
      keyGradient[i] = d < features ? fmaf(ds, query[d], keyGradient[i]) : 0.0f;
      valueGradient[i] = d < features ? fmaf(p, upstream[d], valueGradient[i]) : 0.0f;
    }
  }
  dK += head_start(place.image, place.head, keys, dKStride, features) +
        (size_t)place.row * dKStride;
  dV += head_start(place.image, place.head, keys, dVStride, features) +
        (size_t)place.row * dVStride;
#pragma unroll
  for (int i = 0; i < WIDE; i++) {
    int d = place.feature(i);
    if (d < features) {
      dK[d] = keyGradient[i] * scale;
      dV[d] = valueGradient[i];
    }
  }
}

#define HEADS_OF(FEATURES, SPLIT, SPLIT_BACK)                                                      \
  extern "C" __global__ void __launch_bounds__(THREADS, 3) attention_forward_##FEATURES(           \
      const float* __restrict__ q,                                                                 \
      int qStride,                                                                                 \
      const float* __restrict__ k,                                                                 \
      int kStride,                                                                                 \
      const float* __restrict__ v,                                                                 \
      int vStride,                                                                                 \
      float* __restrict__ out,                                                                     \
      float* __restrict__ logSumExp,                                                               \
      int rows,                                                                                    \
      int keys,                                                                                    \
      int heads,                                                                                   \
      int features,                                                                                \
      float scale) {                                                                               \
    forward<FEATURES, SPLIT>(                                                                      \
        q, qStride, k, kStride, v, vStride, out, logSumExp, rows, keys, heads, features, scale);   \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, 3) attention_query_grad_##FEATURES(        \
      const float* __restrict__ q,                                                                 \
      int qStride,                                                                                 \
      const float* __restrict__ k,                                                                 \
      int kStride,                                                                                 \
      const float* __restrict__ v,                                                                 \
      int vStride,                                                                                 \
      const float* __restrict__ out,                                                               \
      const float* __restrict__ logSumExp,                                                         \
      const float* __restrict__ dOut,                                                              \
      float* __restrict__ dQ,                                                                      \
      int dQStride,                                                                                \
      float* __restrict__ deltas,                                                                  \
      int rows,                                                                                    \
      int keys,                                                                                    \
      int heads,                                                                                   \
      int features,                                                                                \
      float scale) {                                                                               \
    query_grad<FEATURES, SPLIT_BACK>(                                                              \
        q, qStride, k, kStride, v, vStride, out, logSumExp, dOut, dQ, dQStride, deltas, rows,      \
        keys, heads, features, scale);                                                             \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, 3) attention_key_grad_##FEATURES(          \
      const float* __restrict__ q,                                                                 \
      int qStride,                                                                                 \
      const float* __restrict__ k,                                                                 \
      int kStride,                                                                                 \
      const float* __restrict__ v,                                                                 \
      int vStride,                                                                                 \
      const float* __restrict__ logSumExp,                                                         \
      const float* __restrict__ dOut,                                                              \
      const float* __restrict__ deltas,                                                            \
      float* __restrict__ dK,                                                                      \
      int dKStride,                                                                                \
      float* __restrict__ dV,                                                                      \
      int dVStride,                                                                                \
      int rows,                                                                                    \
      int keys,                                                                                    \
      int heads,                                                                                   \
      int features,                                                                                \
      float scale) {                                                                               \
    key_grad<FEATURES, SPLIT_BACK>(                                                                \
        q, qStride, k, kStride, v, vStride, logSumExp, dOut, deltas, dK, dKStride, dV, dVStride,   \
        rows, keys, heads, features, scale);                                                       \
  }

HEADS_OF(16, 1, 1)
HEADS_OF(32, 1, 2)
HEADS_OF(64, 2, 4)
HEADS_OF(128, 4, 8)
