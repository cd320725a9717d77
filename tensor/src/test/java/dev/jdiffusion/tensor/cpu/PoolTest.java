package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import dev.jdiffusion.tensor.ops.LinearAttention;
import org.junit.jupiter.api.Test;

final class PoolTest {
  @Test
  void aHundredStepsAskForMemoryOnlyInTheFirstTwo() {
    Backend on = Backends.open(Device.CPU, 1);
    step(on);
    step(on);
    MemoryStatistics second = on.memory();
    assertTrue(second.allocations() > 0, second.toString());
    for (int i = 0; i < 100; i++) {
      step(on);
    }
    MemoryStatistics last = on.memory();
    assertEquals(second.allocations(), last.allocations());
    assertEquals(second.pooled(), last.pooled());
    assertEquals(second.peakInUse(), last.peakInUse());
    assertEquals(0, on.memory().inUse());
  }

  @Test
  void eachThreadNeedsAtMostWhatOneNeeds() {
    Backend one = Backends.open(Device.CPU, 1);
    Backend three = Backends.open(Device.CPU, 3);
    step(one);
    // Which threads hold workspaces at the same time depends on timing, so there may be more later.
    for (int i = 0; i < 100; i++) {
      step(three);
    }
    assertTrue(
        three.memory().allocations() <= 3 * one.memory().allocations(),
        () -> one.memory() + " with one thread, with three " + three.memory());
    assertEquals(0, three.memory().inUse());
  }

  @Test
  void memoryComesBackWhenAScopeCloses() {
    Backend on = Backends.open(Device.CPU, 2);
    long before = on.memory().inUse();
    try (Scope scope = Scope.open()) {
      Tensor.zeros(on, Shape.of(1000));
      assertTrue(on.memory().inUse() >= before + 1000 * Float.BYTES, on.memory().toString());
      assertTrue(on.memory().peakInUse() >= on.memory().inUse(), on.memory().toString());
    }
    assertEquals(before, on.memory().inUse());
    assertTrue(on.memory().pooled() >= 1000 * Float.BYTES, on.memory().toString());
  }

  /**
   * What a block of a network does, forward and backward; kernels may take workspaces from the
   * pool.
   */
  private static void step(Backend on) {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.full(on, Shape.of(2, 7, 7, 28), 0.5);
      Geometry same = new Geometry(1, 1, 1);
      Tensor weight = Tensor.full(on, Shape.of(3, 3, 28, 84), 0.01);
      Tensor y = Tensor.empty(on, Shape.of(2, 7, 7, 84));
      on.convolution().forward(x, weight, null, null, same, y);
      Tensor gamma = Tensor.full(on, Shape.of(84), 1);
      Tensor beta = Tensor.zeros(on, Shape.of(84));
      Spec spec = new Spec(4, 1e-5, Activation.NONE, Activation.SILU);
      Tensor normalised = Tensor.empty(on, y.shape());
      Tensor mean = Tensor.empty(on, Shape.of(2, 4));
      Tensor rstd = Tensor.empty(on, Shape.of(2, 4));
      on.groupNorm().forward(y, null, gamma, beta, null, null, spec, normalised, mean, rstd);
      Tensor packed = normalised.reshape(2, 49, 84);
      Columns q = new Columns(packed, 0, 28);
      Columns k = new Columns(packed, 28, 28);
      Columns v = new Columns(packed, 56, 28);
      Tensor out = Tensor.empty(on, Shape.of(2, 49, 28));
      Tensor logSumExp = Tensor.empty(on, Shape.of(2, 4, 49));
      on.attention().forward(q, k, v, 4, 0.5, out, logSumExp);
      Tensor gradient = Tensor.zeros(on, packed.shape());
      Columns dQ = new Columns(gradient, 0, 28);
      Columns dK = new Columns(gradient, 28, 28);
      Columns dV = new Columns(gradient, 56, 28);
      on.attention().backward(q, k, v, 4, 0.5, out, logSumExp, out, dQ, dK, dV);
      Tensor saved = Tensor.empty(on, LinearAttention.savedShape(q, 4));
      on.linearAttention().forward(q, k, v, 4, 0.5, out, saved);
      on.linearAttention().backward(q, k, v, 4, 0.5, saved, out, dQ, dK, dV);
      Tensor dY = Tensor.empty(on, y.shape());
      Tensor dNormalised = gradient.reshape(y.shape());
      on.groupNorm()
          .backward(
              y,
              null,
              gamma,
              beta,
              null,
              spec,
              mean,
              rstd,
              dNormalised,
              dY,
              null,
              gamma,
              beta,
              null);
      Tensor dWeight = Tensor.zeros(on, weight.shape());
      on.convolution().weightGrad(x, dY, same, dWeight, null);
      on.convolution().inputGrad(dY, weight, null, same, Tensor.empty(on, x.shape()));
      on.matMul()
          .matMul(
              y.reshape(98, 84),
              true,
              y.reshape(98, 84),
              false,
              null,
              null,
              Tensor.empty(on, Shape.of(84, 84)));
      on.reduction().sumOfSquares(dWeight);
    }
  }
}
