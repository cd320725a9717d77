// tiers: sm_80
// The matrix products of mat_mul.cu on tensor cores: operands rounded to TF32 or bfloat16, sums in
// single precision.
#include "mat_mul.cuh"
#include "tensor_core.cuh"

MAT_MUL(mat_mul_tf32_large4, TensorLarge4<Tf32>)
MAT_MUL(mat_mul_tf32_medium4, TensorMedium4<Tf32>)
MAT_MUL(mat_mul_tf32_medium1, TensorMedium1<Tf32>)

MAT_MUL(mat_mul_bf16_large4, TensorDeep4)
MAT_MUL(mat_mul_bf16_medium4, TensorMedium4<Bf16>)
MAT_MUL(mat_mul_bf16_medium1, TensorMedium1<Bf16>)
