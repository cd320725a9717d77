// tiers: sm_80
// The matrix products of mat_mul.cu on tensor cores: operands rounded to TF32 or bfloat16, sums in
// single precision. Large tiles are compiled for each layout of the operands, t of one that is
// transposed and n of one that is not: but for both transposed, which hardly anybody asks for, and
// for the left one in bfloat16, as that is the product of weight gradients, computed in TF32.
#include "mat_mul.cuh"
#include "staged.cuh"

#define STAGED(KIND, NAME, LAYOUT, A_ALONG_K, B_ALONG_K)                                     \
  using KIND##Large##LAYOUT = StagedLarge<KIND, A_ALONG_K, B_ALONG_K>;                       \
  using KIND##Huge##LAYOUT = StagedHuge<KIND, A_ALONG_K, B_ALONG_K>;                         \
  MAT_MUL(mat_mul_##NAME##_large_##LAYOUT, KIND##Large##LAYOUT)                              \
  MAT_MUL(mat_mul_##NAME##_huge_##LAYOUT, KIND##Huge##LAYOUT)

STAGED(Tf32, tf32, nn, true, false)
STAGED(Tf32, tf32, nt, true, true)
STAGED(Tf32, tf32, tn, false, false)
STAGED(Bf16, bf16, nn, true, false)
STAGED(Bf16, bf16, nt, true, true)

MAT_MUL(mat_mul_tf32_medium4, TensorMedium4<Tf32>)
MAT_MUL(mat_mul_tf32_medium1, TensorMedium1<Tf32>)

MAT_MUL(mat_mul_bf16_medium4, TensorMedium4<Bf16>)
MAT_MUL(mat_mul_bf16_medium1, TensorMedium1<Bf16>)

// Rounds to bfloat16, eight numbers a thread.
extern "C" __global__ void __launch_bounds__(256) mat_mul_round(
    const float4* __restrict__ from, uint4* __restrict__ to, int eights) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= eights) {
    return;
  }
  float4 a = from[2 * i];
  float4 b = from[2 * i + 1];
  to[i] = make_uint4(Bf16::pair(a.x, a.y), Bf16::pair(a.z, a.w), Bf16::pair(b.x, b.y),
                     Bf16::pair(b.z, b.w));
}
