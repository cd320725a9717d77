package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Probe;

final class ProbeCases {
  private ProbeCases() {}

  static void addTo(Cases cases) {
    for (int size : new int[] {0, 1, 63, Probe.CHAINS, 2 * Probe.CHAINS + 5}) {
      for (int rounds : new int[] {0, 1, 7, 1000}) {
        cases.add(
            "probe of " + size + " chains of " + rounds,
            run -> {
              Tensor chains = run.updated("chains", Tolerance.EXACT, size);
              double flops = run.on().probe().multiplyAdds(rounds, chains);
              double once = 2.0 * rounds * size;
              // How many copies there are is up to the backend, but each is counted.
              double copies = once == 0 ? 1 : flops / once;
              run.value("copies", Tolerance.EXACT, Math.signum(copies));
              run.value("part of a copy", Tolerance.EXACT, copies - Math.floor(copies));
              run.value("of nothing", Tolerance.EXACT, once == 0 ? flops : 0);
            });
      }
    }
  }
}
