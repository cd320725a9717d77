// The product of two matrices by one block, shared by mat_mul.cu and convolution.cu.
//
// A block owns a tile of BM x BN results and walks along K in slices of BK. Each slice of both
// operands is brought into shared memory once, as [BK][rows], and used from there by all threads; a
// thread keeps TM x TN sums in registers, so that each number read from shared memory serves TN or
// TM multiplications. While a slice is multiplied the next one is already on its way from global
// memory to registers, and goes into the other of two buffers: one barrier per slice is enough.
//
// Where an operand comes from is the business of a loader: a plain matrix (below), or the pixels
// under a moving window (convolution.cu), which makes convolution a matrix product without an
// im2col buffer. Outside of its operand a loader delivers zeros, so the product itself has no
// tails.
#pragma once

// A tile of the ordinary arithmetic units. WIDTH is the number of floats in a load from global
// memory: 4, if all rows start at multiples of 16 bytes, or 1. Rows and columns of a thread come in
// fours, so that shared memory is read in vectors.
template <int ROWS, int COLUMNS, int DEPTH, int THREAD_ROWS, int THREAD_COLUMNS, int FLOATS>
struct Tile {
  // Slices in shared memory at once; with more than two they come by cp.async (staged.cuh).
  static constexpr int STAGES = 2;
  static constexpr int BM = ROWS, BN = COLUMNS, BK = DEPTH;
  static constexpr int TM = THREAD_ROWS, TN = THREAD_COLUMNS;
  static constexpr int WIDTH = FLOATS;
  static constexpr int THREADS = (BM / TM) * (BN / TN);
  // On a multiprocessor at once: 512 threads leave each at most 128 registers.
  static constexpr int BLOCKS = 512 / THREADS;
  // Columns of a thread that are neighbours.
  static constexpr int RUN = 4;
  // Floats between rows of shared memory: a transposed store then spreads over the banks.
  static constexpr int PAD = 4;
  // Threads of a warp side by side along K: 32 bytes, and their stores then meet in no bank.
  static constexpr int SIDE = FLOATS == 4 ? 2 : 8;
  // 16-bit numbers in shared memory, two of one row in a word.
  static constexpr bool PAIRS = false;
  // Numbers in global memory.
  using Element = float;

  // Where a row lies among those of a word along K.
  __device__ __forceinline__ static int place(int word, int row) { return row; }

  __device__ __forceinline__ static float prepare(float value) { return value; }

  // The place in the tile of a thread's sum [i][j].
  __device__ __forceinline__ static int row(int i) {
    return threadIdx.x / (BN / TN) * 4 + i / 4 * (4 * BM / TM) + i % 4;
  }

  __device__ __forceinline__ static int column(int j) {
    return threadIdx.x % (BN / TN) * 4 + j / 4 * (4 * BN / TN) + j % 4;
  }

  // Adds the product of a slice, one multiplication after the other in the order of K: the bits do
  // not depend on the tile.
  template <int LEFT_STRIDE, int RIGHT_STRIDE>
  __device__ __forceinline__ static void accumulate(const float* left, const float* right,
                                                    float (&sum)[TM][TN]) {
    left += row(0);
    right += column(0);
#pragma unroll
    for (int k = 0; k < BK; k++) {
      float x[TM];
      float y[TN];
      loadFours(left + k * LEFT_STRIDE, 4 * BM / TM, x);
      loadFours(right + k * RIGHT_STRIDE, 4 * BN / TN, y);
#pragma unroll
      for (int i = 0; i < TM; i++) {
#pragma unroll
        for (int j = 0; j < TN; j++) {
          sum[i][j] = fmaf(x[i], y[j], sum[i][j]);
        }
      }
    }
  }

  template <int COUNT>
  __device__ __forceinline__ static void loadFours(const float* from, int gap,
                                                   float (&values)[COUNT]) {
#pragma unroll
    for (int i = 0; i < COUNT; i += 4) {
      float4 four = *reinterpret_cast<const float4*>(from + i / 4 * gap);
      values[i] = four.x;
      values[i + 1] = four.y;
      values[i + 2] = four.z;
      values[i + 3] = four.w;
    }
  }
};

// GemmTile chooses among them by these names.
using Large4 = Tile<128, 128, 8, 8, 8, 4>;
using Medium4 = Tile<64, 64, 16, 8, 4, 4>;
using Medium1 = Tile<64, 64, 16, 8, 4, 1>;
using Tall4 = Tile<128, 32, 16, 8, 4, 4>;
using Tall1 = Tile<128, 32, 8, 8, 4, 1>;
using Small1 = Tile<32, 32, 16, 4, 4, 1>;

// Which part of a slice of ROWS x BK a thread brings: places (row + i * rowStep, k), each of WIDTH
// floats along the axis that is contiguous in memory. All places of a thread have the same k, so a
// loader tracks one position along K.
template <class T, int ROWS>
struct Panel {
  static constexpr int FLOATS = ROWS * T::BK / T::THREADS;
  static constexpr int PLACES = FLOATS / T::WIDTH;
  static constexpr int STRIDE = ROWS + T::PAD;
  static constexpr int SHARED = (T::PAIRS ? T::BK / 2 : T::BK) * STRIDE;
  static_assert(PLACES * T::WIDTH * T::THREADS == ROWS * T::BK, "threads do not cover the slice");

  bool alongK;
  int k, row, rowStep;

  __device__ __forceinline__ explicit Panel(bool contiguousAlongK) : alongK(contiguousAlongK) {
    int thread = threadIdx.x;
    if (alongK) {
      constexpr int PER_ROW = T::BK / T::WIDTH;
      constexpr int SIDE = T::SIDE < PER_ROW ? T::SIDE : PER_ROW;
      rowStep = T::THREADS / PER_ROW;
      k = (thread / (SIDE * rowStep) * SIDE + thread % SIDE) * T::WIDTH;
      row = thread / SIDE % rowStep;
    } else {
      constexpr int PER_K = T::THREADS / T::BK;
      k = thread / PER_K;
      row = thread % PER_K * T::WIDTH;
      rowStep = PER_K * T::WIDTH;
    }
  }

  // Where place i lies among the rows of a word along K.
  __device__ __forceinline__ int at(int word, int i) const {
    // Steps of four floats are multiples of 32 rows, which T::place does not mix.
    return T::WIDTH == 4 ? T::place(word, row) + i * rowStep : T::place(word, row + i * rowStep);
  }

  // Puts what was fetched at [k][row]; pairs of 16-bit numbers at [k / 2][row][k % 2].
  __device__ __forceinline__ void store(const float (&values)[FLOATS], float* shared) const {
    if constexpr (T::PAIRS) {
      storePairs(values, reinterpret_cast<unsigned*>(shared) + k / 2 * STRIDE);
    } else {
      storeWords(values, shared + k * STRIDE);
    }
  }

  __device__ __forceinline__ void storeWords(const float (&values)[FLOATS], float* to) const {
#pragma unroll
    for (int i = 0; i < PLACES; i++) {
      if constexpr (T::WIDTH == 1) {
        to[at(k, i)] = T::prepare(values[i]);
      } else if (alongK) {
#pragma unroll
        for (int q = 0; q < 4; q++) {
          to[q * STRIDE + at(k, i)] = T::prepare(values[4 * i + q]);
        }
      } else {
        *reinterpret_cast<float4*>(to + at(k, i)) =
            make_float4(T::prepare(values[4 * i]), T::prepare(values[4 * i + 1]),
                        T::prepare(values[4 * i + 2]), T::prepare(values[4 * i + 3]));
      }
    }
  }

  __device__ __forceinline__ void storePairs(const float (&values)[FLOATS], unsigned* to) const {
    unsigned short* halves = reinterpret_cast<unsigned short*>(to) + k % 2;
#pragma unroll
    for (int i = 0; i < PLACES; i++) {
      if constexpr (T::WIDTH == 1) {
        halves[2 * at(k / 2, i)] = T::half(values[i]);
      } else if (alongK) {
        to[at(k / 2, i)] = T::pair(values[4 * i], values[4 * i + 1]);
        to[STRIDE + at(k / 2, i)] = T::pair(values[4 * i + 2], values[4 * i + 3]);
      } else {
#pragma unroll
        for (int q = 0; q < 4; q++) {
          halves[2 * (at(k / 2, i) + q)] = T::half(values[4 * i + q]);
        }
      }
    }
  }
};

// Loaders have next(use): it calls use(i, from, valid) for each place i of the thread in the next
// slice, with the address of its first number, and whether it exists.

template <int WIDTH>
__device__ __forceinline__ void loadOrZero(float* values, const float* from, bool valid) {
  if constexpr (WIDTH == 1) {
    values[0] = valid ? __ldg(from) : 0.0f;
  } else {
    float4 four = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (valid) {
      four = __ldg(reinterpret_cast<const float4*>(from));
    }
    values[0] = four.x;
    values[1] = four.y;
    values[2] = four.z;
    values[3] = four.w;
  }
}

// Brings a thread's part of the next slice into registers.
template <class T, class Loader>
__device__ __forceinline__ void fetch(Loader& loader, float (&values)[Loader::FLOATS]) {
  loader.next([&](int i, const float* from, bool valid) {
    loadOrZero<T::WIDTH>(values + i * T::WIDTH, from, valid);
  });
}

// Rows of a matrix in memory. Element (row, k) lies at row * stride + k if it is contiguous along
// K, at k * stride + row otherwise.
template <class T, int ROWS>
struct Matrix : Panel<T, ROWS> {
  using P = Panel<T, ROWS>;
  using Element = typename T::Element;
  const Element* matrix;
  int at, advance, hop;
  int position, end, rowsLeft;

  __device__ __forceinline__ Matrix(const Element* source, int stride, bool alongK, int firstRow,
                                    int rows, int firstK, int endK)
      : P(alongK), matrix(source), position(firstK + P::k), end(endK),
        rowsLeft(rows - firstRow - P::row) {
    int r = firstRow + P::row;
    at = alongK ? r * stride + position : position * stride + r;
    advance = alongK ? T::BK : T::BK * stride;
    hop = alongK ? P::rowStep * stride : P::rowStep;
  }

  template <class Use>
  __device__ __forceinline__ void next(const Use& use) {
#pragma unroll
    for (int i = 0; i < P::PLACES; i++) {
      use(i, matrix + (at + i * hop), position < end && i * P::rowStep < rowsLeft);
    }
    position += T::BK;
    at += advance;
  }
};

// A position along a K that enumerates (outer, middle, inner), advanced by BK without division.
struct Counter {
  int inner, middle, outer;
  int innerExtent, middleExtent;
  int innerStep, middleStep, outerStep;

  __device__ __forceinline__ Counter(int start, int step, int innerCount, int middleCount)
      : innerExtent(innerCount), middleExtent(middleCount) {
    inner = start % innerCount;
    middle = start / innerCount % middleCount;
    outer = start / innerCount / middleCount;
    innerStep = step % innerCount;
    middleStep = step / innerCount % middleCount;
    outerStep = step / innerCount / middleCount;
  }

  __device__ __forceinline__ void advance() {
    inner += innerStep;
    middle += middleStep;
    outer += outerStep;
    if (inner >= innerExtent) {
      inner -= innerExtent;
      middle++;
    }
    if (middle >= middleExtent) {
      middle -= middleExtent;
      outer++;
    }
  }
};

// Adds the product of all slices, through registers and two buffers.
template <class T, class A, class B>
__device__ __forceinline__ void multiplyThroughRegisters(A& a, B& b, int slices,
                                                         float (&sum)[T::TM][T::TN]) {
  __shared__ __align__(16) float left[2][A::SHARED];
  __shared__ __align__(16) float right[2][B::SHARED];
  if (slices <= 0) {
    return;
  }
  float fromA[A::FLOATS];
  float fromB[B::FLOATS];
  fetch<T>(a, fromA);
  fetch<T>(b, fromB);
  a.store(fromA, left[0]);
  b.store(fromB, right[0]);
  __syncthreads();
  for (int slice = 0; slice < slices; slice++) {
    int buffer = slice & 1;
    bool more = slice + 1 < slices;
    if (more) {
      fetch<T>(a, fromA);
      fetch<T>(b, fromB);
    }
    T::template accumulate<A::STRIDE, B::STRIDE>(left[buffer], right[buffer], sum);
    if (more) {
      a.store(fromA, left[buffer ^ 1]);
      b.store(fromB, right[buffer ^ 1]);
      __syncthreads();
    }
  }
}

// Adds the product of all slices to the sums of the block's threads.
template <class T, class A, class B>
__device__ __forceinline__ void multiply(A& a, B& b, int slices, float (&sum)[T::TM][T::TN]) {
  if constexpr (T::STAGES == 2) {
    multiplyThroughRegisters<T>(a, b, slices, sum);
  } else {
    T::multiplyInStages(a, b, slices, sum);
  }
}

// Calls use(i, j, at, column) for each run of sums [i][j..] of a thread in existing rows and
// columns: they belong to the columns from column on, and to the elements from at = offset(row) +
// column on. Where loads are wide, extents are multiples of four: all columns of a run exist if its
// first does.
template <class T, class Offset, class Use>
__device__ __forceinline__ void forSums(int firstRow, int rows, int firstColumn, int columns,
                                        const Offset& offset, const Use& use) {
#pragma unroll
  for (int i = 0; i < T::TM; i++) {
    int row = firstRow + T::row(i);
    if (row < rows) {
      int start = offset(row);
#pragma unroll
      for (int j = 0; j < T::TN; j += T::RUN) {
        int column = firstColumn + T::column(j);
        if (column < columns) {
          use(i, j, start + column, column);
        }
      }
    }
  }
}

// What sums start from: bias[column] + residual[place of the result], where they are given.
template <class T, class Offset>
__device__ __forceinline__ void begin(float (&sum)[T::TM][T::TN], int firstRow, int rows,
                                      int firstColumn, int columns, const Offset& offset,
                                      const float* bias, const float* residual) {
#pragma unroll
  for (int i = 0; i < T::TM; i++) {
#pragma unroll
    for (int j = 0; j < T::TN; j++) {
      sum[i][j] = 0.0f;
    }
  }
  if (bias == nullptr && residual == nullptr) {
    return;
  }
  forSums<T>(firstRow, rows, firstColumn, columns, offset,
             [&](int i, int j, int at, int column) {
#pragma unroll
               for (int q = 0; q < T::RUN; q++) {
                 if (T::WIDTH >= 4 || column + q < columns) {
                   float value = bias == nullptr ? 0.0f : __ldg(bias + column + q);
                   sum[i][j + q] = residual == nullptr ? value : value + residual[at + q];
                 }
               }
             });
}

// Writes a tile. The residual of begin may be the same memory: each element is read by the thread
// that writes it.
template <class T, class Offset>
__device__ __forceinline__ void finish(const float (&sum)[T::TM][T::TN], int firstRow, int rows,
                                       int firstColumn, int columns, const Offset& offset,
                                       float* out) {
  forSums<T>(firstRow, rows, firstColumn, columns, offset,
             [&](int i, int j, int at, int column) {
               if constexpr (T::WIDTH >= 4 && T::RUN == 4) {
                 *reinterpret_cast<float4*>(out + at) =
                     make_float4(sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]);
               } else if constexpr (T::WIDTH >= 4) {
                 *reinterpret_cast<float2*>(out + at) = make_float2(sum[i][j], sum[i][j + 1]);
               } else {
#pragma unroll
                 for (int q = 0; q < T::RUN; q++) {
                   if (column + q < columns) {
                     out[at + q] = sum[i][j + q];
                   }
                 }
               }
             });
}

__device__ __forceinline__ int tilesFor(int extent, int tile) { return (extent + tile - 1) / tile; }
