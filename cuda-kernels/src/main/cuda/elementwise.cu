// Pointwise arithmetic.
//
// These kernels do a few operations for each number they read and write, so they run at the speed
// of memory. A block of 256 threads covers 1,024 neighbouring elements; each thread loads four of
// them, 256 apart, before it computes. Neighbouring threads touch neighbouring elements, so a warp's
// load is one wide transaction, and four loads in flight hide the latency of memory. (Loads of four
// elements at once would need addresses that are multiples of 16 bytes, and tensors may be views
// that start anywhere.)
//
// Outputs may be inputs: each thread writes only elements that it alone has read before.
#include "common.cuh"

constexpr int THREADS = 256;
constexpr int PER_THREAD = 4;

// Calls body(k, i) for the elements i of this thread.
template <typename Body>
__device__ __forceinline__ void for_elements(int n, Body body) {
  unsigned first = blockIdx.x * (THREADS * PER_THREAD) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < PER_THREAD; k++) {
    unsigned i = first + k * THREADS;
    if (i < (unsigned)n) {
      body(k, i);
    }
  }
}

template <typename Function>
__device__ __forceinline__ void map(const float* x, float* out, int n, Function f) {
  float value[PER_THREAD];
  for_elements(n, [&](int k, unsigned i) { value[k] = x[i]; });
  for_elements(n, [&](int k, unsigned i) { out[i] = f(value[k]); });
}

template <typename Function>
__device__ __forceinline__ void map(
    const float* a, const float* b, float* out, int n, Function f) {
  float left[PER_THREAD];
  float right[PER_THREAD];
  for_elements(n, [&](int k, unsigned i) {
    left[k] = a[i];
    right[k] = b[i];
  });
  for_elements(n, [&](int k, unsigned i) { out[i] = f(left[k], right[k]); });
}

// ---- Functions of one number --------------------------------------------------------------------

// 2 sqrt(2/pi) (x + 0.044715 x^3)
__device__ __forceinline__ float gelu_tanh_argument(float x) {
  float cubic = __fmul_rn(__fmaf_rn(__fmul_rn(x, x), 0.044715f, 1.0f), x);
  return __fmul_rn(cubic, 1.5957691216f);
}

// 0.5 x (1 + tanh(u)) = x sigmoid(2u)
__device__ __forceinline__ float gelu_tanh(float x) {
  return __fmul_rn(x, jd::sigmoid(gelu_tanh_argument(x)));
}

__device__ __forceinline__ float gelu_tanh_grad(float x) {
  float u = gelu_tanh_argument(x);
  // Both sigmoid(u) and sigmoid(-u), since 1 - s cancels where the slope of u is large.
  float e = jd::exp_negative(-fabsf(u));
  float sum = __fadd_rn(e, 1.0f);
  float s = __fdiv_rn(u < 0.0f ? e : 1.0f, sum);
  float complement = __fdiv_rn(u < 0.0f ? 1.0f : e, sum);
  // Limited, lest an infinite slope meet a sigmoid of 0; s still sees NaN.
  float c = fminf(fmaxf(x, -88.0f), 88.0f);
  float slope =
      __fmul_rn(__fmaf_rn(__fmul_rn(c, c), 3 * 0.044715f, 1.0f), 1.5957691216f);
  return __fmaf_rn(__fmul_rn(__fmul_rn(c, slope), s), complement, s);
}

#define UNARY(NAME, EXPRESSION)                                                      \
  extern "C" __global__ void __launch_bounds__(THREADS)                              \
      elementwise_##NAME(const float* x, float* out, int n) {                        \
    map(x, out, n, [](float x) -> float { return EXPRESSION; });                     \
  }

UNARY(neg, -x)
UNARY(exp, jd::exponential(x))
UNARY(log, jd::logarithm(x))
UNARY(sqrt, __fsqrt_rn(x))
UNARY(square, x * x)
UNARY(abs, fabsf(x))
UNARY(relu, jd::activate<jd::RELU>(x))
UNARY(silu, jd::silu(x))
UNARY(gelu, jd::gelu(x))
UNARY(gelu_tanh, gelu_tanh(x))
UNARY(sigmoid, jd::sigmoid(x))
UNARY(tanh, jd::hyperbolic_tangent(x))

// dx = dy * f', where f' is a function of s: the argument x of f, or its value, whichever the
// derivative is written in.
#define UNARY_GRAD(NAME, EXPRESSION)                                                     \
  extern "C" __global__ void __launch_bounds__(THREADS)                                  \
      elementwise_##NAME##_grad(const float* s, const float* dy, float* dx, int n) {     \
    map(s, dy, dx, n, [](float s, float dy) -> float { return EXPRESSION; });            \
  }

UNARY_GRAD(neg, -dy)
UNARY_GRAD(exp, dy * s)
UNARY_GRAD(log, dy / s)
UNARY_GRAD(sqrt, dy / (s + s))
UNARY_GRAD(square, dy * (s + s))
UNARY_GRAD(abs, s > 0.0f ? dy : s < 0.0f ? -dy : dy * s)
UNARY_GRAD(relu, s > 0.0f ? dy : 0.0f)
UNARY_GRAD(silu, dy * jd::silu_grad(s))
UNARY_GRAD(gelu, dy * jd::gelu_grad(s))
UNARY_GRAD(gelu_tanh, dy * gelu_tanh_grad(s))
UNARY_GRAD(sigmoid, dy * (s * (1.0f - s)))
UNARY_GRAD(tanh, dy * __fmaf_rn(-s, s, 1.0f))

// ---- Powers -------------------------------------------------------------------------------------

// x^n by squaring.
__device__ __forceinline__ float integer_power(float x, int exponent) {
  float result = 1.0f;
  float square = x;
  for (unsigned n = exponent < 0 ? -(unsigned)exponent : exponent; n != 0; n >>= 1) {
    if (n & 1) {
      result *= square;
    }
    square *= square;
  }
  return exponent < 0 ? 1.0f / result : result;
}

// out = x^exponent
extern "C" __global__ void __launch_bounds__(THREADS)
    elementwise_integer_power(const float* x, int exponent, float* out, int n) {
  map(x, out, n, [=](float x) { return integer_power(x, exponent); });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    elementwise_power(const float* x, float exponent, float* out, int n) {
  map(x, out, n, [=](float x) { return jd::exponential(exponent * jd::logarithm(x)); });
}

// dx = dy * factor * x^exponent
extern "C" __global__ void __launch_bounds__(THREADS) elementwise_integer_power_grad(
    const float* x, const float* dy, float factor, int exponent, float* dx, int n) {
  map(x, dy, dx, n, [=](float x, float dy) {
    return dy * (factor * integer_power(x, exponent));
  });
}

extern "C" __global__ void __launch_bounds__(THREADS) elementwise_power_grad(
    const float* x, const float* dy, float factor, float exponent, float* dx, int n) {
  map(x, dy, dx, n, [=](float x, float dy) {
    return dy * (factor * jd::exponential(exponent * jd::logarithm(x)));
  });
}

// ---- Functions of two numbers -------------------------------------------------------------------
//
// Broadcasting is a matter of strides: an operand that is repeated along an axis has stride 0
// there. The Java side merges neighbouring axes first, so that two of the three forms are nearly
// always enough: "flat", where an operand is of out's size (stride 1) or one number (stride 0), and
// out as [.., e1, e2], such as pixels and channels. No tensor has more than 2^31 elements, so offsets
// fit in 32 bits.

template <int RANK>
struct Strides {
  unsigned along[RANK];
};

// The sum of coordinate times stride for both operands; extent[0] is not needed.
template <int RANK>
__device__ __forceinline__ void offsets(
    unsigned i,
    const int (&extent)[RANK],
    const Strides<RANK>& a,
    const Strides<RANK>& b,
    unsigned& atA,
    unsigned& atB) {
  atA = 0;
  atB = 0;
#pragma unroll
  for (int axis = RANK - 1; axis > 0; axis--) {
    unsigned outer = i / (unsigned)extent[axis];
    unsigned coordinate = i - outer * extent[axis];
    atA += coordinate * a.along[axis];
    atB += coordinate * b.along[axis];
    i = outer;
  }
  atA += i * a.along[0];
  atB += i * b.along[0];
}

#define BINARY(NAME, EXPRESSION)                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS) elementwise_##NAME(                   \
      const float* a, const float* b, float* out, int n, int strideA, int strideB) {          \
    float left[PER_THREAD];                                                                   \
    float right[PER_THREAD];                                                                  \
    for_elements(n, [&](int k, unsigned i) {                                                  \
      left[k] = a[i * (unsigned)strideA];                                                     \
      right[k] = b[i * (unsigned)strideB];                                                    \
    });                                                                                       \
    for_elements(n, [&](int k, unsigned i) {                                                  \
      float a = left[k];                                                                      \
      float b = right[k];                                                                     \
      out[i] = EXPRESSION;                                                                    \
    });                                                                                       \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS) elementwise_##NAME##_3(               \
      const float* a, const float* b, float* out, int n, int e1, int e2, int a0, int a1,      \
      int a2, int b0, int b1, int b2) {                                                       \
    const int extent[3] = {0, e1, e2};                                                        \
    Strides<3> ofA = {{(unsigned)a0, (unsigned)a1, (unsigned)a2}};                            \
    Strides<3> ofB = {{(unsigned)b0, (unsigned)b1, (unsigned)b2}};                            \
    binary<3>(a, b, out, n, extent, ofA, ofB,                                                 \
        [](float a, float b) -> float { return EXPRESSION; });                                \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS) elementwise_##NAME##_5(               \
      const float* a, const float* b, float* out, int n, int e1, int e2, int e3, int e4,      \
      int a0, int a1, int a2, int a3, int a4, int b0, int b1, int b2, int b3, int b4) {       \
    const int extent[5] = {0, e1, e2, e3, e4};                                                \
    Strides<5> ofA = {                                                                        \
        {(unsigned)a0, (unsigned)a1, (unsigned)a2, (unsigned)a3, (unsigned)a4}};              \
    Strides<5> ofB = {                                                                        \
        {(unsigned)b0, (unsigned)b1, (unsigned)b2, (unsigned)b3, (unsigned)b4}};              \
    binary<5>(a, b, out, n, extent, ofA, ofB,                                                 \
        [](float a, float b) -> float { return EXPRESSION; });                                \
  }

template <int RANK, typename Function>
__device__ __forceinline__ void binary(
    const float* a,
    const float* b,
    float* out,
    int n,
    const int (&extent)[RANK],
    const Strides<RANK>& stridesA,
    const Strides<RANK>& stridesB,
    Function f) {
  float left[PER_THREAD];
  float right[PER_THREAD];
  for_elements(n, [&](int k, unsigned i) {
    unsigned atA;
    unsigned atB;
    offsets<RANK>(i, extent, stridesA, stridesB, atA, atB);
    left[k] = a[atA];
    right[k] = b[atB];
  });
  for_elements(n, [&](int k, unsigned i) { out[i] = f(left[k], right[k]); });
}

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)

// ---- The rest -----------------------------------------------------------------------------------

extern "C" __global__ void __launch_bounds__(THREADS)
    elementwise_affine(const float* x, float scale, float shift, float* out, int n) {
  map(x, out, n, [=](float x) { return __fmaf_rn(x, scale, shift); });
}

// Comparisons that are false for NaN let it pass.
extern "C" __global__ void __launch_bounds__(THREADS)
    elementwise_clamp(const float* x, float low, float high, float* out, int n) {
  map(x, out, n, [=](float x) { return x < low ? low : x > high ? high : x; });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    elementwise_add_scaled(float scale, const float* x, float* y, int n) {
  map(x, y, y, n, [=](float x, float y) { return __fmaf_rn(scale, x, y); });
}
