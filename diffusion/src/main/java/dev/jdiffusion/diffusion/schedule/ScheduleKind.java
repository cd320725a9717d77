package dev.jdiffusion.diffusion.schedule;

import dev.jdiffusion.diffusion.UserError;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The schedules by the names that configurations use, each with its published defaults. */
public enum ScheduleKind {
  /** {@link NoiseSchedule#linear(int)}: scaled by 1000/T. */
  LINEAR("linear"),
  /** {@link NoiseSchedule#linearUnscaled(int)}: 1e-4 to 0.02 whatever T is. */
  LINEAR_UNSCALED("linear-unscaled"),
  /** {@link NoiseSchedule#cosine(int)}: beta clipped at 0.999. */
  COSINE("cosine"),
  /** {@link NoiseSchedule#quadratic(int)}. */
  QUADRATIC("quadratic"),
  /** {@link NoiseSchedule#sigmoid(int)}. */
  SIGMOID("sigmoid");

  private final String name;

  ScheduleKind(String name) {
    this.name = name;
  }

  /** The schedule called {@code name} in a configuration, in any case. */
  public static ScheduleKind parse(String name) {
    String wanted = name.strip().toLowerCase(Locale.ROOT).replace('_', '-');
    return Arrays.stream(values())
        .filter(kind -> kind.name.equals(wanted))
        .findFirst()
        .orElseThrow(() ->
            new UserError(
                "unknown noise schedule '"
                    + name
                    + "': use one of "
                    + Arrays.stream(values())
                        .map(ScheduleKind::toString)
                        .collect(Collectors.joining(", "))));
  }

  /** This schedule with {@code timesteps} steps. */
  public NoiseSchedule create(int timesteps) {
    return switch (this) {
      case LINEAR -> NoiseSchedule.linear(timesteps);
      case LINEAR_UNSCALED -> NoiseSchedule.linearUnscaled(timesteps);
      case COSINE -> NoiseSchedule.cosine(timesteps);
      case QUADRATIC -> NoiseSchedule.quadratic(timesteps);
      case SIGMOID -> NoiseSchedule.sigmoid(timesteps);
    };
  }

  /** The name that configurations use. */
  @Override
  public String toString() {
    return name;
  }
}
