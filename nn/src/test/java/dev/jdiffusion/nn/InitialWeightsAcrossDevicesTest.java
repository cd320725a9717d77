package dev.jdiffusion.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InitialWeightsAcrossDevicesTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theSameSeedGivesTheSameWeightsOnTheCpuAndTheReference(int threads) {
    ConvNeXtBlock block = new ConvNeXtBlock(3, 4, 5, 2);
    ConvNeXtBlock same = new ConvNeXtBlock(3, 4, 5, 2);
    try (ParameterStore expected = ParameterStore.forInference(block, ModuleGradients.BACKEND);
        ParameterStore actual =
            ParameterStore.forInference(same, Backends.open(Device.CPU, threads))) {
      expected.initialize(5);
      actual.initialize(5);
      assertArrayEquals(expected.values().toFloats(), actual.values().toFloats());
    }
  }
}
