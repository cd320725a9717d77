// Tiles of tensor cores (compute capability 8.0 on), to be used in the place of Tile in gemm.cuh.
//
// A warp owns WARP_ROWS x WARP_COLUMNS results and multiplies with mma.sync, 16 x 8 results at a
// time. Operands are rounded once, on their way into shared memory: to TF32 (10 bits after the
// point, 8 along K for each mma) or to bfloat16 (7 bits, 16 along K, two numbers in a word).
// Products are added in single precision. Shared memory holds words [word along K][row]; both kinds
// of mma take the words t and t + 4 of eight from lane 4 * g + t, so one loop serves both.
#pragma once

struct Tf32 {
  static constexpr bool PAIRS = false;
  // What staged tiles (staged.cuh) find in global memory.
  using Stored = float;

  // For multiply the same as prepare, in half the instructions: it does not look at the last 13
  // bits, so it is enough to add half of the last bit that it does look at, a power of two with
  // value's own exponent. Only numbers below 2^-126 have none, and are cut off.
  __device__ __forceinline__ static unsigned round(float value) {
    float power = __uint_as_float(__float_as_uint(value) & 0xff800000u);
    return __float_as_uint(__fmaf_rn(power, 0x1p-11f, value));
  }

  __device__ __forceinline__ static float prepare(float value) {
    unsigned rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
    return __uint_as_float(rounded);
  }

  __device__ __forceinline__ static void multiply(const unsigned (&a)[4], const unsigned (&b)[2],
                                                  float& c0, float& c1, float& c2, float& c3) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

struct Bf16 {
  static constexpr bool PAIRS = true;
  using Stored = unsigned short;

  __device__ __forceinline__ static unsigned pair(float low, float high) {
    unsigned both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
  }

  __device__ __forceinline__ static unsigned short half(float value) {
    return static_cast<unsigned short>(pair(value, 0.0f));
  }

  __device__ __forceinline__ static void multiply(const unsigned (&a)[4], const unsigned (&b)[2],
                                                  float& c0, float& c1, float& c2, float& c3) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
};

template <class KIND, int ROWS, int COLUMNS, int DEPTH, int WARP_ROWS, int WARP_COLUMNS, int FLOATS>
struct TensorTile : KIND {
  using Element = float;
  static constexpr int STAGES = 2;
  static constexpr int BM = ROWS, BN = COLUMNS, BK = DEPTH;
  static_assert(WARP_ROWS % 32 == 0 && WARP_COLUMNS % 32 == 0, "place exchanges rows within 32");
  static constexpr int TM = WARP_ROWS / 8, TN = WARP_COLUMNS / 4;
  static constexpr int WIDTH = FLOATS;
  static constexpr int THREADS = (BM / WARP_ROWS) * (BN / WARP_COLUMNS) * 32;
  static constexpr int BLOCKS = 512 / THREADS;
  static constexpr int RUN = 2;
  // Rows of shared memory start 8 banks apart: the lanes of a warp, four words along K of eight
  // neighbours, then read from 32 banks.
  static constexpr int PAD = 8;
  static constexpr int SIDE = FLOATS == 4 ? 32 : 8;

  // Four words along K exchange groups of eight rows with those of the next four, so that threads
  // that store side by side along K meet in few banks.
  __device__ __forceinline__ static int place(int word, int row) {
    return row ^ (word / 4 % 4 * 8);
  }

  __device__ __forceinline__ static int warpRow() {
    return threadIdx.x / 32 / (BN / WARP_COLUMNS) * WARP_ROWS + threadIdx.x % 32 / 4;
  }

  __device__ __forceinline__ static int warpColumn() {
    return threadIdx.x / 32 % (BN / WARP_COLUMNS) * WARP_COLUMNS;
  }

  __device__ __forceinline__ static int row(int i) { return warpRow() + i * 8; }

  __device__ __forceinline__ static int column(int j) {
    return warpColumn() + j / 2 * 8 + threadIdx.x % 4 * 2 + j % 2;
  }

  template <int LEFT_STRIDE, int RIGHT_STRIDE>
  __device__ __forceinline__ static void accumulate(const float* left, const float* right,
                                                    float (&sum)[TM][TN]) {
    const unsigned* x = reinterpret_cast<const unsigned*>(left);
    const unsigned* y = reinterpret_cast<const unsigned*>(right);
    int word = threadIdx.x % 4;
    x += word * LEFT_STRIDE + warpRow();
    y += word * RIGHT_STRIDE + warpColumn() + threadIdx.x % 32 / 4;
    constexpr int WORDS = KIND::PAIRS ? BK / 2 : BK;
#pragma unroll
    for (int k = 0; k < WORDS; k += 8) {
      unsigned b[TN / 2][2];
#pragma unroll
      for (int j = 0; j < TN / 2; j++) {
        b[j][0] = y[k * RIGHT_STRIDE + place(k, j * 8)];
        b[j][1] = y[(k + 4) * RIGHT_STRIDE + place(k + 4, j * 8)];
      }
#pragma unroll
      for (int i = 0; i < TM; i += 2) {
        unsigned a[4] = {x[k * LEFT_STRIDE + place(k, i * 8)],
                         x[k * LEFT_STRIDE + place(k, i * 8 + 8)],
                         x[(k + 4) * LEFT_STRIDE + place(k + 4, i * 8)],
                         x[(k + 4) * LEFT_STRIDE + place(k + 4, i * 8 + 8)]};
#pragma unroll
        for (int j = 0; j < TN / 2; j++) {
          KIND::multiply(a, b[j], sum[i][2 * j], sum[i][2 * j + 1], sum[i + 1][2 * j],
                         sum[i + 1][2 * j + 1]);
        }
      }
    }
  }
};

// Names as in gemm.cuh, by kind of number.
template <class KIND>
using TensorMedium4 = TensorTile<KIND, 64, 64, 16, 32, 32, 4>;
template <class KIND>
using TensorMedium1 = TensorTile<KIND, 64, 64, 16, 32, 32, 1>;
