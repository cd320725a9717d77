package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.vendor.Cublas;
import dev.jdiffusion.cuda.vendor.Cudnn;
import org.jspecify.annotations.Nullable;

/**
 * Which of NVIDIA's libraries work for a backend.
 *
 * @param cublas opens the one for matrix products; null for this project's kernels
 * @param cudnn opens the one for convolutions; null for this project's kernels
 * @param description for people, in one line
 */
record Vendor(@Nullable CublasOpener cublas, @Nullable CudnnOpener cudnn, String description) {
  static final Vendor NONE = new Vendor(null, null, "");

  /** Opens cuBLAS for a stream, with device memory to work in. */
  interface CublasOpener {
    Cublas open(long stream, long workspace, long workspaceBytes);
  }

  /** Opens cuDNN for a stream. */
  interface CudnnOpener {
    Cudnn open(long stream);
  }
}
