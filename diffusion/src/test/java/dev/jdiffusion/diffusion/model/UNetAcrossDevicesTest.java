package dev.jdiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.diffusion.model.UNetConfig.Block;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same network on different devices and with different numbers of threads. */
class UNetAcrossDevicesTest {
  private static final long SEED = 5;

  private static UNetConfig small(Block block) {
    return new UNetConfig(10, List.of(1, 2, 3), 1, block, 5, 2, 7);
  }

  /** Trains with a rate of zero: the result, the loss and all gradients of one step, by name. */
  private static Map<String, double[]> step(Backend backend, UNetConfig config) {
    UNet net = new UNet(config);
    Map<String, double[]> results = new LinkedHashMap<>();
    try (ParameterStore store = ParameterStore.forTraining(net, backend);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      try (Tape tape = Tape.record()) {
        Variable out = net.forward(pictures(backend, 1), IntTensor.of(7, 180, 42));
        Variable loss = Loss.huber(out, pictures(backend, 2));
        results.put("output", out.value().toDoubles());
        results.put("loss", loss.value().toDoubles());
        tape.backward(loss);
      }
      store
          .views(store.gradients())
          .forEach((name, gradient) -> results.put(name, gradient.toDoubles()));
    }
    return results;
  }

  private static Variable pictures(Backend backend, long seed) {
    Shape shape = Shape.of(3, 12, 12, 1);
    double[] values = new Random(seed).doubles(shape.size(), -1, 1).toArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) values[i];
    }
    return Variable.constant(Tensor.of(backend, shape, values));
  }

  @ParameterizedTest
  @EnumSource(Block.class)
  void theCpuAgreesWithTheReferenceForwardAndBackward(Block block) {
    Map<String, double[]> expected = step(Backends.open(Device.REFERENCE, 1), small(block));
    Map<String, double[]> actual = step(Backends.open(Device.CPU, 2), small(block));
    expected.forEach((name, values) -> {
      double[] others = actual.get(name);
      double difference = 0;
      double length = 0;
      for (int i = 0; i < values.length; i++) {
        difference += (values[i] - others[i]) * (values[i] - others[i]);
        length += values[i] * values[i];
      }
      double error = Math.sqrt(difference / length);
      assertTrue(error < 1e-4, name + " differs by " + error + ", seed " + SEED);
    });
  }

  @ParameterizedTest
  @EnumSource(Block.class)
  void theCpuGivesTheSameBitsForAnyNumberOfThreads(Block block) {
    Map<String, double[]> one = step(Backends.open(Device.CPU, 1), small(block));
    for (int threads : new int[] {2, 3, 5}) {
      Map<String, double[]> many = step(Backends.open(Device.CPU, threads), small(block));
      one.forEach((name, values) ->
          assertArrayEquals(values, many.get(name), name + " with " + threads + " threads"));
    }
  }

  @Test
  void trainingStepsKeepNoMemory() {
    // One thread: how many run at once, and borrow scratch memory each, would be chance.
    Backend backend = Backends.open(Device.CPU, 1);
    UNet net = new UNet(small(Block.CONVNEXT));
    try (ParameterStore store = ParameterStore.forTraining(net, backend)) {
      store.initialize(SEED);
      AdamOptimizer optimizer = new AdamOptimizer(store, AdamOptimizer.Settings.adam());
      MemoryStatistics afterTwo = backend.memory();
      for (int step = 0; step < 20; step++) {
        try (Scope _ = Scope.open();
            Tape tape = Tape.record()) {
          Variable out = net.forward(pictures(backend, step), IntTensor.of(step, 9, 0));
          tape.backward(Loss.huber(out, pictures(backend, 1)));
        }
        assertTrue(optimizer.step(1e-4, 1).applied());
        if (step == 1) {
          afterTwo = backend.memory();
        }
      }
      MemoryStatistics atTheEnd = backend.memory();
      assertEquals(afterTwo.inUse(), atTheEnd.inUse());
      assertEquals(afterTwo.pooled(), atTheEnd.pooled());
    }
  }
}
