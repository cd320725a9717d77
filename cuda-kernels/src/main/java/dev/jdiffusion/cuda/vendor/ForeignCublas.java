package dev.jdiffusion.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** cuBLAS of any version from 11.2 on, through {@code java.lang.foreign}. */
@SuppressWarnings("restricted")
public final class ForeignCublas implements Cublas {
  private static final String GEMM = "cublasGemmStridedBatchedEx";

  /** In a constant, so that the compiler sees through it; the function's address comes first. */
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_INT, JAVA_LONG, // the handle
                  JAVA_INT, JAVA_INT, // op(A), op(B)
                  JAVA_INT, JAVA_INT, JAVA_INT, // m, n, k
                  ADDRESS, // alpha
                  JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, // A
                  JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, // B
                  ADDRESS, // beta
                  JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, // C
                  JAVA_INT, JAVA_INT, JAVA_INT)); // batch, compute type, algorithm

  private final MemorySegment function;
  private final long handle;
  private final MemorySegment alpha = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1);
  private final MemorySegment beta = Arena.ofAuto().allocate(JAVA_FLOAT);

  private ForeignCublas(MemorySegment function, long handle) {
    this.function = function;
    this.handle = handle;
  }

  /**
   * Opens it for a stream.
   *
   * @param symbols of the library
   * @param workspace device memory that it may work in, and no other
   */
  public static ForeignCublas open(
      SymbolLookup symbols, long stream, long workspace, long workspaceBytes) {
    Functions functions = new Functions(symbols);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(JAVA_LONG);
      Cublas.check("cublasCreate", functions.call("cublasCreate_v2", created), "a new handle");
      ForeignCublas cublas = new ForeignCublas(functions.find(GEMM), created.get(JAVA_LONG, 0));
      setStream(symbols, cublas.handle, stream);
      Cublas.check(
          "cublasSetWorkspace",
          functions.call("cublasSetWorkspace_v2", cublas.handle, workspace, workspaceBytes),
          workspaceBytes + " bytes");
      return cublas;
    }
  }

  /** {@code cublasSetStream}: JCuda has no way to make its stream of a number. */
  public static void setStream(SymbolLookup symbols, long handle, long stream) {
    Cublas.check(
        "cublasSetStream",
        new Functions(symbols).call("cublasSetStream_v2", handle, stream),
        "stream " + stream);
  }

  @Override
  public void gemm(Gemm g) {
    beta.set(JAVA_FLOAT, 0, g.beta());
    int status;
    try {
      status =
          (int)
              CALL.invokeExact(
                  function,
                  handle,
                  g.transposeA() ? OP_T : OP_N,
                  g.transposeB() ? OP_T : OP_N,
                  g.m(),
                  g.n(),
                  g.k(),
                  alpha,
                  g.a(),
                  FLOAT,
                  g.lda(),
                  g.strideA(),
                  g.b(),
                  FLOAT,
                  g.ldb(),
                  g.strideB(),
                  beta,
                  g.c(),
                  FLOAT,
                  g.ldc(),
                  g.strideC(),
                  g.batch(),
                  g.computeType(),
                  DEFAULT_ALGORITHM);
    } catch (Throwable e) {
      throw Functions.failure(GEMM, e);
    }
    Cublas.check(GEMM, status, g);
  }
}
