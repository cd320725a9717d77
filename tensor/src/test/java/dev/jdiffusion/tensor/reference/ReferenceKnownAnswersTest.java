package dev.jdiffusion.tensor.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import dev.jdiffusion.tensor.ops.Loss;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import dev.jdiffusion.tensor.ops.Pooling;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results small enough to be worked out by hand. */
final class ReferenceKnownAnswersTest {
  private static final double LN_3 = Math.log(3);

  private final Backend on = new ReferenceBackend();

  private Tensor of(Shape shape, double... values) {
    return Tensor.of(on, shape, values);
  }

  private Tensor row(double... values) {
    return of(Shape.of(values.length), values);
  }

  private Tensor ones(int... extents) {
    return Tensor.full(on, Shape.of(extents), 1);
  }

  private Tensor empty(int... extents) {
    return Tensor.empty(on, Shape.of(extents));
  }

  private static void assertValues(Tensor actual, double... expected) {
    assertArrayEquals(expected, actual.toDoubles(), 1e-9);
  }

  @Test
  void convolutionOfThreeByThreeWithTwoByTwo() {
    Tensor input = of(Shape.of(1, 3, 3, 1), 1, 2, 3, 4, 5, 6, 7, 8, 9);
    Tensor weight = of(Shape.of(2, 2, 1, 1), 1, 2, 3, 4);
    Geometry geometry = new Geometry(1, 0, 1);
    Tensor out = empty(1, 2, 2, 1);
    on.convolution().forward(input, weight, null, null, geometry, out);
    // 37 = 1*1 + 2*2 + 3*4 + 4*5
    assertValues(out, 37, 47, 67, 77);
    on.convolution().forward(input, weight, row(10), out, geometry, out);
    assertValues(out, 84, 104, 144, 164);

    Tensor dInput = empty(1, 3, 3, 1);
    on.convolution().inputGrad(ones(1, 2, 2, 1), weight, null, geometry, dInput);
    assertValues(dInput, 1, 3, 2, 4, 10, 6, 3, 7, 4);

    Tensor dWeight = ones(2, 2, 1, 1);
    Tensor dBias = row(0.5);
    on.convolution().weightGrad(input, ones(1, 2, 2, 1), geometry, dWeight, dBias);
    assertValues(dWeight, 13, 17, 25, 29);
    assertValues(dBias, 4.5);
  }

  @Test
  void paddingIsZeros() {
    Tensor input = of(Shape.of(1, 1, 1, 1), 5);
    Tensor weight = of(Shape.of(3, 3, 1, 1), 1, 2, 3, 4, 5, 6, 7, 8, 9);
    Tensor out = empty(1, 3, 3, 1);
    on.convolution().forward(input, weight, null, null, new Geometry(1, 2, 1), out);
    assertValues(out, 45, 40, 35, 30, 25, 20, 15, 10, 5);
  }

  @Test
  void groupsSeeTheirOwnChannels() {
    Tensor input = of(Shape.of(1, 1, 1, 4), 1, 2, 3, 4);
    Tensor weight = of(Shape.of(1, 1, 2, 2), 1, 10, 100, 1000);
    Tensor out = empty(1, 1, 1, 2);
    on.convolution().forward(input, weight, null, null, new Geometry(1, 0, 2), out);
    // The first output sees channels 1 and 2, the second 3 and 4.
    assertValues(out, 1 * 1 + 2 * 100, 3 * 10 + 4 * 1000);
    Tensor dInput = empty(1, 1, 1, 4);
    on.convolution()
        .inputGrad(
            of(Shape.of(1, 1, 1, 2), 1, 2),
            weight,
            row(0.5, 0, 0, 0),
            new Geometry(1, 0, 2),
            dInput);
    assertValues(dInput, 1.5, 100, 20, 2000);
  }

  @Test
  void aStrideSkipsPixelsAndMayLeaveSome() {
    Tensor input = of(Shape.of(1, 1, 6, 1), 1, 2, 3, 4, 5, 6);
    Tensor weight = of(Shape.of(1, 2, 1, 1), 1, 10);
    Geometry geometry = new Geometry(3, 0, 1);
    Tensor out = empty(1, 1, 2, 1);
    on.convolution().forward(input, weight, null, null, geometry, out);
    assertValues(out, 21, 54);
    Tensor dInput = empty(1, 1, 6, 1);
    on.convolution().inputGrad(of(Shape.of(1, 1, 2, 1), 1, 2), weight, null, geometry, dInput);
    assertValues(dInput, 1, 10, 0, 2, 20, 0);
  }

  @Test
  void matrixProductWithEachTranspose() {
    Tensor a = of(Shape.of(2, 2), 1, 2, 3, 4);
    Tensor b = of(Shape.of(2, 2), 5, 6, 7, 8);
    Tensor out = empty(2, 2);
    on.matMul().matMul(a, false, b, false, null, null, out);
    assertValues(out, 19, 22, 43, 50);
    on.matMul().matMul(a, true, b, false, row(1, 2), null, out);
    assertValues(out, 27, 32, 39, 46);
    on.matMul().matMul(a, false, b, true, null, out, out);
    assertValues(out, 17 + 27, 23 + 32, 39 + 39, 53 + 46);
    on.matMul().matMul(a, true, b, true, null, null, out);
    assertValues(out, 23, 31, 34, 46);
  }

  @Test
  void oneMatrixServesABatch() {
    Tensor a = of(Shape.of(2, 1, 2), 1, 2, 3, 4);
    Tensor b = of(Shape.of(2, 1), 10, 1);
    Tensor out = empty(2, 1, 1);
    on.matMul().matMul(a, false, b, false, null, null, out);
    assertValues(out, 12, 34);
  }

  @Test
  void groupNormOfFourNumbers() {
    Tensor x = of(Shape.of(1, 4, 1), 1, 2, 3, 4);
    Spec spec = new Spec(1, 0, Activation.NONE, Activation.NONE);
    Tensor out = empty(1, 4, 1);
    Tensor mean = empty(1, 1);
    Tensor rstd = empty(1, 1);
    on.groupNorm().forward(x, null, row(2), row(1), null, null, spec, out, mean, rstd);
    // Mean 5/2, variance 5/4.
    double r = 2 / Math.sqrt(5);
    assertValues(mean, 2.5);
    assertValues(rstd, r);
    assertValues(out, 1 - 3 * r, 1 - r, 1 + r, 1 + 3 * r);

    Tensor dX = empty(1, 4, 1);
    Tensor dGamma = row(0);
    Tensor dBeta = row(0);
    on.groupNorm()
        .backward(
            x,
            null,
            row(2),
            row(1),
            null,
            spec,
            mean,
            rstd,
            of(Shape.of(1, 4, 1), 1, 0, 0, 0),
            dX,
            null,
            dGamma,
            dBeta,
            null);
    // h = r * (-3/2, -1/2, 1/2, 3/2), dh = (2, 0, 0, 0): dx = r * (dh - 1/2 + 3/4 r * h), r^2 =
    // 4/5.
    assertValues(dX, 0.6 * r, -0.8 * r, -0.2 * r, 0.4 * r);
    assertValues(dGamma, -1.5 * r);
    assertValues(dBeta, 1);
  }

  @Test
  void groupNormScalesShiftsAndActivates() {
    // Two images of one pixel, two groups of two channels: h is -1 and 1.
    Tensor x = of(Shape.of(1, 1, 4), 1, 3, -20, -10);
    Tensor channelBias = of(Shape.of(1, 4), 1, 1, 10, 0);
    Spec spec = new Spec(2, 0, Activation.NONE, Activation.RELU);
    Tensor out = empty(1, 1, 4);
    Tensor mean = empty(1, 2);
    Tensor rstd = empty(1, 2);
    // The second group: -10 and -10 have no deviation, so move one.
    channelBias.copyFrom(new double[] {1, 1, 2, 0});
    Tensor scaleShift = of(Shape.of(1, 8), 1, 1, 0, 0, 0, 0, 5, 0.5);
    on.groupNorm()
        .forward(
            x,
            channelBias,
            row(1, 1, 1, 2),
            row(0, 0.25, 0, 0),
            scaleShift,
            ones(1, 1, 4),
            spec,
            out,
            mean,
            rstd);
    assertValues(mean, 3, -14);
    assertValues(rstd, 1, 0.25);
    // relu((h * gamma + beta) * (1 + scale) + shift) + 1
    assertValues(out, 0 + 1, 2.5 + 1, 4 + 1, 2.5 + 1);
  }

  @Test
  void layerNormOfPairs() {
    Tensor x = of(Shape.of(2, 2), 1, 3, 10, 0);
    Tensor out = empty(2, 2);
    Tensor mean = empty(2);
    Tensor rstd = empty(2);
    on.layerNorm().forward(x, row(2, 1), row(0, 5), 0, out, mean, rstd);
    assertValues(mean, 2, 5);
    assertValues(rstd, 1, 0.2);
    assertValues(out, -2, 6, 2, 4);
    Tensor dX = empty(2, 2);
    Tensor dGamma = row(10, 10);
    Tensor dBeta = row(0, 0);
    on.layerNorm()
        .backward(x, row(2, 1), mean, rstd, of(Shape.of(2, 2), 1, 2, 3, 4), dX, dGamma, dBeta);
    // Two numbers always normalise to -1 and 1.
    assertValues(dX, 0, 0, 0, 0);
    assertValues(dGamma, 10 - 1 + 3, 10 + 2 - 4);
    assertValues(dBeta, 4, 6);
  }

  @Test
  void softmaxOfTwoNumbers() {
    Tensor y = empty(2);
    on.softmax().forward(row(1000, 1000 + LN_3), y);
    assertValues(y, 0.25, 0.75);
    Tensor dx = empty(2);
    on.softmax().backward(y, row(1, 0), dx);
    assertValues(dx, 0.1875, -0.1875);
  }

  @Test
  void crossEntropyOfTwoClasses() {
    Tensor logits = of(Shape.of(2, 2), 0, LN_3, 0, LN_3);
    IntTensor targets = IntTensor.of(0, 1);
    Tensor loss = empty();
    Tensor probabilities = empty(2, 2);
    on.crossEntropy().forward(logits, targets, loss, probabilities);
    assertEquals((Math.log(4) + Math.log(4.0 / 3)) / 2, loss.item(), 1e-12);
    assertValues(probabilities, 0.25, 0.75, 0.25, 0.75);
    Tensor dLogits = empty(2, 2);
    on.crossEntropy().backward(probabilities, targets, Tensor.scalar(on, 4), dLogits);
    assertValues(dLogits, -1.5, 1.5, 0.5, -0.5);
  }

  @Test
  void attentionOfTwoTokens() {
    Tensor q = of(Shape.of(1, 2, 1), 0, LN_3);
    Tensor k = of(Shape.of(1, 2, 1), 0, 2);
    Tensor v = of(Shape.of(1, 2, 1), 1, 5);
    Tensor out = empty(1, 2, 1);
    Tensor logSumExp = empty(1, 1, 2);
    on.attention().forward(Columns.all(q), Columns.all(k), Columns.all(v), 1, 0.5, out, logSumExp);
    // Weights 1/2, 1/2 and 1/4, 3/4.
    assertValues(out, 3, 4);
    assertValues(logSumExp, Math.log(2), Math.log(4));

    Tensor dQ = empty(1, 2, 1);
    Tensor dK = empty(1, 2, 1);
    Tensor dV = empty(1, 2, 1);
    on.attention()
        .backward(
            Columns.all(q),
            Columns.all(k),
            Columns.all(v),
            1,
            0.5,
            out,
            logSumExp,
            of(Shape.of(1, 2, 1), 0, 1),
            Columns.all(dQ),
            Columns.all(dK),
            Columns.all(dV));
    // Of the second row: ds = p * (v - out) = (-3/4, 3/4).
    assertValues(dV, 0.25, 0.75);
    assertValues(dQ, 0, 0.5 * 0.75 * 2);
    assertValues(dK, -0.5 * 0.75 * LN_3, 0.5 * 0.75 * LN_3);
  }

  @Test
  void headsAreColumns() {
    // q, k and v in one tensor, of which each head has one column.
    Tensor packed = of(Shape.of(1, 1, 6), 9, 9, 9, 9, 7, 8);
    Tensor out = empty(1, 1, 2);
    on.attention()
        .forward(
            new Columns(packed, 0, 2),
            new Columns(packed, 2, 2),
            new Columns(packed, 4, 2),
            2,
            1,
            out,
            empty(1, 2, 1));
    assertValues(out, 7, 8);
  }

  @Test
  void linearAttentionOfTwoTokens() {
    Tensor q = of(Shape.of(1, 2, 2), 0, LN_3, 5, 5);
    Tensor k = of(Shape.of(1, 2, 2), 0, 1, LN_3, 1);
    Tensor v = of(Shape.of(1, 2, 2), 4, 0, 8, 2);
    Tensor out = empty(1, 2, 2);
    Tensor saved = empty(1, 1, 4, 2);
    on.linearAttention().forward(Columns.all(q), Columns.all(k), Columns.all(v), 1, 2, out, saved);
    // k' has the columns (1/4, 3/4) and (1/2, 1/2), q' = 2 * (1/4, 3/4) and 2 * (1/2, 1/2).
    assertValues(saved, 7, 1.5, 6, 1, LN_3, 1, 4.0 / 3, 2);
    assertValues(out, 0.5 * 7 + 1.5 * 6, 0.5 * 1.5 + 1.5 * 1, 13, 2.5);
  }

  @Test
  void adamStepByHand() {
    Tensor weight = row(1);
    Tensor first = row(0);
    Tensor second = row(0);
    Tensor ema = row(1);
    Tensor step = row(new AdamStep(0.1, 0.9, 0.999, 0, 0, false, 1, 0.9).numbers());
    on.optimizer().adam(step, row(0.5), weight, row(1), first, second, ema);
    // g = 1/2; the corrected moments of the first step are g and g^2: a step of the learning rate.
    assertValues(first, 0.05);
    assertValues(second, 0.00025);
    assertValues(weight, 0.9);
    assertValues(ema, 0.99);
    Tensor next = row(new AdamStep(0.1, 0.9, 0.999, 0, 0, false, 2, 0.9).numbers());
    on.optimizer().adam(next, row(1), weight, row(-0.5), first, second, null);
    assertValues(first, 0.05 + 0.1 * -0.55);
    assertValues(second, 0.00025 * 0.999 + 0.00025);
    // m / (1 - 0.81) = -0.005 / 0.19 and sqrt(v / (1 - 0.998001)) = sqrt(0.00049975 / 0.001999) =
    // 0.5
    assertValues(weight, 0.9 + 0.1 * 0.005 / 0.19 / 0.5);
  }

  @Test
  void weightDecayIsDecoupledOrPartOfTheGradient() {
    Tensor weight = row(1);
    on.optimizer()
        .adam(
            row(new AdamStep(0.1, 0.9, 0.999, 0, 0.5, true, 1, 0).numbers()),
            row(1),
            weight,
            row(2),
            row(0),
            row(0),
            null);
    assertValues(weight, 1 * (1 - 0.05) - 0.1);
    Tensor coupled = row(1);
    Tensor first = row(0);
    on.optimizer()
        .adam(
            row(new AdamStep(0.1, 0.9, 0.999, 0, 0.5, false, 1, 0).numbers()),
            row(1),
            coupled,
            row(2),
            first,
            row(0),
            null);
    assertValues(first, 0.25);
    assertValues(coupled, 0.9);
    Tensor damped = row(1);
    on.optimizer()
        .adam(
            row(new AdamStep(0.1, 0.9, 0.999, 2, 0, false, 1, 0).numbers()),
            row(1),
            damped,
            row(2),
            row(0),
            row(0),
            null);
    assertValues(damped, 1 - 0.1 * 2 / (2 + 2));
  }

  @ParameterizedTest
  @CsvSource({
    "MSE, 2.125, 0.5, -2",
    "L1, 1.25, 0.5, -0.5",
    "HUBER, 0.8125, 0.25, -0.5",
  })
  void lossesOfTwoDifferences(Loss.Kind kind, double expected, double first, double second) {
    Tensor prediction = row(1.5, 1);
    Tensor target = row(1, 3);
    Tensor loss = empty();
    on.loss().forward(kind, prediction, target, loss);
    assertEquals(expected, loss.item(), 1e-15);
    Tensor gradient = empty(2);
    on.loss().backward(kind, prediction, target, Tensor.scalar(on, 3), gradient);
    assertValues(gradient, 3 * first, 3 * second);
  }

  @ParameterizedTest
  @CsvSource({
    "NEG, -1.5, -1",
    "EXP, 4.4816890703380645, 4.4816890703380645",
    "LOG, 0.4054651081081644, 0.66666666666666667",
    "SQRT, 1.224744871391589, 0.40824829046386302",
    "SQUARE, 2.25, 3",
    "ABS, 1.5, 1",
    "RELU, 1.5, 1",
    "SILU, 1.2263617142904655, 1.041294154299143",
    "GELU, 1.399789198096713, 1.1274691922299795",
    "GELU_TANH, 1.3995715769802328, 1.12771079308",
    "SIGMOID, 0.8175744761936437, 0.14914645207033286",
    "TANH, 0.9051482536448664, 0.18070663892364858",
  })
  void functionsAtOneAndAHalf(Unary function, double value, double derivative) {
    Tensor x = row(1.5);
    Tensor y = empty(1);
    on.elementwise().unary(function, x, y);
    assertEquals(value, y.item(), 1e-15 * 8);
    Tensor dx = empty(1);
    on.elementwise().unaryGrad(function, x, y, row(2), dx);
    assertEquals(2 * derivative, dx.item(), 1e-9);
  }

  @Test
  void arithmeticBroadcasts() {
    Tensor matrix = of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    Tensor out = empty(2, 3);
    on.elementwise().binary(Binary.MUL, matrix, row(1, 10, 100), out);
    assertValues(out, 1, 20, 300, 4, 50, 600);
    on.elementwise().binary(Binary.SUB, of(Shape.of(2, 1), 10, 20), matrix, out);
    assertValues(out, 9, 8, 7, 16, 15, 14);
    on.elementwise().binary(Binary.DIV, Tensor.scalar(on, 60), matrix, out);
    assertValues(out, 60, 30, 20, 15, 12, 10);
    Tensor sums = empty(2, 1);
    on.reduction().sumTo(matrix, sums, false);
    assertValues(sums, 6, 15);
    Tensor columns = row(1, 1, 1);
    on.reduction().sumTo(matrix, columns, true);
    assertValues(columns, 6, 8, 10);
    assertEquals(91, on.reduction().sumOfSquares(matrix));
  }

  @Test
  void powersAndTheRest() {
    Tensor out = empty(2);
    on.elementwise().power(row(2, 4), -0.5, out);
    assertValues(out, Math.sqrt(0.5), 0.5);
    on.elementwise().powerGrad(row(0, 3), 2, row(1, 10), out);
    assertValues(out, 0, 60);
    on.elementwise().powerGrad(row(0, 3), 0, row(1, 10), out);
    assertValues(out, 0, 0);
    on.elementwise().affine(row(1, 2), 3, 0.5, out);
    assertValues(out, 3.5, 6.5);
    on.elementwise().addScaled(-2, row(1, 2), out);
    assertValues(out, 1.5, 2.5);
    on.elementwise().clamp(row(-2, 0.25), -1, 1, out);
    assertValues(out, -1, 0.25);
  }

  @Test
  void layoutsMoveElements() {
    Tensor matrix = of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    Tensor transposed = empty(3, 2);
    on.layout().permute(matrix, new int[] {1, 0}, transposed);
    assertValues(transposed, 1, 4, 2, 5, 3, 6);
    Tensor joined = empty(2, 4);
    on.layout().concat(List.of(matrix, of(Shape.of(2, 1), 7, 8)), 1, joined);
    assertValues(joined, 1, 2, 3, 7, 4, 5, 6, 8);
    Tensor part = empty(2, 2);
    on.layout().slice(matrix, 1, 1, part);
    assertValues(part, 2, 3, 5, 6);
    Tensor spread = empty(2, 3);
    on.layout().sliceGrad(part, 1, 0, spread);
    assertValues(spread, 2, 3, 0, 5, 6, 0);
  }

  @Test
  void permuteOfThreeAxesReadsAxisByAxis() {
    Tensor x = of(Shape.of(1, 2, 3), 1, 2, 3, 4, 5, 6);
    Tensor out = empty(3, 1, 2);
    on.layout().permute(x, new int[] {2, 0, 1}, out);
    assertValues(out, 1, 4, 2, 5, 3, 6);
  }

  @Test
  void poolingOfAThreeByThreeImage() {
    Tensor image = of(Shape.of(1, 3, 3, 1), 1, 2, 3, 4, 9, 6, 7, 8, 9);
    Window window = new Window(2, 1, 0);
    Tensor out = empty(1, 2, 2, 1);
    on.pooling().forward(Pooling.Kind.MAX, image, window, out);
    assertValues(out, 9, 9, 9, 9);
    Tensor dImage = empty(1, 3, 3, 1);
    on.pooling()
        .backward(Pooling.Kind.MAX, image, of(Shape.of(1, 2, 2, 1), 1, 2, 3, 4), window, dImage);
    // The last window holds two nines: the first one gets the gradient.
    assertValues(dImage, 0, 0, 0, 0, 10, 0, 0, 0, 0);
    on.pooling().forward(Pooling.Kind.AVERAGE, image, window, out);
    assertValues(out, 4, 5, 7, 8);
    on.pooling()
        .backward(
            Pooling.Kind.AVERAGE, image, of(Shape.of(1, 2, 2, 1), 4, 8, 0, 0), window, dImage);
    assertValues(dImage, 1, 3, 2, 1, 3, 2, 0, 0, 0);
  }

  @Test
  void averagesCountPaddingAndMaximaDoNot() {
    Tensor image = of(Shape.of(1, 1, 1, 1), -8);
    Window window = new Window(2, 1, 1);
    Tensor out = empty(1, 2, 2, 1);
    on.pooling().forward(Pooling.Kind.AVERAGE, image, window, out);
    assertValues(out, -2, -2, -2, -2);
    on.pooling().forward(Pooling.Kind.MAX, image, window, out);
    assertValues(out, -8, -8, -8, -8);
  }

  @Test
  void upsamplingRepeatsPixels() {
    Tensor out = empty(1, 2, 4, 1);
    on.upsampling().forward(of(Shape.of(1, 1, 2, 1), 1, 2), 2, out);
    assertValues(out, 1, 1, 2, 2, 1, 1, 2, 2);
    Tensor dInput = empty(1, 1, 2, 1);
    on.upsampling().backward(of(Shape.of(1, 2, 4, 1), 1, 2, 3, 4, 5, 6, 7, 8), 2, dInput);
    assertValues(dInput, 14, 22);
  }

  @Test
  void embeddingsAreRowsAndRepeatedOnesAddUp() {
    Tensor table = of(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    IntTensor indices = IntTensor.of(2, 0, 2);
    Tensor out = empty(3, 2);
    on.embedding().forward(table, indices, out);
    assertValues(out, 5, 6, 1, 2, 5, 6);
    Tensor dTable = ones(3, 2);
    on.embedding().backward(of(Shape.of(3, 2), 1, 2, 3, 4, 5, 6), indices, dTable);
    assertValues(dTable, 4, 5, 1, 1, 7, 9);
  }

  @Test
  void randomNumbersFollowFromThePublishedWords() {
    // Of counter 0 and key 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    RandomKey key = new RandomKey(0, 0, 0);
    Tensor numbers = empty(1, 4);
    on.random().uniform(key, IntTensor.of(0), numbers);
    assertValues(
        numbers, 0x6627e8 / 0x1p24, 0xe169c5 / 0x1p24, 0xbc57ac / 0x1p24, 0x9b00db / 0x1p24);
    on.random().normal(key, IntTensor.of(0), numbers);
    assertValues(
        numbers, 0.9911374751458971, -0.9246627803544332, -0.6176090549848544, -0.4820683472644963);
    Tensor dropped = empty(4);
    on.random().dropout(key, 0.6, row(1, 2, 3, 4), dropped);
    assertValues(dropped, 0, 5, 7.5, 10);
  }

  @Test
  void aRowIsTheSameInAnyBatch() {
    RandomKey key = new RandomKey(42, 1, 7);
    Tensor batch = empty(3, 5);
    on.random().normal(key, IntTensor.of(8, 9, 10), batch);
    Tensor alone = empty(1, 5);
    on.random().normal(key, IntTensor.of(9), alone);
    assertArrayEquals(batch.range(5, Shape.of(5)).toDoubles(), alone.toDoubles());
  }

  @Test
  void normalNumbersHaveTheMomentsOfTheStandardDistribution() {
    Tensor numbers = empty(1, 200_000);
    on.random().normal(new RandomKey(1, 2, 3), IntTensor.of(4), numbers);
    double[] moments = new double[4];
    for (double z : numbers.toDoubles()) {
      for (int power = 0; power < 4; power++) {
        moments[power] += Math.pow(z, power + 1) / numbers.size();
      }
    }
    // Four standard errors of each: sqrt(1, 2, 15, 96 / n).
    assertEquals(0, moments[0], 4 * Math.sqrt(1 / 200_000.0));
    assertEquals(1, moments[1], 4 * Math.sqrt(2 / 200_000.0));
    assertEquals(0, moments[2], 4 * Math.sqrt(15 / 200_000.0));
    assertEquals(3, moments[3], 4 * Math.sqrt(96 / 200_000.0));
  }
}
