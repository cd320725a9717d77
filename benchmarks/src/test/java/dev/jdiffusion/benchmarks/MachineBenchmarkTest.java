package dev.jdiffusion.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.benchmarks.work.Workload.Machine.Limit;
import org.junit.jupiter.api.Test;

class MachineBenchmarkTest {
  private static double flops(int threads) {
    MachineBenchmark question = new MachineBenchmark();
    question.limit = Limit.FMA;
    question.threads = threads;
    return question.workload().flops();
  }

  @Test
  void eachThreadHasTheSameMultiplyAdds() {
    double ofOne = 2.0 * (96 << 20);
    for (int threads : new int[] {1, 2, 64}) {
      assertEquals(threads * ofOne, flops(threads));
    }
  }
}
