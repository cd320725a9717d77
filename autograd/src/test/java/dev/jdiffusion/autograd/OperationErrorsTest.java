package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.autograd.ops.Attention;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.autograd.ops.CrossEntropy;
import dev.jdiffusion.autograd.ops.Dropout;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Embedding;
import dev.jdiffusion.autograd.ops.GroupNorm;
import dev.jdiffusion.autograd.ops.LayerNorm;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.autograd.ops.LinearAttention;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.autograd.ops.Pooling;
import dev.jdiffusion.autograd.ops.Reduction;
import dev.jdiffusion.autograd.ops.Softmax;
import dev.jdiffusion.autograd.ops.Upsampling;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/**
 * Arguments that do not fit are refused before anything is computed, with the numbers in the
 * message.
 */
class OperationErrorsTest {
  private static final Geometry PLAIN = new Geometry(1, 0, 1);
  private final Backend device = GradientCheck.device();

  private Variable of(int... extents) {
    return Variable.constant(Tensor.zeros(device, Shape.of(extents)));
  }

  @TestFactory
  @DisplayName("A wrong argument is refused")
  Stream<DynamicTest> wrongArgumentsAreRefused() {
    Map<String, Executable> calls = new LinkedHashMap<>();
    calls.put(
        "shapes [2, 3] and [4] do not broadcast: 3 against 4",
        () -> Elementwise.add(of(2, 3), of(4)));
    calls.put(
        "sum: axis -1 is named twice in [1, -1]", () -> Reduction.sum(of(2, 3), false, 1, -1));
    calls.put("axis 2 does not exist in shape [2, 3]", () -> Reduction.sum(of(2, 3), false, 2));
    calls.put(
        "mean: the mean of no elements does not exist (input [0, 3])",
        () -> Reduction.mean(of(0, 3)));
    calls.put(
        "matMul: inner extents 3 and 2 differ ([2, 3] times [2, 3])",
        () -> MatMul.matMul(of(2, 3), of(2, 3)));
    calls.put(
        "matMul: residual has shape [2, 2], the product has [2, 4]",
        () -> MatMul.matMul(of(2, 3), false, of(3, 4), false, null, of(2, 2)));
    calls.put(
        "linear: needs input [..., K] and weight [K, N], got [2, 3] and [3]",
        () -> MatMul.linear(of(2, 3), of(3), null));
    calls.put(
        "conv2d: input has 3 channels, weight expects 4 (input [8, 28, 28, 3], weight [3, 3, 4, 16], groups 1)",
        () -> Convolution.conv2d(of(8, 28, 28, 3), of(3, 3, 4, 16), null, PLAIN));
    calls.put(
        "convTranspose2d: output padding 1 must be less than stride 1",
        () -> Convolution.convTranspose2d(of(1, 2, 2, 3), of(3, 3, 2, 3), null, PLAIN, 1));
    calls.put(
        "pooling: window of 3 is larger than the padded input [1, 2, 2, 1]",
        () -> Pooling.maxPool2d(of(1, 2, 2, 1), new Window(3, 1, 0)));
    calls.put(
        "upsampleNearest: factor must be at least 1, got 0",
        () -> Upsampling.upsampleNearest(of(1, 2, 2, 1), 0));
    calls.put(
        "groupNorm: 4 groups do not divide 6 channels (input [1, 2, 6])",
        () -> GroupNorm.groupNorm(of(1, 2, 6), of(6), of(6), 4, 1e-5));
    calls.put(
        "layerNorm: gamma has shape [2], expected [3]",
        () -> LayerNorm.layerNorm(of(2, 3), of(2), of(3), 1e-5));
    calls.put("axis 1 does not exist in shape [3]", () -> Softmax.softmax(of(3), 1));
    calls.put(
        "crossEntropy: target 3 is not a class of logits [1, 3]",
        () -> CrossEntropy.crossEntropy(of(1, 3), IntTensor.of(3)));
    calls.put(
        "attention: 3 heads do not divide 4 columns",
        () -> Attention.scaledDotProductAttention(of(1, 2, 4), of(1, 2, 4), of(1, 2, 4), 3, 1));
    calls.put(
        "selfAttention: needs [N, T, 3 * heads * D] with 2 heads, got [1, 2, 9]",
        () -> Attention.selfAttention(of(1, 2, 9), 2));
    calls.put(
        "linearAttention: needs [N, T, 3 * heads * D] with 2 heads, got [2, 12]",
        () -> LinearAttention.linearAttention(of(2, 12), 2, 1));
    calls.put(
        "embedding: index 5 is not a row of [5, 2]",
        () -> Embedding.embedding(of(5, 2), IntTensor.of(0, 5)));
    calls.put(
        "dropout: probability 1.0 is not in [0, 1)",
        () -> Dropout.dropout(of(2), 1, new DeviceKey(0, 0, of(2).value())));
    calls.put("loss: prediction [2] and target [3] differ", () -> Loss.mse(of(2), of(3)));
    calls.put(
        "concat: shapes [2, 3] and [3, 2] differ beside axis 0",
        () -> Layout.concat(0, of(2, 3), of(3, 2)));
    calls.put("concat: there is nothing to join", () -> Layout.concat(0));
    calls.put(
        "slice: elements 2..3 do not lie within axis 1 of [2, 3]",
        () -> Layout.slice(of(2, 3), 1, 2, 2));
    calls.put(
        "chunk: 2 chunks do not divide axis -1 of [2, 3]", () -> Layout.chunk(of(2, 3), 2, -1));
    calls.put("reshape: [2, 3] does not fit [4, -1]", () -> Layout.reshape(of(2, 3), 4, -1));
    calls.put(
        "permute: [0, 0] is not a permutation of the axes of [2, 3]",
        () -> Layout.permute(of(2, 3), 0, 0));
    return calls.entrySet().stream()
        .map(call ->
            DynamicTest.dynamicTest(
                call.getKey(),
                () ->
                    assertEquals(
                        call.getKey(),
                        assertThrows(IllegalArgumentException.class, call.getValue())
                            .getMessage())));
  }
}
