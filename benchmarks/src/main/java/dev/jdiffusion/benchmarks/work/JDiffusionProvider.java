package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import java.util.List;

/** Opens this project's own devices. */
public final class JDiffusionProvider implements ContenderProvider {
  @Override
  public List<String> devices() {
    return List.of("reference", "cpu", "cuda", "cuda:emulator");
  }

  @Override
  public Contender open(String device, int threads) {
    return new JDiffusionContender(Backends.open(Device.parse(device), threads));
  }
}
