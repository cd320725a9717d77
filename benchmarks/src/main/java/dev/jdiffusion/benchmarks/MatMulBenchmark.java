package dev.jdiffusion.benchmarks;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** How many GFLOP/s does a matrix product reach, by size and by which operand is transposed? */
@State(Scope.Benchmark)
@Fork(
    value = 3,
    jvmArgsAppend = {
      "--add-modules",
      "jdk.incubator.vector",
      "-XX:Tier3DelayOn=1000000",
      "-XX:+UseSerialGC",
      "-Xmx4g"
    })
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 1)
public class MatMulBenchmark {
  @Param("cpu")
  String device;

  @Param("2")
  int threads;

  /** Rows, inner extent and columns. */
  @Param({"512x512x512", "1000x1000x1000", "100352x28x112", "128x112x112"})
  String size;

  private int m;
  private int k;
  private int n;
  private Backend backend;
  private Tensor a;
  private Tensor aTransposed;
  private Tensor b;
  private Tensor bTransposed;
  private Tensor out;

  @Setup
  public void setUp() {
    String[] extents = size.split("x");
    m = Integer.parseInt(extents[0]);
    k = Integer.parseInt(extents[1]);
    n = Integer.parseInt(extents[2]);
    backend = Devices.open(device, threads);
    a = Devices.random(backend, m, k);
    aTransposed = Devices.random(backend, k, m);
    b = Devices.random(backend, k, n);
    bTransposed = Devices.random(backend, n, k);
    out = Devices.random(backend, m, n);
  }

  @Benchmark
  public Tensor plain(Work work) {
    backend.matMul().matMul(a, false, b, false, null, null, out);
    return counted(work);
  }

  @Benchmark
  public Tensor firstTransposed(Work work) {
    backend.matMul().matMul(aTransposed, true, b, false, null, null, out);
    return counted(work);
  }

  @Benchmark
  public Tensor secondTransposed(Work work) {
    backend.matMul().matMul(a, false, bTransposed, true, null, null, out);
    return counted(work);
  }

  private Tensor counted(Work work) {
    work.gigaflops += 2e-9 * m * k * n;
    return out;
  }
}
