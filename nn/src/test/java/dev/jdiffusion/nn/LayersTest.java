package dev.jdiffusion.nn;

import static dev.jdiffusion.nn.ModuleGradients.BACKEND;
import static dev.jdiffusion.nn.ModuleGradients.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class LayersTest {
  @Test
  void linearIsTheProductPlusBias() {
    Linear layer = new Linear(2, 3);
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND);
        Scope _ = Scope.open()) {
      var values = store.views(store.values());
      values.get("weight").copyFrom(new double[] {1, 2, 3, 4, 5, 6});
      values.get("bias").copyFrom(new double[] {10, 20, 30});
      Variable y = layer.forward(constant(Tensor.of(BACKEND, Shape.of(1, 2), 1, -1)));
      assertArrayEquals(new double[] {7, 17, 27}, y.value().toDoubles());
    }
    ModuleGradients.check(
        layer,
        List.of(random(1, 2, 2, 2), random(2, 2, 2, 3)),
        in -> layer.forward(in.get(0), in.get(1)));
  }

  @Test
  void linearWithoutBiasHasOneParameter() {
    Linear layer = new Linear(2, 3, false);
    assertEquals(6, layer.parameterCount());
    ModuleGradients.check(layer, List.of(random(1, 4, 2)), in -> layer.forward(in.get(0)));
  }

  @Test
  void convolutionsHaveTheStatedShapes() {
    assertShape(new int[] {2, 5, 7, 3}, Conv2d.same(4, 3, 3));
    assertShape(new int[] {2, 5, 7, 4}, Conv2d.depthwise(4, 7));
    assertShape(new int[] {2, 2, 3, 6}, new Conv2d(4, 6, 4, 2, 1, 2));
    ConvTranspose2d up = new ConvTranspose2d(4, 6, 4, 2, 1, 0, 1);
    try (ParameterStore _ = ParameterStore.forInference(up, BACKEND);
        Scope _ = Scope.open()) {
      assertEquals(Shape.of(2, 10, 14, 6), up.forward(constant(random(1, 2, 5, 7, 4))).shape());
    }
  }

  private static void assertShape(int[] expected, Conv2d layer) {
    try (ParameterStore _ = ParameterStore.forInference(layer, BACKEND);
        Scope _ = Scope.open()) {
      assertEquals(Shape.of(expected), layer.forward(constant(random(1, 2, 5, 7, 4))).shape());
    }
  }

  @Test
  void convolutionGradientsMatchFiniteDifferences() {
    Conv2d grouped = new Conv2d(4, 6, 3, 2, 1, 2);
    ModuleGradients.check(
        grouped,
        List.of(random(1, 2, 5, 4, 4), random(2, 2, 3, 2, 6)),
        in -> grouped.forward(in.get(0), in.get(1)));
    Conv2d depthwise = Conv2d.depthwise(3, 7);
    ModuleGradients.check(
        depthwise, List.of(random(1, 2, 5, 4, 3)), in -> depthwise.forward(in.get(0)));
    ConvTranspose2d up = new ConvTranspose2d(4, 6, 4, 2, 1, 1, 2);
    ModuleGradients.check(up, List.of(random(1, 2, 3, 2, 4)), in -> up.forward(in.get(0)));
  }

  @Test
  void normalisationGradientsMatchFiniteDifferences() {
    GroupNorm group = new GroupNorm(2, 4, Activation.GELU, Activation.SILU);
    ModuleGradients.check(
        group,
        List.of(random(1, 2, 3, 2, 4), random(2, 2, 4), random(3, 2, 8), random(4, 2, 3, 2, 4)),
        in -> group.forward(in.get(0), in.get(1), in.get(2), in.get(3)));
    LayerNorm layer = new LayerNorm(5);
    ModuleGradients.check(layer, List.of(random(1, 3, 5)), in -> layer.forward(in.get(0)));
  }

  @Test
  void embeddingLooksUpRows() {
    Embedding layer = new Embedding(4, 3);
    ModuleGradients.check(
        layer,
        List.of(random(1, 1)),
        _ -> layer.forward(new IntTensor(Shape.of(2, 2), new int[] {3, 0, 3, 1})));
  }

  @Test
  void attentionGradientsMatchFiniteDifferences() {
    MultiHeadAttention self = new MultiHeadAttention(4, 2, 3, true);
    ModuleGradients.check(
        self,
        List.of(random(1, 2, 2, 3, 4), random(2, 2, 2, 3, 4)),
        in -> self.forward(in.get(0), in.get(1)));
    CrossAttention cross = new CrossAttention(4, 5, 2, 3);
    ModuleGradients.check(
        cross,
        List.of(random(1, 2, 3, 4), random(2, 2, 6, 5), random(3, 2, 3, 4)),
        in -> cross.forward(in.get(0), in.get(1), in.get(2)));
    LinearAttention linear = new LinearAttention(4, 2, 3);
    ModuleGradients.check(
        linear,
        List.of(random(1, 2, 2, 3, 4), random(2, 2, 2, 3, 4)),
        in -> linear.forward(in.get(0), in.get(1)));
  }

  @Test
  void crossAttentionToItselfIsSelfAttention() {
    MultiHeadAttention self = new MultiHeadAttention(4, 2, 3);
    CrossAttention cross = new CrossAttention(4, 4, 2, 3);
    try (ParameterStore selfStore = ModuleGradients.randomStore(self, 3);
        ParameterStore crossStore = ModuleGradients.randomStore(cross, 4);
        Scope _ = Scope.open()) {
      var from = crossStore.views(crossStore.values());
      var to = selfStore.views(selfStore.values());
      double[] query = from.get("toQuery.weight").toDoubles();
      double[] keyValue = from.get("toKeyValue.weight").toDoubles();
      double[] packed = new double[4 * 18];
      for (int row = 0; row < 4; row++) {
        System.arraycopy(query, row * 6, packed, row * 18, 6);
        System.arraycopy(keyValue, row * 12, packed, row * 18 + 6, 12);
      }
      to.get("toQkv.weight").copyFrom(packed);
      to.get("toOut.weight").copyFrom(from.get("toOut.weight").toDoubles());
      to.get("toOut.bias").copyFrom(from.get("toOut.bias").toDoubles());
      Variable x = constant(random(5, 2, 3, 4));
      assertArrayEquals(
          cross.forward(x, x, null).value().toDoubles(),
          self.forward(x, null).value().toDoubles(),
          1e-12);
    }
  }

  @Test
  void dropoutDropsOnlyInTrainingAndRepeatsItself() {
    Dropout layer = new Dropout(0.5);
    try (Scope _ = Scope.open()) {
      Variable x = constant(Tensor.full(BACKEND, Shape.of(1000), 1));
      assertEquals(x, layer.forward(x));
      layer.train(7, Tensor.of(BACKEND, Shape.of(2), 3, 0));
      double[] first = layer.forward(x).value().toDoubles();
      assertArrayEquals(first, layer.forward(x).value().toDoubles());
      double dropped = 0;
      for (double value : first) {
        dropped += value == 0 ? 1 : 0;
        assertTrue(value == 0 || value == 2, "value " + value);
      }
      assertEquals(500, dropped, 80);
      layer.train(7, Tensor.of(BACKEND, Shape.of(2), 3, 1));
      assertNotEquals(0, Arrays.compare(first, layer.forward(x).value().toDoubles()));
      layer.evaluate();
      assertEquals(x, layer.forward(x));
    }
  }

  @Test
  void badArgumentsAreNamedWithTheirNumbers() {
    assertMessage("GroupNorm: 8 groups do not divide 28 channels", () -> new GroupNorm(8, 28));
    assertMessage(
        "Conv2d: 3 groups do not divide 4 input channels", () -> new Conv2d(4, 6, 3, 1, 1, 3));
    assertMessage(
        "Conv2d: 2 groups do not divide 3 output channels", () -> new Conv2d(4, 3, 3, 1, 1, 2));
    assertMessage(
        "ConvTranspose2d: output padding 2 must be less than stride 2",
        () -> new ConvTranspose2d(4, 4, 4, 2, 1, 2, 1));
    assertMessage("Linear: input features must be at least 1, got 0", () -> new Linear(0, 3));
    assertMessage("Dropout: probability must lie in [0, 1), got 1.0", () -> new Dropout(1));
    assertMessage(
        "CrossAttention: heads must be at least 1, got 0", () -> new CrossAttention(4, 4, 0, 2));
  }

  private static void assertMessage(String expected, Executable call) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private static Variable constant(Tensor tensor) {
    return Variable.constant(tensor);
  }
}
