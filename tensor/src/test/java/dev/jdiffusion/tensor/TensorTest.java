package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class TensorTest {
  private final Backend backend = Backends.open(Device.REFERENCE);

  private Tensor oneToSix() {
    return Tensor.of(backend, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
  }

  @Test
  void reshapeSharesTheElements() {
    Tensor matrix = oneToSix();
    Tensor reshaped = matrix.reshape(3, -1);
    assertEquals(Shape.of(3, 2), reshaped.shape());
    assertSame(matrix.storage(), reshaped.storage());
    reshaped.copyFrom(new float[] {6, 5, 4, 3, 2, 1});
    assertArrayEquals(new float[] {6, 5, 4, 3, 2, 1}, matrix.toFloats());
  }

  @Test
  void reshapeRefusesAnotherSize() {
    Tensor matrix = oneToSix();
    assertMessage("reshape: [2, 3] has 6 elements, [4] has 4", () -> matrix.reshape(4));
    assertMessage("reshape: [2, 3] does not fit [4, -1]", () -> matrix.reshape(4, -1));
    assertMessage("reshape: [2, 3] does not fit [0, -1]", () -> matrix.reshape(0, -1));
    assertMessage("reshape: more than one -1 in [-1, -1]", () -> matrix.reshape(-1, -1));
  }

  @Test
  void rangeIsAViewOfConsecutiveElements() {
    Tensor matrix = oneToSix();
    Tensor middle = matrix.range(1, Shape.of(2, 2));
    assertArrayEquals(new float[] {2, 3, 4, 5}, middle.toFloats());
    assertArrayEquals(new double[] {4, 5}, middle.range(2, Shape.of(2)).toDoubles());
    middle.range(2, Shape.of(1)).copyFrom(new double[] {40});
    assertArrayEquals(new float[] {1, 2, 3, 40, 5, 6}, matrix.toFloats());
  }

  @Test
  void rangeCountsFromWhereTheStorageBegins() {
    Tensor tensor = Tensor.zeros(Backends.open(Device.CPU), Shape.of(4));
    int first = tensor.storage().first();
    assertEquals(first, tensor.offset());
    assertEquals(first + 3, tensor.range(3, Shape.of(1)).offset());
  }

  @Test
  void rangeStaysWithinTheTensor() {
    Tensor matrix = oneToSix();
    Tensor row = matrix.range(0, Shape.of(3));
    assertMessage(
        "range: [3] from element 4 does not lie within [2, 3]", () -> matrix.range(4, Shape.of(3)));
    assertMessage(
        "range: [1] from element -1 does not lie within [2, 3]",
        () -> matrix.range(-1, Shape.of(1)));
    assertMessage(
        "range: [4] from element 0 does not lie within [3]", () -> row.range(0, Shape.of(4)));
  }

  @Test
  void valuesHaveToFitTheShape() {
    assertMessage(
        "shape [2, 3] needs 6 values, got 2", () -> Tensor.of(backend, Shape.of(2, 3), 1, 2));
    assertMessage("shape [2, 3] needs 6 values, got 1", () -> oneToSix().copyFrom(new double[1]));
    assertMessage("shape [2] needs 2 values, got 3", () -> new IntTensor(Shape.of(2), new int[3]));
  }

  @Test
  void itemIsTheOnlyElement() {
    assertEquals(2.5, Tensor.scalar(backend, 2.5).item());
    assertEquals(7, Tensor.full(backend, Shape.of(1, 1), 7).item());
    IllegalStateException error =
        assertThrows(IllegalStateException.class, () -> oneToSix().item());
    assertEquals("item: tensor of shape [2, 3] has 6 elements, not one", error.getMessage());
  }

  @Test
  void zerosAndFullSetAllElements() {
    assertArrayEquals(new float[] {0, 0, 0}, Tensor.zeros(backend, Shape.of(3)).toFloats());
    assertArrayEquals(new float[] {3, 3}, Tensor.full(backend, Shape.of(2), 3).toFloats());
  }

  @Test
  void columnsLieWithinTheInnermostAxis() {
    Tensor matrix = oneToSix();
    Columns last = new Columns(matrix, 1, 2);
    assertEquals(3, last.rowStride());
    assertEquals(1, last.offset());
    assertEquals(2, new Columns(matrix.range(1, Shape.of(2, 2)), 1, 1).offset());
    assertMessage("columns 2..3 do not lie within [2, 3]", () -> new Columns(matrix, 2, 2));
    assertMessage("columns -1..0 do not lie within [2, 3]", () -> new Columns(matrix, -1, 2));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
