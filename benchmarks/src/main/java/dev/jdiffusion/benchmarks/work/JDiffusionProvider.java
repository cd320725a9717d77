package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import java.util.List;

/** Opens this project's own devices. */
public final class JDiffusionProvider implements ContenderProvider {
  @Override
  public List<String> devices() {
    return List.of("reference", "cpu", "cuda", "cuda-tf32", "cuda-bf16", "cuda:emulator");
  }

  /** With the number of a GPU, too: {@link GpuName}. */
  @Override
  public boolean has(String device) {
    return devices().contains(device) || GpuName.of(device).filter(GpuName::isOurs).isPresent();
  }

  @Override
  public Contender open(String device, int threads) {
    Backend backend =
        GpuName.of(device)
            .map(gpu -> Backends.open(gpu.device(), threads, gpu.precision()))
            .orElseGet(() -> Backends.open(Device.parse(device), threads));
    return new JDiffusionContender(backend);
  }
}
