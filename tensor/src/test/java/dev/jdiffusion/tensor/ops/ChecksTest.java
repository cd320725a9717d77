package dev.jdiffusion.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import org.junit.jupiter.api.Test;

/** What callers are told, word by word. */
final class ChecksTest {
  private static final Backend BACKEND = Backends.open(Device.REFERENCE);
  private static final Geometry SAME = new Geometry(1, 1, 1);

  private static Tensor tensor(int... extents) {
    return Tensor.empty(BACKEND, Shape.of(extents));
  }

  private static Columns columns(int... extents) {
    return Columns.all(tensor(extents));
  }

  @Test
  void convolutionGivesTheShapeOfItsResult() {
    assertEquals(
        Shape.of(8, 28, 28, 16),
        Convolution.check(tensor(8, 28, 28, 4), tensor(3, 3, 4, 16), null, null, SAME));
    assertEquals(
        Shape.of(8, 3, 4, 6),
        Convolution.check(
            tensor(8, 7, 9, 4),
            tensor(4, 4, 2, 6),
            tensor(6),
            tensor(8, 3, 4, 6),
            new Geometry(2, 1, 2)));
    assertEquals(
        Shape.of(8, 28, 28, 4),
        Convolution.checkTransposed(
            tensor(8, 14, 14, 16), tensor(4, 4, 4, 16), null, new Geometry(2, 1, 1), 0));
    assertEquals(
        Shape.of(8, 29, 29, 4),
        Convolution.checkTransposed(
            tensor(8, 14, 14, 16), tensor(4, 4, 4, 16), null, new Geometry(2, 1, 1), 1));
  }

  @Test
  void convolutionNamesWhatDoesNotFit() {
    assertMessage(
        "conv2d: input has 3 channels, weight expects 4 (input [8, 28, 28, 3], weight [3, 3, 4, 16], groups 1)",
        () -> Convolution.check(tensor(8, 28, 28, 3), tensor(3, 3, 4, 16), null, null, SAME));
    assertMessage(
        "conv2d: input [N, H, W, C] must have rank 4, has shape [8, 28, 28]",
        () -> Convolution.check(tensor(8, 28, 28), tensor(3, 3, 4, 16), null, null, SAME));
    assertMessage(
        "conv2d: groups must divide 3 input and 4 output channels (input [1, 5, 5, 3], weight [3, 3, 1, 4], groups 2)",
        () ->
            Convolution.check(
                tensor(1, 5, 5, 3), tensor(3, 3, 1, 4), null, null, new Geometry(1, 1, 2)));
    assertMessage(
        "conv2d: bias has shape [3], expected [4]",
        () -> Convolution.check(tensor(1, 5, 5, 3), tensor(3, 3, 3, 4), tensor(3), null, SAME));
    assertMessage(
        "conv2d: residual has shape [1, 5, 5, 3], expected [1, 5, 5, 4]",
        () ->
            Convolution.check(
                tensor(1, 5, 5, 3), tensor(3, 3, 3, 4), null, tensor(1, 5, 5, 3), SAME));
    assertMessage(
        "conv2d: window is larger than the padded input, padding 1 (input [1, 2, 5, 3], weight [7, 7, 3, 4], groups 1)",
        () -> Convolution.check(tensor(1, 2, 5, 3), tensor(7, 7, 3, 4), null, null, SAME));
    assertMessage(
        "conv2d: stride 0, padding 1, groups 1 are out of range", () -> new Geometry(0, 1, 1));
    assertMessage(
        "convTranspose2d: input has 3 channels, weight expects 4 (input [1, 5, 5, 3], weight [4, 4, 2, 4])",
        () -> Convolution.checkTransposed(tensor(1, 5, 5, 3), tensor(4, 4, 2, 4), null, SAME, 0));
    assertMessage(
        "convTranspose2d: output padding 1 must be less than stride 1",
        () -> Convolution.checkTransposed(tensor(1, 5, 5, 4), tensor(4, 4, 2, 4), null, SAME, 1));
    assertMessage(
        "convTranspose2d: padding leaves no output (input [1, 1, 1, 4], weight [2, 2, 2, 4])",
        () -> Convolution.checkTransposed(tensor(1, 1, 1, 4), tensor(2, 2, 2, 4), null, SAME, 0));
  }

  @Test
  void matMulNamesWhatDoesNotFit() {
    assertEquals(Shape.of(2, 4), MatMul.check(tensor(3, 2), true, tensor(4, 3), true, tensor(4)));
    assertEquals(
        Shape.of(5, 2, 4), MatMul.check(tensor(2, 3), false, tensor(5, 3, 4), false, null));
    assertMessage(
        "matMul: inner extents 3 and 4 differ ([2, 3] times [4, 5])",
        () -> MatMul.check(tensor(2, 3), false, tensor(4, 5), false, null));
    assertMessage(
        "matMul: inner extents 2 and 4 differ (transposed [2, 3] times [4, 5])",
        () -> MatMul.check(tensor(2, 3), true, tensor(4, 5), false, null));
    assertMessage(
        "matMul: batches of [2, 3, 4] and [3, 4, 5] differ",
        () -> MatMul.check(tensor(2, 3, 4), false, tensor(3, 4, 5), false, null));
    assertMessage(
        "matMul: needs matrices or batches of matrices, got [3] and [3, 4]",
        () -> MatMul.check(tensor(3), false, tensor(3, 4), false, null));
    assertMessage(
        "matMul: bias has shape [3], expected [5]",
        () -> MatMul.check(tensor(2, 3), false, tensor(3, 5), false, tensor(3)));
  }

  @Test
  void groupNormNamesWhatDoesNotFit() {
    GroupNorm.Spec spec = new GroupNorm.Spec(4, 1e-5, Activation.NONE, Activation.NONE);
    assertMessage(
        "groupNorm: 4 groups do not divide 18 channels (input [2, 7, 7, 18])",
        () -> GroupNorm.check(tensor(2, 7, 7, 18), null, tensor(18), tensor(18), null, null, spec));
    assertMessage(
        "groupNorm: scaleShift has shape [2, 8], expected [2, 16]",
        () ->
            GroupNorm.check(
                tensor(2, 7, 7, 8), null, tensor(8), tensor(8), tensor(2, 8), null, spec));
    assertMessage(
        "groupNorm: channelBias has shape [8], expected [2, 8]",
        () ->
            GroupNorm.check(tensor(2, 7, 7, 8), tensor(8), tensor(8), tensor(8), null, null, spec));
    assertMessage(
        "groupNorm: gamma has shape [7], expected [8]",
        () -> GroupNorm.check(tensor(2, 7, 7, 8), null, tensor(7), tensor(8), null, null, spec));
    assertMessage(
        "layerNorm: beta has shape [7], expected [8]",
        () -> LayerNorm.check(tensor(2, 8), tensor(8), tensor(7)));
  }

  @Test
  void attentionNamesWhatDoesNotFit() {
    assertMessage(
        "attention: 3 heads do not divide 8 columns",
        () -> Attention.check(columns(1, 5, 8), columns(1, 5, 8), columns(1, 5, 8), 3));
    assertMessage(
        "attention: q, k and v have 8, 6 and 8 columns",
        () -> Attention.check(columns(1, 5, 8), columns(1, 5, 6), columns(1, 5, 8), 2));
    assertMessage(
        "attention: q [1, 5, 8], k [1, 7, 8] and v [1, 6, 8] do not match",
        () -> Attention.check(columns(1, 5, 8), columns(1, 7, 8), columns(1, 6, 8), 2));
    assertMessage(
        "linearAttention: q [1, 5, 8] and k [1, 6, 8] differ in length",
        () -> LinearAttention.check(columns(1, 5, 8), columns(1, 6, 8), columns(1, 6, 8), 2));
    assertEquals(Shape.of(3, 2, 6, 4), LinearAttention.savedShape(columns(3, 5, 8), 2));
  }

  @Test
  void indicesHaveToExist() {
    assertMessage(
        "embedding: index 10 is not a row of [10, 4]",
        () -> Embedding.check(tensor(10, 4), IntTensor.of(9, 10)));
    assertMessage(
        "crossEntropy: target -1 is not a class of logits [2, 10]",
        () -> CrossEntropy.check(tensor(2, 10), IntTensor.of(0, -1)));
    assertMessage(
        "crossEntropy: targets [3] do not match logits [2, 10]",
        () -> CrossEntropy.check(tensor(2, 10), IntTensor.of(0, 1, 2)));
  }

  @Test
  void theOthersNameWhatDoesNotFit() {
    assertEquals(Shape.of(2, 4, 5, 3), Pooling.check(tensor(2, 8, 10, 3), new Window(2, 2, 0)));
    assertMessage(
        "pooling: size 2, stride 2, padding 2 are out of range (padding is at most half of size)",
        () -> new Window(2, 2, 2));
    assertMessage(
        "pooling: window of 9 is larger than the padded input [2, 8, 10, 3]",
        () -> Pooling.check(tensor(2, 8, 10, 3), new Window(9, 1, 0)));
    assertMessage(
        "sumTo: shape [4, 3] does not broadcast to [2, 1, 3]",
        () -> Reduction.checkSumTo(tensor(2, 1, 3), Shape.of(4, 3)));
    assertMessage(
        "loss: prediction [2, 3] and target [3, 2] differ",
        () -> Loss.check(tensor(2, 3), tensor(3, 2)));
    assertMessage(
        "loss: the mean of no elements does not exist", () -> Loss.check(tensor(0), tensor(0)));
  }

  @Test
  void whatHasNoMeaningWithoutElementsSaysSo() {
    assertMessage(
        "conv2d: weight [3, 3, 0, 2] has no elements",
        () -> Convolution.check(tensor(2, 5, 5, 0), tensor(3, 3, 0, 2), null, null, SAME));
    assertMessage(
        "convTranspose2d: weight [4, 4, 2, 0] has no elements",
        () ->
            Convolution.checkTransposed(
                tensor(2, 5, 5, 0), tensor(4, 4, 2, 0), null, new Geometry(2, 1, 1), 0));
    assertMessage(
        "attention: k [2, 0, 8] has no positions",
        () -> Attention.check(columns(2, 3, 8), columns(2, 0, 8), columns(2, 0, 8), 2));
    assertMessage(
        "groupNorm: images of [2, 0, 8] are empty",
        () ->
            GroupNorm.check(
                tensor(2, 0, 8),
                null,
                tensor(8),
                tensor(8),
                null,
                null,
                new GroupNorm.Spec(2, 1e-5, Activation.NONE, Activation.NONE)));
  }

  private static void assertMessage(String message, Runnable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
