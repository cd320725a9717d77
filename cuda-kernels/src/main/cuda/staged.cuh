// Large tiles of tensor cores (compute capability 8.0 on), to be used in the place of Tile in
// gemm.cuh, whose slices come by cp.async.
//
// A slice goes from global to shared memory in pieces of 16 bytes, past the registers: while one is
// multiplied, the next STAGES - 1 are on their way. So the registers are free for sums: a warp owns
// 64 x 64 results, 128 of a thread, and a number that it reads from shared memory serves 64
// multiply-adds. For each mma it then reads 128 bytes of shared memory; a warp's tile of 64 x 32
// would read 192.
//
// Of the second-level cache, a tile of 128 x 128 asks two numbers for 128 multiply-adds, one of
// 128 x 256 asks three for 256. That is 32 and 43 operations for a byte of single precision, 64 and
// 85 of bfloat16, and why operands of bfloat16 are rounded in global memory before (mat_mul_round):
// rounded on the way they would take twice the bytes. TF32 has no shorter form, so its operands
// are rounded last, in two instructions between shared memory and mma.
//
// Operands lie in shared memory as they do in global memory, along K or along rows, so a tile is
// compiled for each layout. Pieces of 16 bytes change places within 128 bytes (a swizzle), so that
// neither the copies nor the reads of a warp meet in a bank, without padding. ldmatrix hands out
// words of an operand along K, each a TF32 number or two of bfloat16, and transposes one of 16-bit
// numbers along rows. TF32 numbers along rows are read in fours instead: a lane then has other rows
// of the tile, which row() and column() know.
#pragma once

#include "tensor_core.cuh"

// A place in shared memory, as cp.async and ldmatrix want it.
__device__ __forceinline__ unsigned sharedAddress(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// Starts a copy of 16 bytes; zeros if they are not valid, and then from is not read.
__device__ __forceinline__ void copyAsync(unsigned to, const void* from, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(to), "l"(__cvta_generic_to_global(from)), "r"(valid ? 16 : 0)
               : "memory");
}

// Closes the group of the copies that were started since the last one.
__device__ __forceinline__ void commitCopies() {
  asm volatile("cp.async.commit_group;" : : : "memory");
}

// Waits for all groups but the last OPEN.
template <int OPEN>
__device__ __forceinline__ void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" : : "n"(OPEN) : "memory");
}

// Four matrices of 8 rows of 16 bytes; lane 8 m + r gives the address of row r of matrix m.
__device__ __forceinline__ void loadMatrices(unsigned from, unsigned& a, unsigned& b, unsigned& c,
                                             unsigned& d) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "r"(from)
               : "memory");
}

__device__ __forceinline__ void loadTransposed(unsigned from, unsigned& a, unsigned& b, unsigned& c,
                                               unsigned& d) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "r"(from)
               : "memory");
}

// One operand's part of a stage: a slice of ROWS x BK, and how a warp reads 64 rows of it.
template <class T, int ROWS, bool ALONG_K, bool LEFT>
struct Side {
  using Element = typename T::Element;
  static constexpr int WIDTH = T::WIDTH;
  static constexpr int BYTES = ROWS * T::BK * sizeof(Element);
  static constexpr bool PAIRS = sizeof(Element) == 2;
  static_assert(T::BK * sizeof(Element) == 64, "a row along K is four pieces of 16 bytes");

  // Where the 16 bytes with element (row, k) lie.
  __device__ __forceinline__ static int place(int row, int k) {
    if constexpr (ALONG_K) {
      return row * 64 + ((k / WIDTH) ^ (row / 2 % 4)) * 16;
    } else {
      int mixed = PAIRS ? k % 2 * 4 + k / 2 % 4 : k % 4 * 2;
      return k * ROWS * static_cast<int>(sizeof(Element)) + ((row / WIDTH) ^ mixed) * 16;
    }
  }

  // What lane 4 g + t multiplies in step s of a slice, of eight groups of eight rows from firstRow
  // on: words t and t + 4 along K of row rowOf(f, g), at words(f, 0) and words(f, 1).
  template <class Words>
  __device__ __forceinline__ static void load(const char* side, int firstRow, int s,
                                              const Words& words) {
    int lane = threadIdx.x % 32;
    if constexpr (ALONG_K || PAIRS) {
      // Four matrices: of two groups of rows, each the first and the second four words. A register
      // of a multiplication's left operand has rows of both groups before it has the second words.
      int group = lane / (LEFT ? 8 : 16) % 2 * 8;
      int half = lane / (LEFT ? 16 : 8) % 2;
#pragma unroll
      for (int f = 0; f < 8; f += 2) {
        unsigned& second = LEFT ? words(f + 1, 0) : words(f, 1);
        unsigned& third = LEFT ? words(f, 1) : words(f + 1, 0);
        if constexpr (ALONG_K) {
          int start = place(firstRow + group + lane % 8, half * WIDTH) ^ s * 32;
          loadMatrices(sharedAddress(side + start + f * 8 * 64), words(f, 0), second, third,
                       words(f + 1, 1));
        } else {
          int start = place(firstRow + group, half * 8 + lane % 8) ^ f * 16;
          loadTransposed(sharedAddress(side + start + s * 16 * ROWS * 2), words(f, 0), second,
                         third, words(f + 1, 1));
        }
      }
      if constexpr (!PAIRS) {
#pragma unroll
        for (int f = 0; f < 8; f++) {
          words(f, 0) = T::round(__uint_as_float(words(f, 0)));
          words(f, 1) = T::round(__uint_as_float(words(f, 1)));
        }
      }
    } else {
      int start = place(firstRow + lane / 4 * 4, lane % 4);
#pragma unroll
      for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int f = 0; f < 8; f += 4) {
          float4 four = *reinterpret_cast<const float4*>(
              side + start + (s * 8 + half * 4) * ROWS * 4 + f * 32);
          words(f, half) = T::round(four.x);
          words(f + 1, half) = T::round(four.y);
          words(f + 2, half) = T::round(four.z);
          words(f + 3, half) = T::round(four.w);
        }
      }
    }
  }

  // The row of group f and g, from firstRow on.
  __device__ __forceinline__ static int rowOf(int f, int g) {
    return ALONG_K || PAIRS ? f * 8 + g : f / 4 * 32 + g * 4 + f % 4;
  }
};

// A_ALONG_K, B_ALONG_K: whether the left and the right operand are contiguous along K.
template <class KIND, int ROWS, int COLUMNS, int SLICES, bool A_ALONG_K, bool B_ALONG_K>
struct StagedTile : KIND {
  using Element = typename KIND::Stored;
  static constexpr int STAGES = SLICES;
  static constexpr bool LEFT_ALONG_K = A_ALONG_K, RIGHT_ALONG_K = B_ALONG_K;
  static constexpr int BM = ROWS, BN = COLUMNS, BK = 64 / sizeof(Element);
  static constexpr int WARP = 64;
  static constexpr int TM = WARP / 8, TN = WARP / 4;
  static constexpr int WIDTH = 16 / sizeof(Element);
  static constexpr int THREADS = (BM / WARP) * (BN / WARP) * 32;
  static constexpr int BLOCKS = 256 / THREADS;
  // Sums of a thread that are neighbours: see column.
  static constexpr bool FOURS = !B_ALONG_K && sizeof(Element) == 4;
  static constexpr int RUN = FOURS ? 4 : 2;
  static constexpr int PAD = 0, SIDE = 4;
  static constexpr bool PAIRS = false;

  __device__ __forceinline__ static int warpRow() {
    return threadIdx.x / 32 / (BN / WARP) * WARP;
  }

  __device__ __forceinline__ static int warpColumn() {
    return threadIdx.x / 32 % (BN / WARP) * WARP;
  }

  // The place in the tile of a thread's sum [i][j].
  __device__ __forceinline__ static int row(int i) {
    return warpRow() + Side<StagedTile, BM, A_ALONG_K, true>::rowOf(i, threadIdx.x % 32 / 4);
  }

  __device__ __forceinline__ static int column(int j) {
    int t = threadIdx.x % 4;
    return warpColumn() + (FOURS ? j / 8 * 32 + t * 8 + j % 8 : j / 2 * 8 + t * 2 + j % 2);
  }

  // The sum of column 2 t of group f; that of 2 t + 1 comes PAIR behind.
  static constexpr int PAIR = FOURS ? 4 : 1;

  __device__ __forceinline__ static constexpr int sumOf(int f) {
    return FOURS ? f / 4 * 8 + f % 4 : 2 * f;
  }

  template <class A, class B>
  __device__ __forceinline__ static void multiplyInStages(A& a, B& b, int slices,
                                                          float (&sum)[TM][TN]) {
    using Left = Side<StagedTile, BM, A_ALONG_K, true>;
    using Right = Side<StagedTile, BN, B_ALONG_K, false>;
    constexpr int BYTES = Left::BYTES + Right::BYTES;
    extern __shared__ __align__(128) char stages[];
    auto copySlice = [&](char* to) {
      a.next([&](int i, const Element* from, bool valid) {
        copyAsync(sharedAddress(to + Left::place(a.row + i * a.rowStep, a.k)), from, valid);
      });
      b.next([&](int i, const Element* from, bool valid) {
        copyAsync(sharedAddress(to + Left::BYTES + Right::place(b.row + i * b.rowStep, b.k)), from,
                  valid);
      });
    };
#pragma unroll
    for (int slice = 0; slice < STAGES - 1; slice++) {
      if (slice < slices) {
        copySlice(stages + slice * BYTES);
      }
      commitCopies();
    }
    int reading = 0;
    int writing = STAGES - 1;
    for (int slice = 0; slice < slices; slice++) {
      // Groups are counted, so there is one for each slice, even where nothing is copied. Behind
      // the barrier all threads' parts of this slice are there, and all have read the slice before,
      // whose stage is the next to be written.
      waitForCopies<STAGES - 2>();
      __syncthreads();
      if (slice + STAGES - 1 < slices) {
        copySlice(stages + writing * BYTES);
      }
      commitCopies();
      const char* left = stages + reading * BYTES;
#pragma unroll
      for (int s = 0; s < 2; s++) {
        unsigned x[TM / 2][4];
        unsigned y[8][2];
        Left::load(left, warpRow(), s,
                   [&](int f, int half) -> unsigned& { return x[f / 2][half * 2 + f % 2]; });
        Right::load(left + Left::BYTES, warpColumn(), s,
                    [&](int f, int half) -> unsigned& { return y[f][half]; });
#pragma unroll
        for (int i = 0; i < TM; i += 2) {
#pragma unroll
          for (int f = 0; f < 8; f++) {
            int j = sumOf(f);
            KIND::multiply(x[i / 2], y[f], sum[i][j], sum[i][j + PAIR], sum[i + 1][j],
                           sum[i + 1][j + PAIR]);
          }
        }
      }
      reading = reading == STAGES - 1 ? 0 : reading + 1;
      writing = writing == STAGES - 1 ? 0 : writing + 1;
    }
  }
};

// Names as in gemm.cuh. The launch gives shared memory: STAGES * (BM + BN) * 64 bytes.
template <class KIND, bool A_ALONG_K, bool B_ALONG_K>
using StagedLarge = StagedTile<KIND, 128, 128, 3, A_ALONG_K, B_ALONG_K>;
template <class KIND, bool A_ALONG_K, bool B_ALONG_K>
using StagedHuge = StagedTile<KIND, 128, 256, 4, A_ALONG_K, B_ALONG_K>;
