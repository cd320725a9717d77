package dev.jdiffusion.benchmarks.peers;

import java.util.List;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.global.torch;

/** Operations of libtorch that have no function in Java, called through its dispatcher. */
final class Aten {
  private Aten() {}

  /** An operation by name. */
  record Op(OperatorHandle handle) {
    static Op named(String name, String overload) {
      return new Op(
          TorchOperation.keep(Dispatcher.singleton().findSchemaOrThrow("aten::" + name, overload)));
    }

    /** Calls it; the result holds what it returns. */
    IValueVector call(IValue... arguments) {
      IValueVector stack = new IValueVector(arguments);
      handle.callBoxed(stack);
      return stack;
    }
  }

  /** A list of tensors as an argument. */
  static IValue list(List<Tensor> tensors) {
    GenericList list = new GenericList(new TensorList().elementType());
    list.reserve(tensors.size());
    for (Tensor tensor : tensors) {
      list.push_back(new IValue(tensor));
    }
    return new IValue(list);
  }

  /** A result as a tensor of its own: the stack's are gone with it. */
  private static Tensor result(IValueVector stack, int i) {
    return new Tensor(stack.get(i).toTensor());
  }

  /** The gradient of softmax. */
  static final class SoftmaxBackward {
    private final Op op = Op.named("_softmax_backward_data", "");

    Tensor apply(Tensor dOut, Tensor out, int axis) {
      return result(
          op.call(
              new IValue(dOut),
              new IValue(out),
              new IValue((long) axis),
              new IValue(torch.ScalarType.Float)),
          0);
    }
  }

  /** Attention that keeps what its gradient needs; what F.scaled_dot_product_attention runs. */
  static final class FlashAttention {
    private final Op forward = Op.named("_scaled_dot_product_flash_attention_for_cpu", "");
    private final Op backward =
        Op.named("_scaled_dot_product_flash_attention_for_cpu_backward", "");

    /** The output and the logarithm of the sums, for q, k and v [N, heads, T, D]. */
    Tensor[] forward(Tensor q, Tensor k, Tensor v) {
      IValueVector results =
          forward.call(
              new IValue(q),
              new IValue(k),
              new IValue(v),
              new IValue(0.0),
              new IValue(false),
              new IValue(),
              new IValue());
      return new Tensor[] {result(results, 0), result(results, 1)};
    }

    /** The gradients of q, k and v. */
    Tensor[] backward(Tensor dOut, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
      IValueVector results =
          backward.call(
              new IValue(dOut),
              new IValue(q),
              new IValue(k),
              new IValue(v),
              new IValue(out),
              new IValue(logSumExp),
              new IValue(0.0),
              new IValue(false),
              new IValue(),
              new IValue());
      return new Tensor[] {result(results, 0), result(results, 1), result(results, 2)};
    }
  }

  /** Adam and a moving average over lists of tensors, as fused=True and torch._foreach_lerp_ do. */
  static final class FusedAdam {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Op countSteps = Op.named("_foreach_add_", "Scalar");
    private final Op adam = Op.named("_fused_adam_", "");
    private final Op lerp = Op.named("_foreach_lerp_", "Scalar");
    private final IValue weights;
    private final IValue firstMoments;
    private final IValue secondMoments;
    private final IValue averages;
    private final IValue steps;
    private final IValue none = TorchOperation.keep(list(List.of()));

    /**
     * What the steps change; all lists are of the same length.
     *
     * @param steps of each tensor, as scalars
     */
    FusedAdam(
        List<Tensor> weights,
        List<Tensor> firstMoments,
        List<Tensor> secondMoments,
        List<Tensor> averages,
        List<Tensor> steps) {
      this.weights = TorchOperation.keep(list(weights));
      this.firstMoments = TorchOperation.keep(list(firstMoments));
      this.secondMoments = TorchOperation.keep(list(secondMoments));
      this.averages = TorchOperation.keep(list(averages));
      this.steps = TorchOperation.keep(list(steps));
    }

    /** One step. */
    void step(IValue gradients, double learningRate, double averageDecay) {
      countSteps.call(steps, new IValue(new Scalar(1.0)));
      adam.call(
          weights,
          gradients,
          firstMoments,
          secondMoments,
          none,
          steps,
          new IValue(learningRate),
          new IValue(BETA1),
          new IValue(BETA2),
          new IValue(0.0),
          new IValue(EPSILON),
          new IValue(false),
          new IValue(false),
          new IValue(),
          new IValue());
      lerp.call(averages, weights, new IValue(new Scalar(1 - averageDecay)));
    }
  }
}
