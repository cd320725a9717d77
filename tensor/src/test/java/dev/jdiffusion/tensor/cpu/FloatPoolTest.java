package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.junit.jupiter.api.Test;

class FloatPoolTest {
  @Test
  void sizeClassesHoldTheLengthAndWasteLessThanAnEighth() {
    int previous = 0;
    for (int length = 1; length < 5_000_000; length += 1 + length / 50) {
      int rounded = FloatPool.sizeClass(length);
      assertTrue(rounded >= length && rounded >= previous, "length " + length + " got " + rounded);
      assertTrue(
          length <= 64 || rounded - length < length / 8.0 + 1,
          "length " + length + " got " + rounded);
      assertEquals(rounded, FloatPool.sizeClass(rounded));
      previous = rounded;
    }
    assertTrue(FloatPool.sizeClass(Integer.MAX_VALUE - 8) >= Integer.MAX_VALUE - 8);
  }

  @Test
  void freeArraysGiveWayToOneThatDoesNotFitBesideThem() {
    FloatPool[] pool = new FloatPool[1];
    pool[0] =
        new FloatPool(length -> {
          if (pool[0].statistics().pooled() > 0) {
            throw new OutOfMemoryError("full");
          }
          return new float[length];
        });
    pool[0].give(pool[0].take(1000));
    float[] other = pool[0].take(2000);
    assertEquals(0, pool[0].statistics().pooled());
    assertEquals(4L * other.length, pool[0].statistics().inUse());
    assertEquals(2, pool[0].statistics().allocations());
  }

  @Test
  void whatCannotBeAllocatedIsNotCounted() {
    FloatPool pool = new FloatPool();
    assertThrows(OutOfMemoryError.class, () -> pool.take(Integer.MAX_VALUE));
    assertEquals(0, pool.statistics().inUse());
    assertEquals(0, pool.statistics().handedOut());
    assertEquals(0, pool.statistics().allocations());
  }

  @Test
  void aReturnedArrayIsHandedOutAgain() {
    FloatPool pool = new FloatPool();
    float[] first = pool.take(1000);
    pool.give(first);
    assertSame(first, pool.take(990));
    assertEquals(1, pool.statistics().allocations());
    assertEquals(0, pool.statistics().pooled());
    assertEquals(first.length * 4L, pool.statistics().inUse());
  }

  @Test
  void aTensorThatOutlivesItsScopeIsAnError() {
    Backend cpu = Backends.open(Device.CPU, 1);
    Tensor tensor;
    try (Scope scope = Scope.open()) {
      tensor = Tensor.of(cpu, Shape.of(3), 1f, 2f, 3f);
      assertArrayEquals(new float[] {1, 2, 3}, tensor.toFloats());
    }
    assertEquals(0, cpu.memory().inUse());
    IllegalStateException thrown = assertThrows(IllegalStateException.class, tensor::toFloats);
    assertTrue(thrown.getMessage().contains("use after free"), thrown.getMessage());
  }
}
