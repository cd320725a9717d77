package dev.jdiffusion.benchmarks.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class DifferenceTest {
  @Test
  void eachTensorIsMeasuredByItsOwnLargestValue() {
    float[] expected = {100, -200, 1, 2};
    float[] actual = {101, -200, 1, 1.5f};
    assertEquals(
        List.of(new Difference(200, 1, 0), new Difference(2, 0.5, 3)),
        Difference.ofTensors(expected, List.of(0, 2), actual));
  }

  @Test
  void aNumberThatIsNoneIsADifferenceWhateverFollows() {
    float[] expected = {1, 2, 3};
    float[] actual = {1, Float.NaN, 3};
    Difference difference = Difference.ofTensors(expected, List.of(0), actual).getFirst();
    assertEquals(1, difference.where());
    assertFalse(difference.isWithin(1e-4));
    assertTrue(Difference.ofTensors(expected, List.of(0), expected).getFirst().isWithin(0));
  }
}
