package dev.jdiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DdpmUNetTest {
  private static final Backend BACKEND = Backends.open(Device.CPU, 2);
  private static final long SEED = 31;

  private static Variable pictures(int count, int size) {
    Shape shape = Shape.of(count, size, size, 3);
    double[] values = new Random(SEED).doubles(shape.size(), -1, 1).toArray();
    return Variable.constant(Tensor.of(BACKEND, shape, values));
  }

  @Test
  void theNetworkForCifar10HasThePublishedNumberOfParameters() {
    assertEquals(35_746_307, new DdpmUNet().parameterCount());
  }

  @Test
  void resultsHaveTheShapeOfThePicturesAndDependOnTime() {
    DdpmUNet net = new DdpmUNet(32, 0.1);
    try (ParameterStore store = ParameterStore.forInference(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Variable x = pictures(2, 16);
      Variable out = net.forward(x, IntTensor.of(3, 700));
      assertEquals(x.shape(), out.shape());
      double[] later = net.forward(x, IntTensor.of(4, 700)).value().toDoubles();
      double[] sooner = out.value().toDoubles();
      int picture = sooner.length / 2;
      assertNotEquals(0, Arrays.compare(sooner, 0, picture, later, 0, picture));
      assertEquals(0, Arrays.compare(sooner, picture, 2 * picture, later, picture, 2 * picture));
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    DdpmUNet net = new DdpmUNet(32, 0.1);
    try (ParameterStore store = ParameterStore.forTraining(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Variable x = pictures(2, 16);
      try (Tape tape = Tape.record()) {
        tape.backward(Loss.mse(net.forward(x, IntTensor.of(3, 700)), x));
      }
      store
          .views(store.gradients())
          .forEach((name, gradient) -> {
            double[] values = gradient.toDoubles();
            assertTrue(Arrays.stream(values).allMatch(Double::isFinite), name);
            assertTrue(Arrays.stream(values).anyMatch(g -> g != 0), name);
          });
    }
  }

  @Test
  void dropoutIsForTrainingOnly() {
    DdpmUNet net = new DdpmUNet(32, 0.5);
    try (ParameterStore store = ParameterStore.forInference(net, BACKEND);
        Scope _ = Scope.open()) {
      store.initialize(SEED);
      Variable x = pictures(1, 8);
      double[] evaluated = net.forward(x, IntTensor.of(10)).value().toDoubles();
      net.train(SEED, Tensor.of(BACKEND, Shape.of(2), 0, 0));
      double[] trained = net.forward(x, IntTensor.of(10)).value().toDoubles();
      net.evaluate();
      assertNotEquals(0, Arrays.compare(evaluated, trained));
      assertArrayEquals(evaluated, net.forward(x, IntTensor.of(10)).value().toDoubles());
    }
  }

  @Test
  void picturesAndTimestepsMustFit() {
    DdpmUNet net = new DdpmUNet(32, 0);
    try (Scope _ = Scope.open()) {
      UserError size =
          assertThrows(UserError.class, () -> net.forward(pictures(1, 12), IntTensor.of(0)));
      assertEquals(
          "pictures of 12x12 cannot be halved 3 times; choose a multiple of 8", size.getMessage());
      IllegalArgumentException count =
          assertThrows(
              IllegalArgumentException.class,
              () -> net.forward(pictures(1, 8), IntTensor.of(0, 1)));
      assertEquals(
          "DdpmUNet: timesteps [2] do not match pictures [1, 8, 8, 3]", count.getMessage());
    }
  }
}
