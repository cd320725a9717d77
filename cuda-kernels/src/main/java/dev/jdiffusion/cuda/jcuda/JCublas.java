package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.vendor.Cublas;
import dev.jdiffusion.cuda.vendor.ForeignCublas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;

/** cuBLAS 12, through JCuda. */
public final class JCublas implements Cublas {
  private static final class Handle extends cublasHandle {
    long value() {
      return getNativePointer();
    }
  }

  private final Handle handle = new Handle();
  private final MemorySegment oldFactor = Arena.ofAuto().allocate(JAVA_FLOAT);
  private final MemorySegment one = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1);
  private final HostPointer alpha = new HostPointer(one);
  private final HostPointer beta = new HostPointer(oldFactor);

  private JCublas() {}

  /**
   * Loads JCuda's part. Look for cuBLAS 12 before: without it this fails, for ever.
   *
   * @throws GpuException with the reason in one line
   */
  public static void load() {
    JCudaNatives.load(JCudaNatives.Library.CUBLAS);
  }

  /**
   * Opens it for a stream.
   *
   * @param symbols of NVIDIA's library
   * @param workspace device memory that it may work in, and no other
   */
  public static JCublas open(
      SymbolLookup symbols, long stream, long workspace, long workspaceBytes) {
    load();
    JCublas cublas = new JCublas();
    Cublas.check("cublasCreate", JCublas2.cublasCreate(cublas.handle), "a new handle");
    ForeignCublas.setStream(symbols, cublas.handle.value(), stream);
    Cublas.check(
        "cublasSetWorkspace",
        JCublas2.cublasSetWorkspace(cublas.handle, new Address(workspace), workspaceBytes),
        workspaceBytes + " bytes");
    return cublas;
  }

  @Override
  public void gemm(Gemm g) {
    oldFactor.set(JAVA_FLOAT, 0, g.beta());
    // The name without _new is not in JCuda's native library.
    int status =
        JCublas2.cublasGemmStridedBatchedEx_new(
            handle,
            g.transposeA() ? OP_T : OP_N,
            g.transposeB() ? OP_T : OP_N,
            g.m(),
            g.n(),
            g.k(),
            alpha,
            new Address(g.a()),
            FLOAT,
            g.lda(),
            g.strideA(),
            new Address(g.b()),
            FLOAT,
            g.ldb(),
            g.strideB(),
            beta,
            new Address(g.c()),
            FLOAT,
            g.ldc(),
            g.strideC(),
            g.batch(),
            g.computeType(),
            DEFAULT_ALGORITHM);
    Cublas.check("cublasGemmStridedBatchedEx", status, g);
  }
}
