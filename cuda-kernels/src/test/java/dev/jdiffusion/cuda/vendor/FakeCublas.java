package dev.jdiffusion.cuda.vendor;

import static dev.jdiffusion.cuda.vendor.EmulatedMemory.call;
import static dev.jdiffusion.cuda.vendor.EmulatedMemory.number;
import static dev.jdiffusion.cuda.vendor.EmulatedMemory.set;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.jcuda.FakeLibrary;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The functions of cuBLAS that are called here, as cublas_api.h declares them, in plain loops over
 * the memory of an emulated GPU.
 */
@SuppressWarnings("unused") // Called through addresses.
public final class FakeCublas {
  private static final int SUCCESS = 0;
  private static final int INVALID_VALUE = 7;
  private static final int INTERNAL_ERROR = 14;
  private static final long HANDLE = 0xB1A5;

  private final EmulatedMemory memory = new EmulatedMemory();
  private final FakeLibrary library;
  private final int version;

  /** Compute types of products, in their order. */
  public final List<Integer> computeTypes = new ArrayList<>();

  /** What it was told when it was opened. */
  public final List<String> settings = new ArrayList<>();

  /** What the next product returns instead of being computed, if it is not 0. */
  public int failure;

  /** Takes the place of the library for this process. */
  public FakeCublas(Path directory, String name, int version) throws IOException {
    this.version = version;
    library = new FakeLibrary(directory, name, this, MethodHandles.lookup(), "cublas");
  }

  public SymbolLookup symbols() {
    return library.symbols();
  }

  /** From now on the addresses are those of another GPU. */
  public void use(GpuDriver driver) {
    memory.use(driver);
  }

  int cublasGetProperty(int part, MemorySegment value) {
    set(value, part == 0 ? version : part == 1 ? 6 : 4);
    return SUCCESS;
  }

  int cublasCreate_v2(MemorySegment handle) {
    set(handle, HANDLE);
    return SUCCESS;
  }

  int cublasSetStream_v2(long handle, long stream) {
    settings.add("stream " + stream);
    return handle == HANDLE ? SUCCESS : INVALID_VALUE;
  }

  int cublasSetWorkspace_v2(long handle, long address, long bytes) {
    settings.add("workspace " + bytes);
    return call(
        INTERNAL_ERROR,
        () -> {
          memory.scribble(address, bytes);
          return handle == HANDLE ? SUCCESS : INVALID_VALUE;
        });
  }

  int cublasGemmStridedBatchedEx(
      long handle,
      int opA,
      int opB,
      int m,
      int n,
      int k,
      MemorySegment alpha,
      long a,
      int typeA,
      int lda,
      long strideA,
      long b,
      int typeB,
      int ldb,
      long strideB,
      MemorySegment beta,
      long c,
      int typeC,
      int ldc,
      long strideC,
      int batch,
      int computeType,
      int algorithm) {
    computeTypes.add(computeType);
    if (failure != SUCCESS) {
      return failure;
    }
    if (handle != HANDLE || typeA != 0 || typeB != 0 || typeC != 0 || algorithm != -1) {
      return INVALID_VALUE;
    }
    if (lda < (opA == 0 ? m : k) || ldb < (opB == 0 ? k : n) || ldc < m || opA > 1 || opB > 1) {
      return INVALID_VALUE;
    }
    return call(
        INTERNAL_ERROR,
        () -> {
          for (int i = 0; i < batch; i++) {
            float[] first =
                memory.read(a + i * strideA * 4, extent(opA == 0 ? m : k, opA == 0 ? k : m, lda));
            float[] second =
                memory.read(b + i * strideB * 4, extent(opB == 0 ? k : n, opB == 0 ? n : k, ldb));
            long at = c + i * strideC * 4;
            int size = extent(m, n, ldc);
            // As in BLAS: what counts nothing is not read.
            float[] result = number(beta) == 0 ? new float[size] : memory.read(at, size);
            for (int row = 0; row < m; row++) {
              for (int column = 0; column < n; column++) {
                double sum = 0;
                for (int j = 0; j < k; j++) {
                  float x = first[opA == 0 ? row + j * lda : j + row * lda];
                  float y = second[opB == 0 ? j + column * ldb : column + j * ldb];
                  sum += (double) x * y;
                }
                int place = row + column * ldc;
                result[place] = (float) (number(alpha) * sum + number(beta) * result[place]);
              }
            }
            memory.write(at, result);
          }
          return SUCCESS;
        });
  }

  /** Numbers from a matrix's first to its last, where columns lie behind each other. */
  private static int extent(int rows, int columns, int ld) {
    return (columns - 1) * ld + rows;
  }
}
