package dev.jdiffusion.benchmarks.peers;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/** Matrix products by OpenBLAS. */
final class OpenBlasContender implements Contender {
  /** The variable that names the processor whose kernels are used. */
  static final String KERNEL = "OPENBLAS_CORETYPE";

  private final int threads;

  private OpenBlasContender(int threads) {
    this.threads = threads;
  }

  static OpenBlasContender open(int threads) {
    Loader.load(openblas_nolapack.class);
    openblas_nolapack.blas_set_num_threads(threads);
    return new OpenBlasContender(threads);
  }

  @Override
  public String description() {
    String kernel = Optional.ofNullable(System.getenv(KERNEL)).orElse("its own choice");
    return "OpenBLAS %s, kernel %s, threads %d"
        .formatted(PeerProvider.version("openblas"), kernel, threads);
  }

  @Override
  public Operation prepare(Workload work) {
    if (work instanceof Workload.MatMul product) {
      return new MatMul(product);
    }
    throw new UnsupportedOperationException("OpenBLAS multiplies matrices only");
  }

  private static final class MatMul implements Operation {
    private final Workload.MatMul work;
    private final FloatPointer a;
    private final FloatPointer b;
    private final FloatPointer out;

    MatMul(Workload.MatMul work) {
      this.work = work;
      a = new FloatPointer(Workload.values("a", work.m() * work.k()));
      b = new FloatPointer(Workload.values("b", work.k() * work.n()));
      out = new FloatPointer((long) work.m() * work.n());
    }

    @Override
    public void run() {
      openblas_nolapack.cblas_sgemm(
          CblasRowMajor,
          work.transposeA() ? CblasTrans : CblasNoTrans,
          work.transposeB() ? CblasTrans : CblasNoTrans,
          work.m(),
          work.n(),
          work.k(),
          1,
          a,
          work.transposeA() ? work.m() : work.k(),
          b,
          work.transposeB() ? work.k() : work.n(),
          0,
          out,
          work.n());
    }

    @Override
    public float[] result() {
      float[] values = new float[work.m() * work.n()];
      out.get(values);
      return values;
    }
  }
}
