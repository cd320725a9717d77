package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.tensor.Activation;
import org.openjdk.jmh.annotations.Param;

/**
 * How fast is group normalisation of 128 pictures of 28x28, alone and with what follows it in a
 * block?
 */
public class NormBenchmark extends SideBySide {
  private static final int BATCH = 128;
  private static final int EXTENT = 28;

  /** What is fused in, channels, groups. */
  public enum Layer {
    PLAIN_64_8(64, 8, Activation.NONE, false),
    SILU_64_8(64, 8, Activation.SILU, false),
    SCALED_SILU_64_8(64, 8, Activation.SILU, true),
    PLAIN_56_1(56, 1, Activation.NONE, false),
    SILU_56_1(56, 1, Activation.SILU, false),
    SCALED_SILU_56_1(56, 1, Activation.SILU, true);

    private final int channels;
    private final int groups;
    private final Activation activation;
    private final boolean scaled;

    Layer(int channels, int groups, Activation activation, boolean scaled) {
      this.channels = channels;
      this.groups = groups;
      this.activation = activation;
      this.scaled = scaled;
    }
  }

  @Param public Layer layer;

  @Param public Workload.Pass pass;

  @Override
  protected Workload workload() {
    return new Workload.GroupNorm(
        BATCH, EXTENT, layer.channels, layer.groups, layer.activation, layer.scaled, pass);
  }
}
