package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.benchmarks.work.Workload.Pass;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.GroupNorm;
import dev.jdiffusion.tensor.ops.LinearAttention;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import dev.jdiffusion.tensor.ops.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * This project on one of its devices. Kernels are called through the backend's contract, so that
 * nothing but the kernel is timed; whole steps go through tape, layers and optimizer.
 */
final class JDiffusionContender implements Contender {
  private final Backend backend;

  JDiffusionContender(Backend backend) {
    this.backend = backend;
  }

  @Override
  public void finish() {
    backend.synchronize();
  }

  @Override
  public String description() {
    return "jdiffusion " + backend.description();
  }

  @Override
  public Operation prepare(Workload work) {
    return switch (work) {
      case Workload.Machine machine -> machine(machine);
      case Workload.MatMul matMul -> matMul(matMul);
      case Workload.Convolution convolution ->
          convolution.transposed() ? transposed(convolution) : convolution(convolution);
      case Workload.ConvolutionGrad grad -> convolutionGrad(grad);
      case Workload.GroupNorm norm -> groupNorm(norm);
      case Workload.Attention attention -> attention(attention);
      case Workload.LinearAttention attention -> linearAttention(attention);
      case Workload.Elementwise elementwise -> elementwise(elementwise);
      case Workload.Softmax softmax -> softmax(softmax);
      case Workload.Optimizer optimizer -> optimizer(optimizer);
      case Workload.Step step -> JDiffusionStep.prepare(backend, step);
    };
  }

  /** An operation whose every run does the same. */
  private record Repeatable(Runnable work, Supplier<float[]> answer, List<Integer> starts)
      implements Operation {
    Repeatable(Runnable work, Tensor... results) {
      this(work, () -> join(results), starts(results));
    }

    /** Work that has to be done in another way for an answer, which is one tensor. */
    Repeatable(Runnable work, Supplier<float[]> answer) {
      this(work, answer, List.of(0));
    }

    private static List<Integer> starts(Tensor... results) {
      List<Integer> starts = new ArrayList<>();
      int start = 0;
      for (Tensor result : results) {
        starts.add(start);
        start += result.size();
      }
      return starts;
    }

    @Override
    public void run() {
      work.run();
    }

    @Override
    public float[] result() {
      return answer.get();
    }
  }

  private Operation machine(Workload.Machine work) {
    Elementwise elementwise = backend.elementwise();
    return switch (work.limit()) {
      case FMA -> multiplyAdds(work);
      case COPY -> {
        int size = Math.toIntExact(work.size());
        Tensor x = input("x", size);
        Tensor out = empty(size);
        yield new Repeatable(() -> elementwise.copy(x, out), out);
      }
      case TRIAD -> {
        int size = Math.toIntExact(work.size());
        Tensor x = input("x", size);
        Tensor y = input("y", size);
        Runnable triad = () -> elementwise.addScaled(0.5, x, y);
        yield new Repeatable(
            triad,
            () -> {
              y.copyFrom(Workload.values("y", size));
              triad.run();
              return y.toFloats();
            });
      }
    };
  }

  /** As many rounds as make up the work: the probe does each on several copies. */
  private Operation multiplyAdds(Workload.Machine work) {
    Tensor chains = input("x", Probe.CHAINS);
    double flopsOfRound = backend.probe().multiplyAdds(1, chains);
    int rounds = (int) Math.max(1, Math.round(work.flops() / flopsOfRound));
    return new Repeatable(() -> backend.probe().multiplyAdds(rounds, chains));
  }

  private Operation matMul(Workload.MatMul work) {
    boolean transposeA = work.transposeA();
    boolean transposeB = work.transposeB();
    Tensor a = transposeA ? input("a", work.k(), work.m()) : input("a", work.m(), work.k());
    Tensor b = transposeB ? input("b", work.n(), work.k()) : input("b", work.k(), work.n());
    Tensor out = empty(work.m(), work.n());
    return new Repeatable(
        () -> backend.matMul().matMul(a, transposeA, b, transposeB, null, null, out), out);
  }

  private Operation convolution(Workload.Convolution work) {
    var kernel = backend.convolution();
    var geometry = work.geometry();
    Tensor input = input("input", inputShape(work));
    Tensor weight = weight(work);
    Tensor bias = input("bias", work.outputs());
    if (work.pass() == Pass.FORWARD) {
      Tensor out = empty(outputShape(work));
      return new Repeatable(() -> kernel.forward(input, weight, bias, null, geometry, out), out);
    }
    Tensor dOut = input("dOut", outputShape(work));
    Tensor dInput = like(input);
    Tensor dWeight = like(weight);
    Tensor dBias = like(bias);
    return new Repeatable(
        () -> {
          clear(dWeight, dBias);
          kernel.gradients(input, weight, dOut, geometry, dInput, dWeight, dBias);
        },
        dInput,
        dWeight,
        dBias);
  }

  private Tensor weight(Workload.Convolution work) {
    int inputs = work.inputs() / work.geometry().groups();
    return input("weight", work.window(), work.window(), inputs, work.outputs());
  }

  private Operation convolutionGrad(Workload.ConvolutionGrad work) {
    var kernel = backend.convolution();
    var geometry = work.of().geometry();
    Tensor input = input("input", inputShape(work.of()));
    Tensor weight = weight(work.of());
    Tensor dOut = input("dOut", outputShape(work.of()));
    return switch (work.gradient()) {
      case INPUT -> {
        Tensor dInput = like(input);
        yield new Repeatable(() -> kernel.inputGrad(dOut, weight, null, geometry, dInput), dInput);
      }
      case WEIGHT -> {
        Tensor dWeight = like(weight);
        clear(dWeight);
        Runnable add = () -> kernel.weightGrad(input, dOut, geometry, dWeight, null);
        yield new Repeatable(
            add,
            () -> {
              clear(dWeight);
              add.run();
              return dWeight.toFloats();
            });
      }
    };
  }

  private Operation transposed(Workload.Convolution work) {
    var kernel = backend.convolution();
    var geometry = work.geometry();
    Tensor input = input("input", inputShape(work));
    Tensor weight =
        input(
            "weight",
            work.window(),
            work.window(),
            work.outputs() / geometry.groups(),
            work.inputs());
    Tensor bias = input("bias", work.outputs());
    if (work.pass() == Pass.FORWARD) {
      Tensor out = empty(outputShape(work));
      return new Repeatable(() -> kernel.inputGrad(input, weight, bias, geometry, out), out);
    }
    Tensor dOut = input("dOut", outputShape(work));
    Tensor dInput = like(input);
    Tensor dWeight = like(weight);
    Tensor dBias = like(bias);
    return new Repeatable(
        () -> {
          clear(dWeight);
          kernel.forward(dOut, weight, null, null, geometry, dInput);
          kernel.weightGrad(dOut, input, geometry, dWeight, null);
          backend.reduction().sumTo(dOut, dBias, false);
        },
        dInput,
        dWeight,
        dBias);
  }

  private static int[] inputShape(Workload.Convolution work) {
    return new int[] {work.batch(), work.extent(), work.extent(), work.inputs()};
  }

  private static int[] outputShape(Workload.Convolution work) {
    return new int[] {work.batch(), work.outputExtent(), work.outputExtent(), work.outputs()};
  }

  private Operation groupNorm(Workload.GroupNorm work) {
    GroupNorm kernel = backend.groupNorm();
    GroupNorm.Spec spec =
        new GroupNorm.Spec(work.groups(), 1e-5, Activation.NONE, work.activation());
    int[] shape = {work.batch(), work.extent(), work.extent(), work.channels()};
    Tensor x = input("x", shape);
    Tensor gamma = input("gamma", work.channels());
    Tensor beta = input("beta", work.channels());
    Tensor scaleShift =
        work.scaled() ? input("scaleShift", work.batch(), 2 * work.channels()) : null;
    Tensor out = empty(shape);
    Tensor mean = empty(work.batch(), work.groups());
    Tensor rstd = empty(work.batch(), work.groups());
    Runnable forward =
        () -> kernel.forward(x, null, gamma, beta, scaleShift, null, spec, out, mean, rstd);
    if (work.pass() == Pass.FORWARD) {
      return new Repeatable(forward, out);
    }
    forward.run();
    Tensor dOut = input("dOut", shape);
    Tensor dX = like(x);
    Tensor dGamma = like(gamma);
    Tensor dBeta = like(beta);
    Tensor dScaleShift = scaleShift == null ? null : like(scaleShift);
    Runnable backward =
        () -> {
          clear(dGamma, dBeta);
          kernel.backward(
              x,
              null,
              gamma,
              beta,
              scaleShift,
              spec,
              mean,
              rstd,
              dOut,
              dX,
              null,
              dGamma,
              dBeta,
              dScaleShift);
        };
    return dScaleShift == null
        ? new Repeatable(backward, dX, dGamma, dBeta)
        : new Repeatable(backward, dX, dGamma, dBeta, dScaleShift);
  }

  private Operation attention(Workload.Attention work) {
    int columns = work.heads() * work.headSize();
    double scale = 1 / Math.sqrt(work.headSize());
    Columns[] qkv = thirds(input("qkv", work.batch(), work.length(), 3 * columns), columns);
    Tensor out = empty(work.batch(), work.length(), columns);
    Tensor logSumExp = empty(work.batch(), work.heads(), work.length());
    Runnable forward =
        () ->
            backend
                .attention()
                .forward(qkv[0], qkv[1], qkv[2], work.heads(), scale, out, logSumExp);
    if (work.pass() == Pass.FORWARD) {
      return new Repeatable(forward, out);
    }
    forward.run();
    Tensor dOut = input("dOut", work.batch(), work.length(), columns);
    Tensor dQkv = empty(work.batch(), work.length(), 3 * columns);
    Columns[] gradients = thirds(dQkv, columns);
    return new Repeatable(
        () ->
            backend
                .attention()
                .backward(
                    qkv[0],
                    qkv[1],
                    qkv[2],
                    work.heads(),
                    scale,
                    out,
                    logSumExp,
                    dOut,
                    gradients[0],
                    gradients[1],
                    gradients[2]),
        dQkv);
  }

  private Operation linearAttention(Workload.LinearAttention work) {
    int columns = work.heads() * work.headSize();
    double scale = 1 / Math.sqrt(work.headSize());
    Columns[] qkv = thirds(input("qkv", work.batch(), work.length(), 3 * columns), columns);
    Tensor out = empty(work.batch(), work.length(), columns);
    Tensor saved = Tensor.empty(backend, LinearAttention.savedShape(qkv[0], work.heads()));
    Runnable forward =
        () ->
            backend
                .linearAttention()
                .forward(qkv[0], qkv[1], qkv[2], work.heads(), scale, out, saved);
    if (work.pass() == Pass.FORWARD) {
      return new Repeatable(forward, out);
    }
    forward.run();
    Tensor dOut = input("dOut", work.batch(), work.length(), columns);
    Tensor dQkv = empty(work.batch(), work.length(), 3 * columns);
    Columns[] gradients = thirds(dQkv, columns);
    return new Repeatable(
        () ->
            backend
                .linearAttention()
                .backward(
                    qkv[0],
                    qkv[1],
                    qkv[2],
                    work.heads(),
                    scale,
                    saved,
                    dOut,
                    gradients[0],
                    gradients[1],
                    gradients[2]),
        dQkv);
  }

  private static Columns[] thirds(Tensor packed, int columns) {
    return new Columns[] {
      new Columns(packed, 0, columns),
      new Columns(packed, columns, columns),
      new Columns(packed, 2 * columns, columns)
    };
  }

  private Operation elementwise(Workload.Elementwise work) {
    Elementwise kernel = backend.elementwise();
    Tensor x = input("x", work.size());
    Tensor out = empty(work.size());
    return switch (work.function()) {
      case ADD -> binary(Elementwise.Binary.ADD, x, out);
      case MUL -> binary(Elementwise.Binary.MUL, x, out);
      case SILU -> new Repeatable(() -> kernel.unary(Elementwise.Unary.SILU, x, out), out);
      case GELU -> new Repeatable(() -> kernel.unary(Elementwise.Unary.GELU, x, out), out);
      case EXP -> new Repeatable(() -> kernel.unary(Elementwise.Unary.EXP, x, out), out);
    };
  }

  private Operation binary(Elementwise.Binary function, Tensor x, Tensor out) {
    Tensor y = input("y", x.size());
    return new Repeatable(() -> backend.elementwise().binary(function, x, y, out), out);
  }

  private Operation softmax(Workload.Softmax work) {
    Tensor x = input("x", work.rows(), work.columns());
    Tensor out = like(x);
    return new Repeatable(() -> backend.softmax().forward(x, out), out);
  }

  private Tensor numbers(int step) {
    AdamStep adam = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0, false, step, 0.995);
    return Tensor.of(backend, Shape.of(AdamStep.NUMBERS), adam.numbers());
  }

  /** In one buffer, as a parameter store holds them, whatever the size of single tensors. */
  private Operation optimizer(Workload.Optimizer work) {
    int length = work.parameters();
    Tensor weight = empty(length);
    Tensor gradient = empty(length);
    Tensor firstMoment = empty(length);
    Tensor secondMoment = empty(length);
    Tensor ema = empty(length);
    Tensor factor = Tensor.scalar(backend, 1);
    Tensor firstStep = numbers(1);
    Tensor secondStep = numbers(2);
    Consumer<Tensor> step =
        numbers ->
            backend
                .optimizer()
                .adam(numbers, factor, weight, gradient, firstMoment, secondMoment, ema);
    Runnable start =
        () -> {
          backend.elementwise().fill(0, firstMoment);
          backend.elementwise().fill(0, secondMoment);
          backend.elementwise().fill(0, weight);
          backend.elementwise().fill(0, ema);
          gradient.copyFrom(Workload.values("earlier", length));
          step.accept(firstStep);
          gradient.copyFrom(Workload.values("gradient", length));
          weight.copyFrom(Workload.values("weight", length));
          ema.copyFrom(Workload.values("ema", length));
        };
    start.run();
    return new Repeatable(
        () -> step.accept(secondStep),
        () -> {
          start.run();
          step.accept(secondStep);
          return join(weight, ema);
        },
        List.of(0, length));
  }

  private Tensor input(String name, int... extents) {
    Shape shape = Shape.of(extents);
    return Tensor.of(backend, shape, Workload.values(name, shape.size()));
  }

  private Tensor empty(int... extents) {
    return Tensor.empty(backend, Shape.of(extents));
  }

  private Tensor like(Tensor tensor) {
    return Tensor.empty(backend, tensor.shape());
  }

  /** Gradients of parameters are added to. */
  private void clear(Tensor... gradients) {
    for (Tensor gradient : gradients) {
      backend.elementwise().fill(0, gradient);
    }
  }

  private static float[] join(Tensor... parts) {
    int length = 0;
    for (Tensor part : parts) {
      length += part.size();
    }
    float[] joined = new float[length];
    int to = 0;
    for (Tensor part : parts) {
      part.backend().read(part, joined, to);
      to += part.size();
    }
    return joined;
  }
}
