// Kernels for the emulator's tests, not for use: what compilers make of library functions brings in
// calls, local memory, tables of constants, carries and double precision.
//
//   nvcc -ptx -arch=compute_75 -O3 samples.cu, without the comment lines at its top

constexpr int FUNCTIONS = 12;

extern "C" __global__ void functions(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) {
    return;
  }
  float v = x[i];
  y += i * FUNCTIONS;
  y[0] = tanhf(v);
  y[1] = powf(fabsf(v), 1.7f);
  y[2] = log1pf(v * v);
  y[3] = expm1f(v);
  y[4] = sinf(v);
  y[5] = cosf(1e6f * v);
  y[6] = log2f(fabsf(v));
  y[7] = fmodf(v, 0.7f);
  y[8] = (float)exp((double)v);
  y[9] = (float)sin(1e9 * (double)v);
  y[10] = (float)pow(fabs((double)v), 0.3);
  y[11] = rintf(v) + roundf(v) + truncf(v);
}

__device__ __noinline__ float triangle(float a, int k) {
  float sum = 0;
  for (int i = 0; i < k; i++) {
    sum += a * i;
  }
  return sum;
}

extern "C" __global__ void calls(float* y, int n) {
  int i = threadIdx.x;
  if (i < n) {
    y[i] = triangle(y[i], i) + triangle(2.0f, 3);
  }
}

__constant__ int table[5] = {1, 2, 3, 5, 8};

extern "C" __global__ void integers(const int* x, int* y, int a, int b, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) {
    return;
  }
  int v = x[i];
  int stack[8];
  for (int k = 0; k < 8; k++) {
    stack[k] = table[(i + k) % 5] * v;
  }
  int r = v / a + v % b + (int)(((long long)v * 123456789012LL) / a) + stack[v & 7];
  switch (v & 7) {
    case 0: r += 3; break;
    case 1: r *= 7; break;
    case 2: r ^= 99; break;
    case 3: r -= b; break;
    case 5: r |= 5; break;
    default: r = ~r;
  }
  y[i] = r + __popc(v) + __clz(v) + __byte_perm(v, a, 0x3715);
}
