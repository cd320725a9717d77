package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class ShapeTest {
  @Test
  void sizeIsTheProductOfTheExtents() {
    assertEquals(210, Shape.of(2, 3, 5, 7).size());
    assertEquals(0, Shape.of(2, 0, 5).size());
    assertEquals(1, Shape.of().size());
    assertEquals(15, Shape.of(2, 3, 5, 7).sizeOf(1, 3));
    assertEquals(1, Shape.of(2, 3).sizeOf(2, 2));
  }

  @Test
  void negativeAxesCountFromTheLast() {
    Shape shape = Shape.of(2, 3, 5);
    assertEquals(5, shape.dim(-1));
    assertEquals(2, shape.dim(-3));
    assertEquals(1, shape.normalizeAxis(-2));
    assertEquals(Shape.of(2, 9, 5), shape.with(-2, 9));
    assertEquals(Shape.of(2, 3, 5), shape);
  }

  @Test
  void anAxisThatDoesNotExistIsNamed() {
    Shape shape = Shape.of(2, 3);
    assertMessage("axis 2 does not exist in shape [2, 3]", () -> shape.dim(2));
    assertMessage("axis -3 does not exist in shape [2, 3]", () -> shape.dim(-3));
    assertMessage("axis 0 does not exist in shape []", () -> Shape.of().dim(0));
  }

  @Test
  void impossibleExtentsAreRefused() {
    assertMessage("shape [2, -1] has a negative extent", () -> Shape.of(2, -1));
    assertMessage(
        "shape [65536, 65536] has more than 2^31-1 elements, the most one tensor holds",
        () -> Shape.of(65536, 65536));
    // The product of these wraps around to a small number.
    assertThrows(IllegalArgumentException.class, () -> Shape.of(1 << 30, 1 << 30, 1 << 30, 16));
  }

  @Test
  void extentsAreCopied() {
    int[] extents = {2, 3};
    Shape shape = Shape.of(extents);
    extents[0] = 7;
    shape.toArray()[1] = 7;
    assertArrayEquals(new int[] {2, 3}, shape.toArray());
  }

  @Test
  void broadcastingAlignsAtTheLastAxis() {
    assertEquals(Shape.of(2, 3, 5), Shape.broadcast(Shape.of(2, 3, 5), Shape.of(5)));
    assertEquals(Shape.of(2, 3, 5), Shape.broadcast(Shape.of(3, 1), Shape.of(2, 1, 5)));
    assertEquals(Shape.of(4), Shape.broadcast(Shape.of(), Shape.of(4)));
    assertEquals(Shape.of(0), Shape.broadcast(Shape.of(1), Shape.of(0)));
    assertMessage(
        "shapes [2, 3] and [2] do not broadcast: 3 against 2",
        () -> Shape.broadcast(Shape.of(2, 3), Shape.of(2)));
  }

  @Test
  void equalityIsByExtents() {
    assertEquals(Shape.of(2, 3), Shape.of(2, 3));
    assertEquals(Shape.of(2, 3).hashCode(), Shape.of(2, 3).hashCode());
    assertNotEquals(Shape.of(2, 3), Shape.of(3, 2));
    assertNotEquals(Shape.of(2, 3), Shape.of(2, 3, 1));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
