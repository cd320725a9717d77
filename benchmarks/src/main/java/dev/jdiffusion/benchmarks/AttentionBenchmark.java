package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How fast is attention of four heads, by length? The batch shrinks as the length grows, so that
 * the work stays of one order.
 *
 * <p>It consists of more loops than other work, and while all processors are busy with it, C2 may
 * take two seconds to compile the last of them.
 */
@Warmup(iterations = 8, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class AttentionBenchmark extends SideBySide {
  private static final int HEADS = 4;

  /** The two kinds in the U-Net. */
  public enum Kind {
    /** The cost grows with the square of the length. */
    SOFTMAX,
    /** The cost grows with the length. */
    LINEAR
  }

  @Param public Kind kind;

  /** Positions: 7x7, 14x14 and 32x32 pixels. */
  @Param({"49", "196", "1024"})
  public int length;

  @Param({"32", "64"})
  public int headSize;

  @Param public Workload.Pass pass;

  @Override
  protected Workload workload() {
    return switch (kind) {
      case SOFTMAX -> {
        int batch = Math.clamp((1 << 22) / (length * length), 4, 512);
        yield new Workload.Attention(batch, length, HEADS, headSize, pass);
      }
      case LINEAR -> new Workload.LinearAttention(50_176 / length, length, HEADS, headSize, pass);
    };
  }
}
