package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.peers.Aten.Op;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Adam and a moving average over tensors, from the gradients that the tensors hold. */
interface TorchOptimizer {
  double LEARNING_RATE = 1e-3;
  double AVERAGE_DECAY = 0.995;

  /** One step. */
  void step();

  /** The class {@code torch::optim::Adam}, and the average tensor by tensor. */
  static TorchOptimizer ofTheApi(List<Tensor> weights, List<Tensor> averages) {
    Adam adam =
        keep(
            new Adam(
                new TensorVector(weights.toArray(Tensor[]::new)), new AdamOptions(LEARNING_RATE)));
    Scalar share = keep(new Scalar(1 - AVERAGE_DECAY));
    return () -> {
      adam.step();
      for (int i = 0; i < weights.size(); i++) {
        averages.get(i).lerp_(weights.get(i), share);
      }
    };
  }

  /**
   * What Python's {@code Adam(fused=True)} and {@code torch._foreach_lerp_} call; the C++ API has
   * no class for it.
   *
   * @param gradients of the weights, as a list
   */
  static TorchOptimizer fused(
      List<Tensor> weights, List<Tensor> averages, Supplier<IValue> gradients) {
    return new Fused(weights, averages, gradients);
  }

  /** Three operations over lists of tensors. */
  final class Fused implements TorchOptimizer {
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
    private final Supplier<IValue> gradients;
    private final IValue none = keep(Aten.list(List.of()));

    private Fused(List<Tensor> weights, List<Tensor> averages, Supplier<IValue> gradients) {
      this.weights = keep(Aten.list(weights));
      this.averages = keep(Aten.list(averages));
      this.gradients = gradients;
      firstMoments = keep(Aten.list(weights.stream().map(torch::zeros_like).toList()));
      secondMoments = keep(Aten.list(weights.stream().map(torch::zeros_like).toList()));
      steps = keep(Aten.list(weights.stream().map(_ -> torch.zeros(new long[0])).toList()));
    }

    @Override
    public void step() {
      countSteps.call(steps, new IValue(new Scalar(1.0)));
      adam.call(
          weights,
          gradients.get(),
          firstMoments,
          secondMoments,
          none,
          steps,
          new IValue(LEARNING_RATE),
          new IValue(BETA1),
          new IValue(BETA2),
          new IValue(0.0),
          new IValue(EPSILON),
          new IValue(false),
          new IValue(false),
          new IValue(),
          new IValue());
      lerp.call(averages, weights, new IValue(new Scalar(1 - AVERAGE_DECAY)));
    }
  }
}
