// The matrix product as one first writes it: out[m, n] = a[m, k] b[k, n], a thread for each element.
//
// Here to be read and to be compared with mat_mul.cu (`emulate matMul --kernel naive`); no operation
// uses it. Neighbouring threads have neighbouring columns, so their reads of b and their stores lie
// side by side, and the threads of a row read the same number of a. But every multiplication reads
// both of its operands from global memory: a number of a is read n times, one of b m times. A tile
// of mat_mul.cu brings each to shared memory once and uses it from there by all of its rows or
// columns.
extern "C" __global__ void __launch_bounds__(256) naive_mat_mul(
    const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ out, int m, int n,
    int k) {
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= m || column >= n) {
    return;
  }
  float sum = 0.0f;
  for (int i = 0; i < k; i++) {
    sum = fmaf(a[static_cast<long long>(row) * k + i], b[static_cast<long long>(i) * n + column],
               sum);
  }
  out[static_cast<long long>(row) * n + column] = sum;
}
