package dev.jdiffusion.benchmarks.ladder;

import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * What does each change between the plain loops and the engine's kernel bring to a product of two
 * matrices of 1024 rows and columns?
 */
public class GemmLadderBenchmark extends LadderBenchmark {
  private static final int N = 1024;

  /** The rungs, in their order; all but the last on one thread. */
  public enum Step {
    NAIVE,
    REORDERED,
    ROWS,
    BLOCKED,
    ONE_VECTOR,
    REGISTER_TILE,
    PACKED,
    ENGINE,
    ENGINE_TWO_THREADS
  }

  @Param public Step rung;

  @Override
  double flops() {
    return 2.0 * N * N * N;
  }

  @Override
  Operation prepare() {
    return prepare(rung, N, N, N);
  }

  /** The product of a {@code [m, k]} and b {@code [k, n]}, the same for all rungs. */
  static Operation prepare(Step rung, int m, int k, int n) {
    float[] a = Workload.values("a", m * k);
    float[] b = Workload.values("b", k * n);
    float[] c = new float[m * n];
    float[] panel = new float[GemmLadder.panelLength()];
    return switch (rung) {
      case NAIVE -> new Rung(() -> GemmLadder.naive(a, b, c, m, k, n), c);
      case REORDERED -> new Rung(() -> GemmLadder.reordered(a, b, c, m, k, n), c);
      case ROWS -> new Rung(() -> GemmLadder.rows(a, b, c, m, k, n), c);
      case BLOCKED -> new Rung(() -> GemmLadder.blocked(a, b, c, m, k, n), c);
      case ONE_VECTOR -> new Rung(() -> GemmLadder.oneVector(a, b, c, m, k, n), c);
      case REGISTER_TILE -> new Rung(() -> GemmLadder.registerTile(a, b, c, m, k, n), c);
      case PACKED -> new Rung(() -> GemmLadder.packed(a, b, c, m, k, n, panel), c);
      case ENGINE, ENGINE_TWO_THREADS ->
          Contenders.open("cpu", rung == Step.ENGINE ? 1 : 2)
              .prepare(new Workload.MatMul(m, k, n, false, false));
    };
  }
}
