package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Probe;

final class ReferenceProbe implements Probe {
  @Override
  public double multiplyAdds(int rounds, Tensor chains) {
    Values x = Values.of(chains);
    for (int i = 0; i < chains.size(); i++) {
      double chain = x.get(i);
      for (int round = 0; round < rounds; round++) {
        chain = Math.fma(chain, -2, chain);
      }
      x.set(i, chain);
    }
    return 2.0 * rounds * chains.size();
  }
}
