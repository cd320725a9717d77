package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.Scopes.scoped;
import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.UNetWeights;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Whole steps of training and of sampling. */
final class TorchStep {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(200);

  /** The timestep of a sampling step's update, and the clean picture after it. */
  private static final int UPDATED = 100;

  private static final double PREVIOUS_ALPHA_CUMPROD = 1;

  private TorchStep() {}

  static Operation prepare(Step work, TorchFormat format, boolean tuned) {
    boolean training = work.kind() == Step.Kind.TRAINING;
    TorchLayers layers = new TorchLayers(UNetWeights.of(work.network()), format, training);
    TorchNetwork network =
        switch (work.network()) {
          case ANNOTATED, ANNOTATED_RESNET -> new AnnotatedUnet(layers);
          case CIFAR -> new DdpmUnet(layers);
        };
    return training
        ? new Training(work, format, network, layers.parameters(), tuned)
        : sampling(work, format, network);
  }

  private static Tensor pictures(Step work, TorchFormat format, String name) {
    int extent = work.network().extent();
    return keep(format.pictures(name, work.batch(), extent, extent, work.network().channels()));
  }

  /** What a function gives for each picture's timestep, [N]. */
  private static Tensor perPicture(Step work, IntToDoubleFunction function) {
    int[] timesteps = Workload.timesteps(work.batch());
    float[] values = new float[timesteps.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) function.applyAsDouble(timesteps[i]);
    }
    return keep(TorchFormat.tensor(values, values.length));
  }

  private static Operation sampling(Step work, TorchFormat format, TorchNetwork network) {
    Tensor start = pictures(work, format, "x");
    Tensor timesteps = perPicture(work, t -> t);
    double current = SCHEDULE.alphaCumprod(UPDATED);
    double alpha = current / PREVIOUS_ALPHA_CUMPROD;
    Scalar ofX = scalar(SCHEDULE.sqrtRecipAlphaCumprod(UPDATED));
    Scalar ofNoise = scalar(SCHEDULE.sqrtRecipm1AlphaCumprod(UPDATED));
    Scalar kept = scalar(Math.sqrt(alpha) * (1 - PREVIOUS_ALPHA_CUMPROD) / (1 - current));
    Scalar added = scalar(Math.sqrt(PREVIOUS_ALPHA_CUMPROD) * (1 - alpha) / (1 - current));
    ScalarOptional least = keep(new ScalarOptional(scalar(-1)));
    ScalarOptional most = keep(new ScalarOptional(scalar(1)));
    return TorchOperation.of(
        () -> {
          Tensor prediction = scoped(() -> network.forward(start, timesteps));
          Tensor picture = start.mul(ofX).sub_(prediction, ofNoise).clamp_(least, most);
          Tensor next = start.mul(kept).add_(picture, added);
          return new Tensor[] {prediction, next};
        },
        List.of(TorchFormat::pictureValues));
  }

  private static Scalar scalar(double value) {
    return keep(new Scalar(value));
  }

  private static final class Training implements Operation {
    private final TorchNetwork network;
    private final List<Tensor> parameters;
    private final Tensor pictures;
    private final Tensor noise;
    private final Tensor timesteps;
    private final Tensor ofPictures;
    private final Tensor ofNoise;
    private final TorchOptimizer optimizer;
    private float[] first = {};

    Training(
        Step work,
        TorchFormat format,
        TorchNetwork network,
        List<Tensor> parameters,
        boolean tuned) {
      this.network = network;
      this.parameters = parameters;
      pictures = pictures(work, format, "x");
      noise = pictures(work, format, "noise");
      timesteps = perPicture(work, t -> t);
      ofPictures = keep(perPicture(work, SCHEDULE::sqrtAlphaCumprod).view(-1, 1, 1, 1));
      ofNoise = keep(perPicture(work, SCHEDULE::sqrtOneMinusAlphaCumprod).view(-1, 1, 1, 1));
      try (NoGradGuard _ = new NoGradGuard()) {
        List<Tensor> averages =
            parameters.stream().map(Tensor::clone).map(TorchOperation::keep).toList();
        optimizer =
            tuned
                ? TorchOptimizer.fused(parameters, averages, () -> Aten.list(gradients()))
                : TorchOptimizer.ofTheApi(parameters, averages);
      }
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope()) {
        Tensor noisy = pictures.mul(ofPictures).addcmul_(noise, ofNoise);
        // Of the network's tensors only those live on that backward needs, which frees them.
        Tensor loss = scoped(() -> torch.smooth_l1_loss(network.forward(noisy, timesteps), noise));
        loss.backward();
        float value = loss.item_float();
        try (NoGradGuard _ = new NoGradGuard()) {
          if (first.length == 0) {
            first = answer(value);
          }
          optimizer.step();
        }
        // As zero_grad() does: the next gradients are stored, not added.
        parameters.forEach(parameter -> parameter.mutable_grad().reset());
      }
    }

    private List<Tensor> gradients() {
      return parameters.stream().map(Tensor::grad).toList();
    }

    private float[] answer(float loss) {
      float[] answer = new float[1 + parameters.size()];
      answer[0] = loss;
      for (int i = 0; i < parameters.size(); i++) {
        answer[1 + i] = parameters.get(i).grad().norm().item_float();
      }
      return answer;
    }

    @Override
    public float[] result() {
      return first;
    }
  }
}
