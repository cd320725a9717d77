// tiers: sm_80
// The products of convolution.cu on tensor cores: operands rounded to TF32 or bfloat16, sums in
// single precision. Weight gradients have no bfloat16 variant: they are what a long training adds
// up.
//
// In NHWC 16 bytes are neighbouring channels of one pixel, so the copies of large tiles serve
// windows as they do plain matrices: pixels are contiguous along K in the forward pass and the
// input gradient, along rows in the weight gradient; weights along K in the input gradient only.
#include "convolution.cuh"
#include "staged.cuh"

#define ALL(SIZE, TILE)                                                \
  FORWARD(convolution_forward_tf32_##SIZE, Tensor##TILE<Tf32>)         \
  FORWARD(convolution_forward_bf16_##SIZE, Tensor##TILE<Bf16>)         \
  INPUT_GRAD(convolution_input_grad_tf32_##SIZE, Tensor##TILE<Tf32>)   \
  INPUT_GRAD(convolution_input_grad_bf16_##SIZE, Tensor##TILE<Bf16>)   \
  WEIGHT_GRAD(convolution_weight_grad_tf32_##SIZE, Tensor##TILE<Tf32>)

ALL(medium4, Medium4)
ALL(medium1, Medium1)

#define STAGED(SIZE, TILE)                                                  \
  using Forward##TILE##Tf32 = Staged##TILE<Tf32, true, false>;              \
  using Forward##TILE##Bf16 = Staged##TILE<Bf16, true, false>;              \
  using InputGrad##TILE##Tf32 = Staged##TILE<Tf32, true, true>;             \
  using InputGrad##TILE##Bf16 = Staged##TILE<Bf16, true, true>;             \
  using WeightGrad##TILE##Tf32 = Staged##TILE<Tf32, false, false>;          \
  FORWARD(convolution_forward_tf32_##SIZE, Forward##TILE##Tf32)             \
  FORWARD(convolution_forward_bf16_##SIZE, Forward##TILE##Bf16)             \
  INPUT_GRAD(convolution_input_grad_tf32_##SIZE, InputGrad##TILE##Tf32)     \
  INPUT_GRAD(convolution_input_grad_bf16_##SIZE, InputGrad##TILE##Bf16)     \
  WEIGHT_GRAD(convolution_weight_grad_tf32_##SIZE, WeightGrad##TILE##Tf32)

STAGED(large, Large)
STAGED(huge, Huge)
