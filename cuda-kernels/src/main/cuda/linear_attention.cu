// Linear attention for each image and head, in the symbols of ReferenceLinearAttention.java:
//
//   q' = scale * softmax of q over features     k' = softmax of k over positions
//   context = k'^T v        out = q' context
//
// How threads map to data. All six products (context, out and their gradients) are one device
// function: a block of 64 threads makes a tile of 32 by 32, each thread 4 by 4 of it in registers,
// from tiles in shared memory, so that two reads of four numbers serve sixteen multiply-adds. What
// differs is where the factors come from (the softmaxes are taken while they are loaded, from maxima
// and sums that small kernels find first) and where the tile goes.
//
// context and its gradient are sums over all positions. Long sequences are cut into chunks, each with
// a context of its own; another kernel adds these in their order.
#include "common.cuh"

using namespace jd;

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;

// Of a product: side of the tile, threads, and the row's length in shared memory, which keeps rows
// aligned to four numbers and spreads columns over the banks.
constexpr int TILE = 32;
constexpr int PRODUCT_THREADS = 64;
constexpr int PADDED = TILE + 4;

// Columns of a tensor [N, T, stride], for one image and head.
__device__ __forceinline__ size_t head_start(
    int image, int head, int length, int stride, int features) {
  return (size_t)image * length * stride + head * features;
}

// The tile (i0, j0) of the sum over r < length of left(r, i) * right(r, j). LEFT_ALONG and
// RIGHT_ALONG say whether the factor's memory runs along r, not along i or j: neighbouring threads
// load what lies side by side. The factors are zero outside their range.
template <bool LEFT_ALONG, bool RIGHT_ALONG, class Left, class Right, class Store>
__device__ __forceinline__ void product(
    int length, int i0, int j0, Left left, Right right, Store store) {
  __shared__ __align__(16) float lefts[TILE][PADDED];
  __shared__ __align__(16) float rights[TILE][PADDED];
  int row = threadIdx.x / 8 * 4;
  int column = threadIdx.x % 8 * 4;
  float sums[4][4] = {};
#pragma unroll 1
  for (int r0 = 0; r0 < length; r0 += TILE) {
    __syncthreads();
#pragma unroll 4
    for (int n = threadIdx.x; n < TILE * TILE; n += PRODUCT_THREADS) {
      int slow = n / TILE;
      int fast = n % TILE;
      if (LEFT_ALONG) {
        lefts[fast][slow] = left(r0 + fast, i0 + slow);
      } else {
        lefts[slow][fast] = left(r0 + slow, i0 + fast);
      }
      if (RIGHT_ALONG) {
        rights[fast][slow] = right(r0 + fast, j0 + slow);
      } else {
        rights[slow][fast] = right(r0 + slow, j0 + fast);
      }
    }
    __syncthreads();
    int count = min(TILE, length - r0);
#pragma unroll 4
    for (int r = 0; r < count; r++) {
      float4 a = *reinterpret_cast<const float4*>(&lefts[r][row]);
      float4 b = *reinterpret_cast<const float4*>(&rights[r][column]);
      float as[4] = {a.x, a.y, a.z, a.w};
      float bs[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          sums[i][j] = fmaf(as[i], bs[j], sums[i][j]);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
      store(i0 + row + i, j0 + column + j, sums[i][j]);
    }
  }
}

// Blocks are numbered by image, then head, then chunk of positions, then row and column of tiles.
struct Place {
  int i0;
  int j0;
  int chunk;
  int head;
  int image;
  // The number of image and head.
  int pair;

  __device__ __forceinline__ Place(int tileRows, int tileColumns, int chunks, int heads) {
    int rest = blockIdx.x;
    j0 = rest % tileColumns * TILE;
    rest /= tileColumns;
    i0 = rest % tileRows * TILE;
    rest /= tileRows;
    chunk = rest % chunks;
    pair = rest / chunks;
    head = pair % heads;
    image = pair / heads;
  }
};

// q' or k' of one image and head: e^(x - max) * factor, with a maximum and a sum for each position
// (q, side by side) or for each feature (k, in the last two rows of what forward saves).
struct SoftQuery {
  const float* __restrict__ q;
  const float2* __restrict__ statistics;
  int stride;
  int heads;
  float scale;

  __device__ __forceinline__ SoftQuery(
      const float* q,
      int stride,
      const float* statistics,
      int image,
      int head,
      int length,
      int heads,
      int features,
      float scale)
      : q(q + head_start(image, head, length, stride, features)),
        statistics(
            reinterpret_cast<const float2*>(statistics) + (size_t)image * length * heads + head),
        stride(stride),
        heads(heads),
        scale(scale) {}

  __device__ __forceinline__ float at(int t, int d) const {
    float2 maximumAndSum = statistics[(size_t)t * heads];
    return exp_negative(q[(size_t)t * stride + d] - maximumAndSum.x) *
           __fdiv_rn(scale, maximumAndSum.y);
  }
};

struct SoftKey {
  const float* __restrict__ k;
  const float* __restrict__ maxima;
  const float* __restrict__ sums;
  int stride;

  __device__ __forceinline__ SoftKey(
      const float* k,
      int stride,
      const float* saved,
      int image,
      int head,
      int length,
      int heads,
      int features)
      : k(k + head_start(image, head, length, stride, features)),
        maxima(
            saved + ((size_t)(image * heads + head) * (features + 2) + features) * features),
        sums(maxima + features),
        stride(stride) {}

  __device__ __forceinline__ float at(int t, int d) const {
    return __fdiv_rn(exp_negative(k[(size_t)t * stride + d] - maxima[d]), sums[d]);
  }
};

}  // namespace

// Maximum and sum of e^(k - maximum) over the positions, for each feature: the last two rows of
// saved [N, heads, D + 2, D]. Lanes take columns of k, the 8 warps of a block every 8th position.
extern "C" __global__ void __launch_bounds__(THREADS) linear_attention_key_statistics(
    const float* __restrict__ k,
    int kStride,
    float* __restrict__ saved,
    int length,
    int heads,
    int features) {
  __shared__ float parts[ROWS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int columns = heads * features;
  int tiles = (columns + WARP - 1) / WARP;
  int image = blockIdx.x / tiles;
  int column = blockIdx.x % tiles * WARP + lane;
  k += (size_t)image * length * kStride + column;
  float largest = -INFINITY;
  if (column < columns) {
    for (int t = warp; t < length; t += ROWS) {
      largest = fmaxf(largest, k[(size_t)t * kStride]);
    }
  }
  parts[warp][lane] = largest;
  __syncthreads();
#pragma unroll
  for (int other = 0; other < ROWS; other++) {
    largest = fmaxf(largest, parts[other][lane]);
  }
  __syncthreads();
  float sum = 0.0f;
  if (column < columns) {
    for (int t = warp; t < length; t += ROWS) {
      sum += exp_negative(k[(size_t)t * kStride] - largest);
    }
  }
  parts[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && column < columns) {
#pragma unroll
    for (int other = 1; other < ROWS; other++) {
      sum += parts[other][lane];
    }
    int pair = image * heads + column / features;
    saved += ((size_t)pair * (features + 2) + features) * features + column % features;
    saved[0] = largest;
    saved[features] = sum;
  }
}

// Maximum and sum of e^(q - maximum) over the features: [N, T, heads, 2]. A warp for each.
extern "C" __global__ void __launch_bounds__(THREADS) linear_attention_query_statistics(
    const float* __restrict__ q,
    int qStride,
    float* __restrict__ statistics,
    int positions,
    int heads,
    int features) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= positions * heads) {
    return;
  }
  q += (size_t)(row / heads) * qStride + row % heads * features;
  float largest = -INFINITY;
  for (int d = lane; d < features; d += WARP) {
    largest = fmaxf(largest, q[d]);
  }
  largest = warp_max(largest);
  float sum = 0.0f;
  for (int d = lane; d < features; d += WARP) {
    sum += exp_negative(q[d] - largest);
  }
  sum = warp_sum(sum);
  if (lane == 0) {
    statistics[2 * (size_t)row] = largest;
    statistics[2 * (size_t)row + 1] = sum;
  }
}

// k'^T v of a chunk of positions. Each image and head has `pairStride` elements of the result, each
// chunk `chunkStride`.
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_context(
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ saved,
    float* __restrict__ context,
    int length,
    int heads,
    int features,
    int chunks,
    int perChunk,
    int pairStride,
    int chunkStride) {
  int tiles = (features + TILE - 1) / TILE;
  Place place(tiles, tiles, chunks, heads);
  SoftKey key(k, kStride, saved, place.image, place.head, length, heads, features);
  v += head_start(place.image, place.head, length, vStride, features);
  context += (size_t)place.pair * pairStride + (size_t)place.chunk * chunkStride;
  int first = place.chunk * perChunk;
  int count = min(length - first, perChunk);
  product<false, false>(
      count, place.i0, place.j0,
      [&](int t, int d) { return t < count && d < features ? key.at(first + t, d) : 0.0f; },
      [&](int t, int e) {
        return t < count && e < features ? v[(size_t)(first + t) * vStride + e] : 0.0f;
      },
      [&](int d, int e, float sum) {
        if (d < features && e < features) {
          context[(size_t)d * features + e] = sum;
        }
      });
}

// q'^T dOut of a chunk of positions, likewise.
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_context_grad(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ statistics,
    const float* __restrict__ dOut,
    float* __restrict__ dContext,
    int length,
    int heads,
    int features,
    float scale,
    int chunks,
    int perChunk,
    int pairStride,
    int chunkStride) {
  int tiles = (features + TILE - 1) / TILE;
  Place place(tiles, tiles, chunks, heads);
  SoftQuery query(
      q, qStride, statistics, place.image, place.head, length, heads, features, scale);
  int width = heads * features;
  dOut += head_start(place.image, place.head, length, width, features);
  dContext += (size_t)place.pair * pairStride + (size_t)place.chunk * chunkStride;
  int first = place.chunk * perChunk;
  int count = min(length - first, perChunk);
  product<false, false>(
      count, place.i0, place.j0,
      [&](int t, int d) { return t < count && d < features ? query.at(first + t, d) : 0.0f; },
      [&](int t, int e) {
        return t < count && e < features ? dOut[(size_t)(first + t) * width + e] : 0.0f;
      },
      [&](int d, int e, float sum) {
        if (d < features && e < features) {
          dContext[(size_t)d * features + e] = sum;
        }
      });
}

// Adds the contexts of the chunks, [chunks][N * heads][D * D]. One thread for each element.
extern "C" __global__ void __launch_bounds__(THREADS) linear_attention_sum_chunks(
    const float* __restrict__ partial,
    float* __restrict__ context,
    int pairs,
    int size,
    int chunks,
    int pairStride) {
  int i = blockIdx.x * THREADS + threadIdx.x;
  if (i >= pairs * size) {
    return;
  }
  float sum = 0.0f;
  for (int chunk = 0; chunk < chunks; chunk++) {
    sum += partial[(size_t)chunk * pairs * size + i];
  }
  context[(size_t)(i / size) * pairStride + i % size] = sum;
}

// out = q' context
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_apply(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ statistics,
    const float* __restrict__ saved,
    float* __restrict__ out,
    int length,
    int heads,
    int features,
    float scale) {
  Place place((length + TILE - 1) / TILE, (features + TILE - 1) / TILE, 1, heads);
  SoftQuery query(
      q, qStride, statistics, place.image, place.head, length, heads, features, scale);
  const float* context = saved + (size_t)place.pair * (features + 2) * features;
  int width = heads * features;
  out += head_start(place.image, place.head, length, width, features);
  product<true, false>(
      features, place.i0, place.j0,
      [&](int d, int t) { return t < length && d < features ? query.at(t, d) : 0.0f; },
      [&](int d, int e) {
        return d < features && e < features ? context[(size_t)d * features + e] : 0.0f;
      },
      [&](int t, int e, float sum) {
        if (t < length && e < features) {
          out[(size_t)t * width + e] = sum;
        }
      });
}

// dq' / scale = dOut context^T, which linear_attention_query_grad makes dQ of.
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_soft_query_grad(
    const float* __restrict__ dOut,
    const float* __restrict__ saved,
    float* __restrict__ dQ,
    int dQStride,
    int length,
    int heads,
    int features) {
  Place place((length + TILE - 1) / TILE, (features + TILE - 1) / TILE, 1, heads);
  const float* context = saved + (size_t)place.pair * (features + 2) * features;
  int width = heads * features;
  dOut += head_start(place.image, place.head, length, width, features);
  dQ += head_start(place.image, place.head, length, dQStride, features);
  product<true, true>(
      features, place.i0, place.j0,
      [&](int e, int t) {
        return t < length && e < features ? dOut[(size_t)t * width + e] : 0.0f;
      },
      [&](int e, int d) {
        return d < features && e < features ? context[(size_t)d * features + e] : 0.0f;
      },
      [&](int t, int d, float sum) {
        if (t < length && d < features) {
          dQ[(size_t)t * dQStride + d] = sum;
        }
      });
}

// dq = q' * (dq' - sum over d of q'[d] dq'[d] / scale) where dQ holds dq' / scale. A warp for each
// position and head.
extern "C" __global__ void __launch_bounds__(THREADS) linear_attention_query_grad(
    const float* __restrict__ q,
    int qStride,
    const float* __restrict__ statistics,
    float* __restrict__ dQ,
    int dQStride,
    int positions,
    int heads,
    int features,
    float scale) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= positions * heads) {
    return;
  }
  q += (size_t)(row / heads) * qStride + row % heads * features;
  dQ += (size_t)(row / heads) * dQStride + row % heads * features;
  float largest = statistics[2 * (size_t)row];
  float factor = __fdiv_rn(1.0f, statistics[2 * (size_t)row + 1]);
  float sum = 0.0f;
  for (int d = lane; d < features; d += WARP) {
    sum = fmaf(exp_negative(q[d] - largest) * factor, dQ[d], sum);
  }
  sum = warp_sum(sum);
  for (int d = lane; d < features; d += WARP) {
    dQ[d] = scale * (exp_negative(q[d] - largest) * factor) * (dQ[d] - sum);
  }
}

// For each feature of the keys: sum over t of k'[t, d] dk'[t, d], which is the sum over e of
// context[d, e] dContext[d, e]. A warp for each.
extern "C" __global__ void __launch_bounds__(THREADS) linear_attention_key_sums(
    const float* __restrict__ saved,
    const float* __restrict__ dContext,
    float* __restrict__ keySums,
    int pairs,
    int features) {
  int row = blockIdx.x * ROWS + threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  if (row >= pairs * features) {
    return;
  }
  const float* context =
      saved + ((size_t)(row / features) * (features + 2) + row % features) * features;
  dContext += (size_t)row * features;
  float sum = 0.0f;
  for (int e = lane; e < features; e += WARP) {
    sum = fmaf(context[e], dContext[e], sum);
  }
  sum = warp_sum(sum);
  if (lane == 0) {
    keySums[row] = sum;
  }
}

// dk = k' * (dk' - keySums) with dk' = v dContext^T
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_key_grad(
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ v,
    int vStride,
    const float* __restrict__ saved,
    const float* __restrict__ dContext,
    const float* __restrict__ keySums,
    float* __restrict__ dK,
    int dKStride,
    int length,
    int heads,
    int features) {
  Place place((length + TILE - 1) / TILE, (features + TILE - 1) / TILE, 1, heads);
  SoftKey key(k, kStride, saved, place.image, place.head, length, heads, features);
  v += head_start(place.image, place.head, length, vStride, features);
  dK += head_start(place.image, place.head, length, dKStride, features);
  dContext += (size_t)place.pair * features * features;
  keySums += (size_t)place.pair * features;
  product<true, true>(
      features, place.i0, place.j0,
      [&](int e, int t) {
        return t < length && e < features ? v[(size_t)t * vStride + e] : 0.0f;
      },
      [&](int e, int d) {
        return d < features && e < features ? dContext[(size_t)d * features + e] : 0.0f;
      },
      [&](int t, int d, float sum) {
        if (t < length && d < features) {
          dK[(size_t)t * dKStride + d] = key.at(t, d) * (sum - keySums[d]);
        }
      });
}

// dv = k' dContext
extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 10) linear_attention_value_grad(
    const float* __restrict__ k,
    int kStride,
    const float* __restrict__ saved,
    const float* __restrict__ dContext,
    float* __restrict__ dV,
    int dVStride,
    int length,
    int heads,
    int features) {
  Place place((length + TILE - 1) / TILE, (features + TILE - 1) / TILE, 1, heads);
  SoftKey key(k, kStride, saved, place.image, place.head, length, heads, features);
  dV += head_start(place.image, place.head, length, dVStride, features);
  dContext += (size_t)place.pair * features * features;
  product<true, false>(
      features, place.i0, place.j0,
      [&](int d, int t) { return t < length && d < features ? key.at(t, d) : 0.0f; },
      [&](int d, int e) {
        return d < features && e < features ? dContext[(size_t)d * features + e] : 0.0f;
      },
      [&](int t, int e, float sum) {
        if (t < length && e < features) {
          dV[(size_t)t * dVStride + e] = sum;
        }
      });
}
