package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A benchmark's device on a GPU, {@code LIBRARY[:N][-PRECISION]}: {@code cuda}, {@code cuda:1},
 * {@code cublas-tf32}, {@code cudnn:1-tf32}, {@code cuda:emulator-bf16}.
 *
 * @param library whose products and convolutions run: {@code cuda} (this project's), {@code cublas}
 *     or {@code cudnn}
 * @param index which GPU, or {@code emulator}; empty for the first GPU
 * @param precision of products and convolutions
 */
public record GpuName(String library, String index, Precision precision) {
  private static final String OURS = "cuda";

  private static final Pattern FORM =
      Pattern.compile("(cuda|cublas|cudnn)(?::(\\d{1,4}|emulator))?(?:-(tf32|bf16))?");

  /** The parts of a name; empty if it is not a GPU's. */
  public static Optional<GpuName> of(String name) {
    Matcher parts = FORM.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    String index = parts.group(2) == null ? "" : parts.group(2);
    Precision precision =
        parts.group(3) == null
            ? Precision.FP32
            : Precision.valueOf(parts.group(3).toUpperCase(Locale.ROOT));
    return Optional.of(new GpuName(parts.group(1), index, precision));
  }

  /** Whether its products are this project's. */
  public boolean isOurs() {
    return library.equals(OURS);
  }

  /** This project's kernels on the same GPU, in the same precision. */
  public GpuName ours() {
    return new GpuName(OURS, index, precision);
  }

  /** The GPU. */
  public Device device() {
    return new Device(OURS, index);
  }

  /**
   * How much further from {@code cpu} a result may be than in single precision. Both operands of a
   * product may be off by one in the last place that is kept, 2^-10 of them in TF32 and 2^-7 in
   * bfloat16: libraries round to nearest or cut off. Beside the 1e-4 that kernels are allowed in
   * single precision, that makes 2e-3 and 1.6e-2.
   */
  public double slack() {
    return switch (precision) {
      case FP32 -> 1;
      case TF32 -> 20;
      case BF16 -> 160;
    };
  }

  @Override
  public String toString() {
    return library
        + (index.isEmpty() ? "" : ":" + index)
        + (precision == Precision.FP32 ? "" : "-" + precision);
  }
}
