package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.Scopes.chain;
import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Pass;
import dev.jdiffusion.tensor.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Group normalisation with what follows it, and its gradients. */
final class TorchGroupNorm {
  private static final double EPSILON = 1e-5;
  private static final long[] PIXELS = {2, 3};

  private final Workload.GroupNorm work;
  private final Tensor x;
  private final TensorOptional gamma;
  private final TensorOptional beta;

  /** 1 + scale and shift, [N, C, 1, 1]; empty where the work has none. */
  private final List<Tensor> scaleShift = new ArrayList<>();

  private TorchGroupNorm(Workload.GroupNorm work, TorchFormat format) {
    this.work = work;
    int channels = work.channels();
    x = keep(format.pictures("x", work.batch(), work.extent(), work.extent(), channels));
    gamma = keep(new TensorOptional(TorchFormat.input("gamma", channels)));
    beta = keep(new TensorOptional(TorchFormat.input("beta", channels)));
    if (work.scaled()) {
      Tensor both = TorchFormat.input("scaleShift", work.batch(), 2L * channels, 1, 1);
      scaleShift.add(keep(both.narrow(1, 0, channels).add(new Scalar(1.0))));
      scaleShift.add(keep(both.narrow(1, channels, channels).contiguous()));
    }
  }

  static Operation prepare(Workload.GroupNorm work, TorchFormat format) {
    TorchGroupNorm norm = new TorchGroupNorm(work, format);
    return work.pass() == Pass.FORWARD ? norm.forward() : norm.backward(format);
  }

  /** The normalised pictures, the means and the reciprocal deviations. */
  private Tensor[] normalize() {
    long pixels = (long) work.extent() * work.extent();
    return TorchConvolution.parts(
        torch.native_group_norm(
            x, gamma, beta, work.batch(), work.channels(), pixels, work.groups(), EPSILON));
  }

  /** Scales and shifts; in place, where {@code to} is {@code from}. */
  private Tensor modulate(Tensor from, Tensor to) {
    return scaleShift.isEmpty()
        ? from
        : torch.addcmul_out(to, scaleShift.get(1), from, scaleShift.get(0));
  }

  private Operation forward() {
    return TorchOperation.of(
        () -> {
          Tensor out = normalize()[0];
          out = modulate(out, out);
          return switch (work.activation()) {
            case NONE -> out;
            case RELU -> torch.relu_(out);
            case SILU -> torch.silu_(out);
            case GELU -> torch.gelu_(out);
          };
        },
        TorchFormat::pictureValues);
  }

  private Operation backward(TorchFormat format) {
    int extent = work.extent();
    Tensor dOut = keep(format.pictures("dOut", work.batch(), extent, extent, work.channels()));
    Tensor[] saved = normalize();
    Tensor normalized = keep(saved[0]);
    Tensor mean = keep(saved[1]);
    Tensor rstd = keep(saved[2]);
    Tensor activated = keep(new Tensor(modulate(normalized, torch.empty_like(normalized))));
    BoolPointer all = keep(TorchConvolution.all());
    Scalar zero = keep(new Scalar(0.0));
    List<Function<Tensor, float[]>> readers =
        new ArrayList<>(
            List.of(TorchFormat::pictureValues, TorchFormat::values, TorchFormat::values));
    if (work.scaled()) {
      readers.add(TorchFormat::values);
    }
    return TorchOperation.of(
        () -> {
          Tensor d =
              switch (work.activation()) {
                case NONE -> dOut;
                case RELU -> torch.threshold_backward(dOut, activated, zero);
                case SILU -> torch.silu_backward(dOut, activated);
                case GELU -> torch.gelu_backward(dOut, activated);
              };
          List<Tensor> gradients = new ArrayList<>();
          if (!scaleShift.isEmpty()) {
            Tensor dScale = chain(d, last -> last.mul(normalized), last -> last.sum(PIXELS));
            Tensor dShift = d.sum(PIXELS);
            gradients.add(torch.cat(new TensorVector(dScale, dShift), 1));
            boolean own = work.activation() != Activation.NONE;
            d = own ? d.mul_(scaleShift.get(0)) : d.mul(scaleShift.get(0));
          }
          long pixels = (long) extent * extent;
          gradients.addAll(
              0,
              List.of(
                  TorchConvolution.parts(
                      torch.native_group_norm_backward(
                          d,
                          x,
                          mean,
                          rstd,
                          gamma,
                          work.batch(),
                          work.channels(),
                          pixels,
                          work.groups(),
                          all))));
          return gradients.toArray(Tensor[]::new);
        },
        readers);
  }
}
