// What the kernels share: sums of warps and blocks in a fixed order, and elementary functions.
//
// Why own functions instead of expf, logf and tanhf: these are the polynomials of the CPU backend
// (VectorMath.java), the same fused multiply-adds in the same order, so CPU, GPU and emulator agree
// bit for bit, whatever CUDA version translated the kernel. The library's use ex2.approx and
// lg2.approx, whose last bits are the hardware's own. Intrinsics such as __fmul_rn keep the compiler
// from fusing what the CPU does not fuse.
#pragma once

namespace jd {

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

// ---- Sums and maxima ---------------------------------------------------------------------------
//
// Butterflies: in round k each lane adds the value of the lane whose number differs in bit k. All
// lanes end with the same bits, and the order of the additions is always the same.

template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
  for (int mask = WARP / 2; mask > 0; mask /= 2) {
    value += __shfl_xor_sync(ALL_LANES, value, mask);
  }
  return value;
}

__device__ __forceinline__ float warp_max(float value) {
#pragma unroll
  for (int mask = WARP / 2; mask > 0; mask /= 2) {
    value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, mask));
  }
  return value;
}

// The sum over all threads of a block of THREADS (a multiple of 32), known to each of them. Every
// thread of the block must call it.
template <int THREADS, typename T>
__device__ __forceinline__ T block_sum(T value) {
  if constexpr (THREADS == WARP) {
    return warp_sum(value);
  } else {
    __shared__ T sums[THREADS / WARP];
    value = warp_sum(value);
    if (threadIdx.x % WARP == 0) {
      sums[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    T total = sums[0];
#pragma unroll
    for (int warp = 1; warp < THREADS / WARP; warp++) {
      total += sums[warp];
    }
    // The next call may write sums again only when all have read them.
    __syncthreads();
    return total;
  }
}

// The maximum, likewise.
template <int THREADS>
__device__ __forceinline__ float block_max(float value) {
  if constexpr (THREADS == WARP) {
    return warp_max(value);
  } else {
    __shared__ float maxima[THREADS / WARP];
    value = warp_max(value);
    if (threadIdx.x % WARP == 0) {
      maxima[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    float total = maxima[0];
#pragma unroll
    for (int warp = 1; warp < THREADS / WARP; warp++) {
      total = fmaxf(total, maxima[warp]);
    }
    __syncthreads();
    return total;
  }
}

// ---- Elementary functions ----------------------------------------------------------------------

// Adding it rounds to an integer, which then stands in the low bits of the sum.
constexpr float ROUND = 12582912.0f;  // 1.5 * 2^23
constexpr int ROUND_BITS = 0x4b400000;

__device__ __forceinline__ float power_of_two(int n) { return __int_as_float((n + 127) << 23); }

// e^(x - n ln 2)
__device__ __forceinline__ float exp_of_reduced(float x, float n) {
  // ln 2 in two parts; the first has 15 bits, so its product with n is exact.
  float r = __fmaf_rn(n, -0x1.7f7d1cp-20f, __fmaf_rn(n, -0x1.62e4p-1f, x));
  float q = __fmaf_rn(r, 0.0013950489f, 0.00836889f);
  q = __fmaf_rn(q, r, 0.041666206f);
  q = __fmaf_rn(q, r, 0.16666518f);
  q = __fmaf_rn(q, r, 0.5f);
  return __fadd_rn(__fmaf_rn(__fmul_rn(q, r), r, r), 1.0f);
}

// e^x, at most 2 ulp off, with gradual underflow.
__device__ __forceinline__ float exponential(float x) {
  // Written so that NaN passes.
  float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  float t = __fmaf_rn(c, 1.44269504f, ROUND);
  float p = exp_of_reduced(c, __fsub_rn(t, ROUND));
  // Two factors, since 2^n alone may be no normal float.
  int n = __float_as_int(t) - ROUND_BITS;
  int half = n >> 1;
  return __fmul_rn(__fmul_rn(p, power_of_two(half)), power_of_two(n - half));
}

// e^x for x <= 0, or a little above; 0 below -87. Else the bits of exponential.
__device__ __forceinline__ float exp_negative(float x) {
  constexpr float ROUND_BIASED = ROUND + 127.0f;
  float t = __fmaf_rn(x, 1.44269504f, ROUND_BIASED);
  float p = exp_of_reduced(x, __fsub_rn(t, ROUND_BIASED));
  float y = __fmul_rn(p, __int_as_float(__float_as_int(t) << 23));
  return x < -87.0f ? 0.0f : y;
}

// Natural logarithm, at most 2 ulp off; negative infinity at 0, NaN below.
__device__ __forceinline__ float logarithm(float x) {
  bool subnormal = x < 1.17549435e-38f;
  int bits = __float_as_int(subnormal ? __fmul_rn(x, 8388608.0f) : x);
  int e = (bits - 0x3f3504f3) >> 23;
  float f = __fsub_rn(__int_as_float(bits - (e << 23)), 1.0f);
  float k = (float)(subnormal ? e - 23 : e);
  float p = __fmaf_rn(f, 0.06746592f, -0.11675639f);
  p = __fmaf_rn(p, f, 0.11888178f);
  p = __fmaf_rn(p, f, -0.12405592f);
  p = __fmaf_rn(p, f, 0.14219551f);
  p = __fmaf_rn(p, f, -0.16667996f);
  p = __fmaf_rn(p, f, 0.20002119f);
  p = __fmaf_rn(p, f, -0.2500001f);
  p = __fmaf_rn(p, f, 0.33333313f);
  float square = __fmul_rn(f, f);
  float tail = __fadd_rn(__fmul_rn(__fmul_rn(p, f), square), __fmul_rn(k, 0x1.7f7d1cp-20f));
  float y = __fmaf_rn(k, 0x1.62e4p-1f, __fadd_rn(f, __fmaf_rn(square, -0.5f, tail)));
  // Infinity and NaN are their own logarithms.
  y = x > 3.402823466e38f || x != x ? x : y;
  y = x == 0.0f ? -__int_as_float(0x7f800000) : y;
  return x < 0.0f ? __int_as_float(0x7fc00000) : y;
}

// 1 / (1 + e^-x), at most 3 ulp off; 0 below -87.
__device__ __forceinline__ float sigmoid(float x) {
  float e = exp_negative(-fabsf(x));
  return __fdiv_rn(x < 0.0f ? e : 1.0f, __fadd_rn(e, 1.0f));
}

// x, between 88 and the negative number of the given bits, by comparisons of bits as integers with
// and without sign.
__device__ __forceinline__ float silu_limit(float x, unsigned lowest_bits) {
  return __uint_as_float(min((unsigned)min(__float_as_int(x), 0x42b00000), lowest_bits));
}

// e^-(x + n ln 2); one product takes n ln 2 away, which costs some ulp where x is near -88.
__device__ __forceinline__ float exp_of_negated(float x, float n) {
  float r = __fmaf_rn(n, 0.69314718f, x);
  float p = __fmaf_rn(r, 0.0013813145f, -0.008369419f);
  p = __fmaf_rn(p, r, 0.041668456f);
  p = __fmaf_rn(p, r, -0.16666515f);
  p = __fmaf_rn(p, r, 0.5f);
  p = __fmaf_rn(p, r, -1.0f);
  return __fmaf_rn(p, r, 1.0f);
}

// x sigmoid(x) = x / (1 + e^-x), at most 3 ulp off for x above -30; -0 below -88.4.
__device__ __forceinline__ float silu(float x) {
  // Limited, so that the exponential is 0 or infinite at the ends; the quotient still sees NaN.
  float c = silu_limit(x, 0xc2b20000u);
  float t = __fmaf_rn(c, -1.44269504f, ROUND + 127.0f);
  float p = exp_of_negated(c, __fsub_rn(t, ROUND + 127.0f));
  return __fdiv_rn(x, __fmaf_rn(p, __int_as_float(__float_as_int(t) << 23), 1.0f));
}

// s + x s (1 - s), with s = sigmoid(x) and 1 - s = e^-x s.
__device__ __forceinline__ float silu_grad(float x) {
  float c = silu_limit(x, 0xc2ae0000u);
  float t = __fmaf_rn(c, -1.44269504f, ROUND + 127.0f);
  float p = exp_of_negated(c, __fsub_rn(t, ROUND + 127.0f));
  float e = __fmul_rn(p, __int_as_float(__float_as_int(t) << 23));
  float s = __fdiv_rn(1.0f, __fadd_rn(e, 1.0f));
  return __fmaf_rn(__fmul_rn(x, __fmul_rn(e, s)), s, s);
}

// Hyperbolic tangent, at most 2 ulp off.
__device__ __forceinline__ float hyperbolic_tangent(float x) {
  float s = __fmul_rn(x, x);
  float p = __fmaf_rn(s, 0.0021442126f, -0.008179172f);
  p = __fmaf_rn(p, s, 0.021701606f);
  p = __fmaf_rn(p, s, -0.05394697f);
  p = __fmaf_rn(p, s, 0.13333207f);
  p = __fmaf_rn(p, s, -0.3333333f);
  float small = __fmaf_rn(__fmul_rn(p, s), x, x);
  float a = fabsf(x);
  float e = exp_negative(__fmul_rn(a, -2.0f));
  float large = __fdiv_rn(__fsub_rn(1.0f, e), __fadd_rn(e, 1.0f));
  large = x < 0.0f ? -large : large;
  return a < 0.625f ? small : large;
}

// e^(-x^2/2)
__device__ __forceinline__ float bell(float x) {
  return exp_negative(__fmul_rn(__fmul_rn(x, x), -0.5f));
}

// The standard normal distribution function: Phi(-a) = e^(-a^2/2) P(t) with t = 1 / (1 + 0.28 a),
// so the negative tail does not cancel.
__device__ __forceinline__ float normal_cdf(float x, float bell_of_x) {
  float t = __fdiv_rn(1.0f, __fmaf_rn(fabsf(x), 0.28f, 1.0f));
  float p = __fmaf_rn(t, 0.022497501f, -0.081915334f);
  p = __fmaf_rn(p, t, 0.06673546f);
  p = __fmaf_rn(p, t, 0.024385499f);
  p = __fmaf_rn(p, t, 0.05076705f);
  p = __fmaf_rn(p, t, 0.09316291f);
  p = __fmaf_rn(p, t, 0.10064652f);
  p = __fmaf_rn(p, t, 0.11203561f);
  p = __fmaf_rn(p, t, 0.11168481f);
  float tail = __fmul_rn(__fmul_rn(p, t), bell_of_x);
  return x < 0.0f ? tail : __fsub_rn(1.0f, tail);
}

// x Phi(x)
__device__ __forceinline__ float gelu(float x) { return __fmul_rn(x, normal_cdf(x, bell(x))); }

// Phi(x) + x phi(x)
__device__ __forceinline__ float gelu_grad(float x) {
  float b = bell(x);
  return __fmaf_rn(__fmul_rn(x, 0.3989422804f), b, normal_cdf(x, b));
}

// ---- Activations that normalisation fuses; numbered as Activation.java orders them --------------

constexpr int NONE = 0;
constexpr int RELU = 1;
constexpr int SILU = 2;
constexpr int GELU = 3;

template <int ACTIVATION>
__device__ __forceinline__ float activate(float x) {
  if constexpr (ACTIVATION == RELU) {
    // NaN stays NaN, which fmaxf would hide.
    return x < 0.0f ? 0.0f : x;
  } else if constexpr (ACTIVATION == SILU) {
    return silu(x);
  } else if constexpr (ACTIVATION == GELU) {
    return gelu(x);
  } else {
    return x;
  }
}

template <int ACTIVATION>
__device__ __forceinline__ float activation_grad(float x) {
  if constexpr (ACTIVATION == RELU) {
    return x > 0.0f ? 1.0f : 0.0f;
  } else if constexpr (ACTIVATION == SILU) {
    return silu_grad(x);
  } else if constexpr (ACTIVATION == GELU) {
    return gelu_grad(x);
  } else {
    return 1.0f;
  }
}

// The same with the number of the activation as an argument: all threads take the same way.
__device__ __forceinline__ float activate(int activation, float x) {
  switch (activation) {
    case RELU: return activate<RELU>(x);
    case SILU: return activate<SILU>(x);
    case GELU: return activate<GELU>(x);
    default: return x;
  }
}

__device__ __forceinline__ float activation_grad(int activation, float x) {
  switch (activation) {
    case RELU: return activation_grad<RELU>(x);
    case SILU: return activation_grad<SILU>(x);
    case GELU: return activation_grad<GELU>(x);
    default: return 1.0f;
  }
}

}  // namespace jd
