package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.diffusion.model.DdpmUNet;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.model.UNetConfig;
import dev.jdiffusion.diffusion.process.Denoiser;
import dev.jdiffusion.nn.Module;
import dev.jdiffusion.tensor.IntTensor;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/**
 * A network of ours: what it is made of and how to call it.
 *
 * @param network what predicts from noisy pictures and waves
 * @param waves of timesteps
 */
record Model(
    Module module,
    Denoiser denoiser,
    BinaryOperator<Variable> network,
    Function<IntTensor, double[]> waves) {
  private static final List<Integer> MULTIPLIERS = List.of(1, 2, 4);

  static Model of(Step.Network network) {
    UNetConfig annotated = UNetConfig.annotated(28, MULTIPLIERS, network.channels());
    return switch (network) {
      case ANNOTATED -> of(new UNet(annotated));
      case ANNOTATED_RESNET ->
          of(
              new UNet(
                  new UNetConfig(
                      annotated.dim(),
                      MULTIPLIERS,
                      network.channels(),
                      UNetConfig.Block.RESNET,
                      4,
                      annotated.heads(),
                      annotated.headDim())));
      case CIFAR -> {
        // Without dropout, whose random numbers no other library shares.
        DdpmUNet cifar = new DdpmUNet(128, 0);
        yield new Model(cifar, cifar::forward, cifar::forward, cifar::waves);
      }
    };
  }

  private static Model of(UNet network) {
    return new Model(network, network::forward, network::forward, network::waves);
  }
}
