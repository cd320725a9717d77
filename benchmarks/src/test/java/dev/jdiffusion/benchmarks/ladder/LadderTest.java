package dev.jdiffusion.benchmarks.ladder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.benchmarks.ladder.ConvolutionLadder.Extents;
import dev.jdiffusion.benchmarks.work.Operation;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The ladders")
final class LadderTest {
  /** More than two blocks of k, the last not full; several tiles each way. */
  private static final int M = 12;

  private static final int K = 600;
  private static final int N = 192;

  @Test
  @DisplayName("start with a product that can be checked by hand")
  void naiveProductByHand() {
    float[] c = new float[4];
    GemmLadder.naive(new float[] {1, 2, 3, 4, 5, 6}, new float[] {7, 8, 9, 10, 11, 12}, c, 2, 3, 2);
    assertArrayEquals(new float[] {58, 64, 139, 154}, c);
  }

  @Test
  @DisplayName("start with a convolution that can be checked by hand")
  void naiveConvolutionByHand() {
    float[] out = new float[4];
    ConvolutionLadder.naive(
        new float[] {1, 2, 3, 4},
        new float[] {1, 10, 100, 1000, 10000, 100000, 2, 20, 200},
        out,
        new Extents(1, 2, 1, 1));
    // The window's middle, 10000, lies over each pixel in turn.
    assertArrayEquals(new float[] {210860, 21086, 430210, 43021}, out);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("compute the same bits on every rung of the product")
  void sameProduct(GemmLadderBenchmark.Step rung) {
    float[] expected = run(GemmLadderBenchmark.prepare(GemmLadderBenchmark.Step.NAIVE, M, K, N));
    assertArrayEquals(expected, run(GemmLadderBenchmark.prepare(rung, M, K, N)));
  }

  @ParameterizedTest
  @EnumSource(names = {"UNFOLDED", "DIRECT"})
  @DisplayName("compute the same bits on the rungs of the convolution that sum directly")
  void sameConvolution(ConvolutionLadderBenchmark.Step rung) {
    assertArrayEquals(convolution(ConvolutionLadderBenchmark.Step.NAIVE), convolution(rung));
  }

  @ParameterizedTest
  @EnumSource(names = {"ENGINE", "ENGINE_TWO_THREADS"})
  @DisplayName("end with a filtered convolution that differs by rounding only")
  void nearlySameConvolution(ConvolutionLadderBenchmark.Step rung) {
    float[] expected = convolution(ConvolutionLadderBenchmark.Step.NAIVE);
    float[] actual = convolution(rung);
    assertEquals(expected.length, actual.length);
    float largest = 0;
    float difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
    }
    assertTrue(difference <= 1e-5f * largest, difference + " of " + largest);
  }

  @Test
  @DisplayName("refuse what does not fill whole tiles")
  void refusesPartsOfTiles() {
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> GemmLadderBenchmark.prepare(GemmLadderBenchmark.Step.PACKED, 6, 8, N).run());
    assertEquals("this rung needs a multiple of 4 rows, got 6", refusal.getMessage());
  }

  private static float[] convolution(ConvolutionLadderBenchmark.Step rung) {
    return run(ConvolutionLadderBenchmark.prepare(rung, new Extents(2, 8, 20, 128)));
  }

  /** Twice, so that what a run leaves behind would show in the next. */
  private static float[] run(Operation operation) {
    operation.run();
    operation.run();
    return operation.result();
  }
}
