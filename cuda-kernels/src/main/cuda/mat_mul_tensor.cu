// tiers: sm_80
// The matrix products of mat_mul.cu on tensor cores: operands rounded to TF32 or bfloat16, sums in
// single precision.
#include "mat_mul.cuh"
#include "tensor_core.cuh"

#define BOTH(SIZE, TILE)                            \
  MAT_MUL(mat_mul_tf32_##SIZE, Tensor##TILE<Tf32>)  \
  MAT_MUL(mat_mul_bf16_##SIZE, Tensor##TILE<Bf16>)

BOTH(large4, Large4)
BOTH(medium4, Medium4)
BOTH(medium1, Medium1)
