package dev.jdiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.NonFiniteFinder;
import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.diffusion.UserError;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UNetTest {
  private static final Backend BACKEND = Backends.open(Device.REFERENCE, 1);
  private static final long SEED = 23;

  private static UNetConfig tiny(Block block) {
    return new UNetConfig(4, List.of(1, 2, 3), 2, block, 2, 2, 3);
  }

  private static Tensor pictures(Backend backend, int count, int size) {
    Shape shape = Shape.of(count, size, size, 2);
    return Tensor.of(backend, shape, new Random(SEED).doubles(shape.size(), -1, 1).toArray());
  }

  @ParameterizedTest
  @EnumSource(Block.class)
  void everyParametersGradientMatchesFiniteDifferences(Block block) {
    UNet net = new UNet(tiny(block));
    Random random = new Random(SEED);
    try (ParameterStore store = ParameterStore.forTraining(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Variable x = Variable.constant(pictures(BACKEND, 2, 4));
      Variable target = Variable.constant(Tensor.zeros(BACKEND, x.shape()));
      IntTensor timesteps = IntTensor.of(3, 150);
      try (Tape tape = Tape.record()) {
        tape.backward(Loss.mse(net.forward(x, timesteps), target));
      }
      Map<String, Tensor> gradients = store.views(store.gradients());
      for (Map.Entry<String, Tensor> entry : store.views(store.values()).entrySet()) {
        Tensor value = entry.getValue();
        double[] start = value.toDoubles();
        double[] direction = random.doubles(start.length, -1, 1).toArray();
        double step = 3e-6;
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
          double[] moved = start.clone();
          for (int i = 0; i < moved.length; i++) {
            moved[i] += (side == 0 ? step : -step) * direction[i];
          }
          value.copyFrom(moved);
          try (Scope _ = Scope.open()) {
            losses[side] = Loss.mse(net.forward(x, timesteps), target).item();
          }
        }
        value.copyFrom(start);
        double expected = (losses[0] - losses[1]) / (2 * step);
        double actual = 0;
        double[] gradient = gradients.get(entry.getKey()).toDoubles();
        for (int i = 0; i < gradient.length; i++) {
          actual += gradient[i] * direction[i];
        }
        String message = entry.getKey() + ", seed " + SEED;
        assertEquals(expected, actual, 1e-7 + 1e-6 * Math.abs(expected), message);
        // A dead parameter would agree with its finite difference as well.
        assertTrue(Arrays.stream(gradient).anyMatch(g -> g != 0), message);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Block.class)
  void aPicturesResultDoesNotDependOnItsBatch(Block block) {
    UNet net = new UNet(tiny(block));
    try (ParameterStore store = ParameterStore.forInference(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Tensor three = pictures(BACKEND, 3, 8);
      double[] together =
          net.forward(Variable.constant(three), IntTensor.of(1, 50, 999)).value().toDoubles();
      Variable second = Variable.constant(three.range(128, Shape.of(1, 8, 8, 2)));
      double[] alone = net.forward(second, IntTensor.of(50)).value().toDoubles();
      assertArrayEquals(Arrays.copyOfRange(together, 128, 256), alone);
      double[] later = net.forward(second, IntTensor.of(51)).value().toDoubles();
      assertNotEquals(0, Arrays.compare(alone, later), "time has no effect");
    }
  }

  @Test
  void resultsHaveTheShapeOfThePictures() {
    for (List<Integer> multipliers : List.of(List.of(1), List.of(2, 1), List.of(1, 1, 1, 1))) {
      UNet net = new UNet(new UNetConfig(6, multipliers, 2, Block.CONVNEXT, 1, 1, 2));
      try (ParameterStore store = ParameterStore.forInference(net, BACKEND);
          Scope _ = Scope.open()) {
        store.initialize(SEED);
        Variable x = Variable.constant(pictures(BACKEND, 1, 8));
        assertEquals(x.shape(), net.forward(x, IntTensor.of(0)).shape(), multipliers.toString());
      }
    }
  }

  @Test
  void picturesAndTimestepsMustFit() {
    UNet net = new UNet(tiny(Block.CONVNEXT));
    try (ParameterStore _ = ParameterStore.forInference(net, BACKEND);
        Scope _ = Scope.open()) {
      Variable odd = Variable.constant(pictures(BACKEND, 1, 6));
      assertThrows(UserError.class, () -> net.forward(odd, IntTensor.of(0)));
      Variable x = Variable.constant(pictures(BACKEND, 2, 4));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> net.forward(x, IntTensor.of(0, 1, 2)));
      assertEquals("UNet: timesteps [3] do not match pictures [2, 4, 4, 2]", e.getMessage());
    }
  }

  @Test
  void trainingLowersTheLossAndKeepsNoMemory() {
    UNet net = new UNet(tiny(Block.CONVNEXT));
    try (ParameterStore store = ParameterStore.forTraining(net, BACKEND)) {
      store.initialize(SEED);
      AdamOptimizer optimizer =
          new AdamOptimizer(store, AdamOptimizer.Settings.adam().clippedTo(1));
      double first = 0;
      double last = 0;
      MemoryStatistics afterTwo = BACKEND.memory();
      for (int step = 0; step < 12; step++) {
        try (Scope _ = Scope.open();
            Tape tape = Tape.record()) {
          Variable x = Variable.constant(pictures(BACKEND, 2, 4));
          Variable loss = Loss.huber(net.forward(x, IntTensor.of(step, 9)), x);
          tape.backward(loss);
          last = loss.item();
        }
        assertTrue(optimizer.step(3e-3, 1).applied());
        first = step == 0 ? last : first;
        if (step == 1) {
          afterTwo = BACKEND.memory();
        }
      }
      assertTrue(last < 0.7 * first, "loss went from " + first + " to " + last);
      assertEquals(afterTwo.inUse(), BACKEND.memory().inUse());
      assertEquals(afterTwo.peakInUse(), BACKEND.memory().peakInUse());
    }
  }

  @Test
  void theLayerWithAValueThatIsNotFiniteIsNamed() {
    UNet net = new UNet(tiny(Block.CONVNEXT));
    try (ParameterStore store = ParameterStore.forTraining(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Tensor bias = store.views(store.values()).get("down1.block2.norm1.gamma");
      bias.range(0, Shape.of(1)).copyFrom(new double[] {Double.NaN});
      NonFiniteFinder finder = new NonFiniteFinder();
      try (Tape _ = Tape.record(finder)) {
        net.forward(Variable.constant(pictures(BACKEND, 1, 4)), IntTensor.of(0));
      }
      String found = finder.found().orElse("");
      assertTrue(found.contains("in UNet.down1.block2.norm1"), found);
      assertTrue(found.contains("parameter down1.block2.norm1.gamma"), found);
    }
  }
}
