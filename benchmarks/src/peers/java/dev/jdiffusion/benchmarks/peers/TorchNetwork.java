package dev.jdiffusion.benchmarks.peers;

import org.bytedeco.pytorch.Tensor;

/** A network that predicts noise. */
interface TorchNetwork {
  /**
   * The prediction.
   *
   * @param x pictures [N, C, H, W]
   * @param timesteps [N], as floats
   */
  Tensor forward(Tensor x, Tensor timesteps);
}
