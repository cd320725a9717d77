// tiers: sm_80
// The products of convolution.cu on tensor cores: operands rounded to TF32 or bfloat16, sums in
// single precision. Weight gradients have no bfloat16 variant: they are what a long training adds
// up.
#include "convolution.cuh"
#include "tensor_core.cuh"

#define ALL(SIZE, TILE)                                              \
  FORWARD(convolution_forward_tf32_##SIZE, Tensor##TILE<Tf32>)        \
  FORWARD(convolution_forward_bf16_##SIZE, Tensor##TILE<Bf16>)        \
  INPUT_GRAD(convolution_input_grad_tf32_##SIZE, Tensor##TILE<Tf32>)  \
  INPUT_GRAD(convolution_input_grad_bf16_##SIZE, Tensor##TILE<Bf16>)  \
  WEIGHT_GRAD(convolution_weight_grad_tf32_##SIZE, Tensor##TILE<Tf32>)

ALL(large4, Large4)
ALL(medium4, Medium4)
ALL(medium1, Medium1)
