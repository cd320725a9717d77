package dev.jdiffusion.benchmarks.peers;

import java.util.List;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
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
}
