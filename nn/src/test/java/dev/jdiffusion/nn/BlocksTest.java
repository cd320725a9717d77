package dev.jdiffusion.nn;

import static dev.jdiffusion.nn.ModuleGradients.BACKEND;
import static dev.jdiffusion.nn.ModuleGradients.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.nn.ResNetBlock.Conditioning;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlocksTest {
  @Test
  void convNeXtBlockIsItsFormula() {
    ConvNeXtBlock block = new ConvNeXtBlock(3, 4, 5, 2);
    try (ParameterStore store = ModuleGradients.randomStore(block, 1);
        Scope _ = Scope.open()) {
      Formula f = new Formula(store.views(store.values()));
      Variable x = Variable.constant(random(2, 2, 5, 4, 3));
      Variable time = Variable.constant(random(3, 2, 5));
      Variable h =
          Elementwise.add(f.convolution("depthwise", x, 3, 3), f.time(Elementwise.gelu(time)));
      h = f.convolution("convolution1", f.norm("norm1", h, 1), 1, 1);
      h = f.convolution("convolution2", f.norm("norm2", Elementwise.gelu(h), 1), 1, 1);
      Variable expected = Elementwise.add(h, f.convolution("skip", x, 0, 1));
      assertArrayEquals(
          expected.value().toDoubles(), block.forward(x, time).value().toDoubles(), 1e-10);
    }
  }

  @ParameterizedTest
  @EnumSource(Conditioning.class)
  void resNetBlockIsItsFormula(Conditioning conditioning) {
    ResNetBlock block = new ResNetBlock(3, 4, 5, 2, conditioning);
    try (ParameterStore store = ModuleGradients.randomStore(block, 1);
        Scope _ = Scope.open()) {
      Formula f = new Formula(store.views(store.values()));
      Variable x = Variable.constant(random(2, 2, 5, 4, 3));
      Variable time = Variable.constant(random(3, 2, 5));
      Variable t = f.time(Elementwise.silu(time));
      Variable h = f.norm("norm1", f.convolution("convolution1", x, 1, 1), 2);
      if (conditioning == Conditioning.ADD) {
        h = Elementwise.add(Elementwise.silu(h), t);
      } else {
        Variable scale = Layout.slice(t, -1, 0, 4);
        h =
            Elementwise.add(
                Elementwise.add(h, Elementwise.mul(h, scale)), Layout.slice(t, -1, 4, 4));
        h = Elementwise.silu(h);
      }
      h = Elementwise.silu(f.norm("norm2", f.convolution("convolution2", h, 1, 1), 2));
      Variable expected = Elementwise.add(h, f.convolution("skip", x, 0, 1));
      assertArrayEquals(
          expected.value().toDoubles(), block.forward(x, time).value().toDoubles(), 1e-10);
    }
  }

  @Test
  void blockGradientsMatchFiniteDifferences() {
    ConvNeXtBlock convNeXt = new ConvNeXtBlock(3, 4, 5, 2);
    checkGradients(convNeXt);
    checkGradients(new ResNetBlock(3, 4, 5, 2, Conditioning.ADD));
    checkGradients(new ResNetBlock(3, 4, 5, 2, Conditioning.SCALE_SHIFT));
    ConvNeXtBlock plain = new ConvNeXtBlock(3, 3, 0, 1);
    ModuleGradients.check(
        plain, List.of(random(1, 2, 4, 3, 3)), in -> plain.forward(in.get(0), null));
  }

  private static void checkGradients(ResidualBlock block) {
    ModuleGradients.check(
        block,
        List.of(random(1, 2, 4, 3, 3), random(2, 2, 5)),
        in -> block.forward(in.get(0), in.get(1)));
  }

  @Test
  void timeMustMatchTheConstruction() {
    ConvNeXtBlock timed = new ConvNeXtBlock(2, 2, 3, 2);
    ResNetBlock plain = new ResNetBlock(2, 2, 0, 1, Conditioning.ADD);
    try (Scope _ = Scope.open()) {
      Variable x = Variable.constant(Tensor.zeros(BACKEND, random(1, 1, 2, 2, 2).shape()));
      assertThrows(IllegalArgumentException.class, () -> timed.forward(x, null));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> plain.forward(x, x));
      assertEquals("ResNetBlock: was made without a time embedding", e.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class, () -> new ResNetBlock(4, 28, 0, 8, Conditioning.ADD));
  }

  /** The parts of a block, without fusion. */
  private record Formula(SequencedMap<String, Tensor> values) {
    Variable value(String name) {
      return Variable.constant(values.get(name));
    }

    Variable convolution(String name, Variable x, int padding, int groups) {
      return Convolution.conv2d(
          x, value(name + ".weight"), value(name + ".bias"), new Geometry(1, padding, groups));
    }

    Variable norm(String name, Variable x, int groups) {
      return dev.jdiffusion.autograd.ops.GroupNorm.groupNorm(
          x, value(name + ".gamma"), value(name + ".beta"), groups, 1e-5);
    }

    Variable time(Variable time) {
      Variable t = MatMul.linear(time, value("time.weight"), value("time.bias"));
      return Layout.reshape(t, t.dim(0), 1, 1, -1);
    }
  }
}
