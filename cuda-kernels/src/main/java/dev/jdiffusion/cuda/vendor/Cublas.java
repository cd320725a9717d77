package dev.jdiffusion.cuda.vendor;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.tensor.Precision;

/**
 * cuBLAS at work in one stream of one device, whose context is current in the thread that calls.
 * Numbers of its types are as in NVIDIA's {@code cublas_api.h} and {@code library_types.h}.
 */
public interface Cublas {
  /** {@code CUBLAS_OP_N}: a matrix as it is. */
  int OP_N = 0;

  /** {@code CUBLAS_OP_T}: a matrix transposed. */
  int OP_T = 1;

  /** {@code CUDA_R_32F}. */
  int FLOAT = 0;

  /** {@code CUBLAS_GEMM_DEFAULT}. */
  int DEFAULT_ALGORITHM = -1;

  /**
   * Calls {@code cublasGemmStridedBatchedEx}.
   *
   * @throws GpuException with the call, its extents and the name of its error
   */
  void gemm(Gemm gemm);

  /**
   * {@code C = op(A) op(B) + beta C} for each of a batch, as BLAS has it: columns lie behind each
   * other, and the next starts {@code ld} numbers further on. Matrices are device addresses.
   *
   * @param m rows of op(A) and C
   * @param n columns of op(B) and C
   * @param k columns of op(A), rows of op(B); at least 1
   * @param strideA from one matrix of the batch to the next, in numbers; 0 if all use the same
   */
  record Gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      long a,
      int lda,
      long strideA,
      long b,
      int ldb,
      long strideB,
      float beta,
      long c,
      int ldc,
      long strideC,
      int batch,
      Precision precision) {
    /**
     * The product {@code out[m, n] = op(a) op(b) + beta out} of matrices whose rows lie behind each
     * other. Read by columns, such a matrix is its own transpose, so BLAS is asked for {@code out^T
     * = op(b)^T op(a)^T}, and nothing is moved.
     *
     * @param nextA from one matrix to the next, as {@link #strideA}
     */
    public static Gemm ofRows(
        int m,
        int n,
        int k,
        long a,
        boolean transposeA,
        long nextA,
        long b,
        boolean transposeB,
        long nextB,
        float beta,
        long out,
        int batch,
        Precision precision) {
      return new Gemm(
          transposeB,
          transposeA,
          n,
          m,
          k,
          b,
          transposeB ? k : n,
          nextB,
          a,
          transposeA ? m : k,
          nextA,
          beta,
          out,
          n,
          (long) m * n,
          batch,
          precision);
    }

    /** {@code cublasComputeType_t}: how numbers may be rounded before they are multiplied. */
    public int computeType() {
      return switch (precision) {
        case FP32 -> 68; // CUBLAS_COMPUTE_32F
        case TF32 -> 77; // CUBLAS_COMPUTE_32F_FAST_TF32
        case BF16 -> 75; // CUBLAS_COMPUTE_32F_FAST_16BF
      };
    }

    @Override
    public String toString() {
      return "%s%s m %d n %d k %d batch %d %s"
          .formatted(transposeA ? "T" : "N", transposeB ? "T" : "N", m, n, k, batch, precision);
    }
  }

  /** Throws what a {@code cublasStatus_t} means, if it is not success. */
  static void check(String call, int status, Object what) {
    if (status != 0) {
      throw new GpuException(call + " (" + what + ") failed with " + name(status));
    }
  }

  private static String name(int status) {
    String name =
        switch (status) {
          case 1 -> "NOT_INITIALIZED";
          case 3 -> "ALLOC_FAILED";
          case 7 -> "INVALID_VALUE";
          case 8 -> "ARCH_MISMATCH";
          case 11 -> "MAPPING_ERROR";
          case 13 -> "EXECUTION_FAILED";
          case 14 -> "INTERNAL_ERROR";
          case 15 -> "NOT_SUPPORTED";
          default -> String.valueOf(status);
        };
    return "CUBLAS_STATUS_" + name;
  }
}
