package dev.jdiffusion.diffusion.schedule;

import dev.jdiffusion.diffusion.UserError;

/**
 * The variances {@code beta_0 .. beta_(T-1)} of the forward process and everything that follows
 * from them, as tables in double precision.
 *
 * <p>In the notation of Ho et al., "Denoising Diffusion Probabilistic Models" (2020), with {@code
 * t} counted from 0:
 *
 * <pre>
 *   alpha_t          = 1 - beta_t
 *   alphaCumprod_t   = alpha_0 * ... * alpha_t                      (alphaCumprodPrev_0 = 1)
 *   q(x_t | x_0)     = N(sqrt(alphaCumprod_t) x_0, (1 - alphaCumprod_t) I)                 (eq. 4)
 *   q(x_(t-1) | x_t, x_0) = N(coef1_t x_0 + coef2_t x_t, posteriorVariance_t I)        (eq. 6, 7)
 * </pre>
 *
 * <p>The tables are the same bits on every machine: they use {@link StrictMath} only. A schedule is
 * immutable and may be shared between threads.
 */
public final class NoiseSchedule {
  /** The first and last beta of the published linear, quadratic and sigmoid schedules. */
  public static final double DEFAULT_BETA_START = 1e-4;

  /** See {@link #DEFAULT_BETA_START}. */
  public static final double DEFAULT_BETA_END = 0.02;

  /** The number of timesteps for which the linear schedule was published. */
  private static final double PUBLISHED_TIMESTEPS = 1000;

  /** The offset s that keeps the cosine schedule's first beta from vanishing. */
  private static final double COSINE_OFFSET = 0.008;

  private final double[] betas;
  private final double[] alphasCumprod;
  private final double[] alphasCumprodPrev;
  private final double[] sqrtAlphasCumprod;
  private final double[] sqrtOneMinusAlphasCumprod;
  private final double[] sqrtRecipAlphasCumprod;
  private final double[] sqrtRecipm1AlphasCumprod;
  private final double[] posteriorVariance;
  private final double[] posteriorLogVarianceClipped;
  private final double[] posteriorMeanCoef1;
  private final double[] posteriorMeanCoef2;

  private NoiseSchedule(double[] betas) {
    int timesteps = betas.length;
    this.betas = betas;
    alphasCumprod = new double[timesteps];
    alphasCumprodPrev = new double[timesteps];
    sqrtAlphasCumprod = new double[timesteps];
    sqrtOneMinusAlphasCumprod = new double[timesteps];
    sqrtRecipAlphasCumprod = new double[timesteps];
    sqrtRecipm1AlphasCumprod = new double[timesteps];
    posteriorVariance = new double[timesteps];
    posteriorLogVarianceClipped = new double[timesteps];
    posteriorMeanCoef1 = new double[timesteps];
    posteriorMeanCoef2 = new double[timesteps];
    double previous = 1;
    for (int t = 0; t < timesteps; t++) {
      double beta = betas[t];
      double alpha = 1 - beta;
      double cumprod = previous * alpha;
      alphasCumprod[t] = cumprod;
      alphasCumprodPrev[t] = previous;
      sqrtAlphasCumprod[t] = Math.sqrt(cumprod);
      sqrtOneMinusAlphasCumprod[t] = Math.sqrt(1 - cumprod);
      sqrtRecipAlphasCumprod[t] = Math.sqrt(1 / cumprod);
      sqrtRecipm1AlphasCumprod[t] = Math.sqrt(1 / cumprod - 1);
      posteriorVariance[t] = beta * (1 - previous) / (1 - cumprod);
      posteriorMeanCoef1[t] = beta * Math.sqrt(previous) / (1 - cumprod);
      posteriorMeanCoef2[t] = (1 - previous) * Math.sqrt(alpha) / (1 - cumprod);
      previous = cumprod;
    }
    for (int t = 0; t < timesteps; t++) {
      // The posterior variance is 0 at t = 0, where its logarithm would be minus infinity.
      posteriorLogVarianceClipped[t] = StrictMath.log(posteriorVariance[Math.max(t, 1)]);
    }
  }

  /**
   * The schedule with the given {@code betas}, one per timestep.
   *
   * @throws UserError unless there are at least two, each inside (0, 1)
   */
  public static NoiseSchedule ofBetas(double... betas) {
    checkTimesteps(betas.length);
    for (int t = 0; t < betas.length; t++) {
      if (!(betas[t] > 0 && betas[t] < 1)) {
        throw new UserError(
            "noise schedule: beta at timestep "
                + t
                + " of "
                + betas.length
                + " is "
                + betas[t]
                + ", must be between 0 and 1: use more timesteps or the cosine schedule");
      }
    }
    return new NoiseSchedule(betas.clone());
  }

  /**
   * The linear schedule of Ho et al., scaled so that it ends in noise for any T: beta from {@code
   * 1e-4 * 1000/T} to {@code 0.02 * 1000/T} (Nichol and Dhariwal, "Improved DDPM", 2021).
   *
   * <p>Unscaled, T = 200 would leave alphaCumprod at 0.13: the last step still shows the picture.
   */
  public static NoiseSchedule linear(int timesteps) {
    checkTimesteps(timesteps);
    double scale = PUBLISHED_TIMESTEPS / timesteps;
    return linear(timesteps, scale * DEFAULT_BETA_START, scale * DEFAULT_BETA_END);
  }

  /** The linear schedule with beta from 1e-4 to 0.02, whatever {@code timesteps} is. */
  public static NoiseSchedule linearUnscaled(int timesteps) {
    return linear(timesteps, DEFAULT_BETA_START, DEFAULT_BETA_END);
  }

  /** The linear schedule between the given first and last beta. */
  public static NoiseSchedule linear(int timesteps, double betaStart, double betaEnd) {
    return ofBetas(linspace(betaStart, betaEnd, timesteps));
  }

  /** The cosine schedule of Nichol and Dhariwal (2021), beta clipped at 0.999. */
  public static NoiseSchedule cosine(int timesteps) {
    return cosine(timesteps, 0, 0.999);
  }

  /**
   * The cosine schedule with beta clipped to {@code [minBeta, maxBeta]}; "The Annotated Diffusion
   * Model" clips to [1e-4, 0.9999].
   *
   * <pre>
   *   f(u) = cos^2((u + s) / (1 + s) * pi/2),  s = 0.008
   *   beta_t = 1 - f((t+1)/T) / f(t/T)
   * </pre>
   */
  public static NoiseSchedule cosine(int timesteps, double minBeta, double maxBeta) {
    checkTimesteps(timesteps);
    double[] betas = new double[timesteps];
    for (int t = 0; t < timesteps; t++) {
      double kept = cosineLevel((t + 1.0) / timesteps) / cosineLevel((double) t / timesteps);
      betas[t] = Math.clamp(1 - kept, minBeta, maxBeta);
    }
    return ofBetas(betas);
  }

  /** The quadratic schedule with beta from 1e-4 to 0.02. */
  public static NoiseSchedule quadratic(int timesteps) {
    return quadratic(timesteps, DEFAULT_BETA_START, DEFAULT_BETA_END);
  }

  /**
   * {@code beta = linspace(sqrt(betaStart), sqrt(betaEnd))^2}; other codebases call it "scaled
   * linear".
   */
  public static NoiseSchedule quadratic(int timesteps, double betaStart, double betaEnd) {
    double[] betas = linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), timesteps);
    for (int t = 0; t < timesteps; t++) {
      betas[t] *= betas[t];
    }
    return ofBetas(betas);
  }

  /** The sigmoid schedule with beta between 1e-4 and 0.02. */
  public static NoiseSchedule sigmoid(int timesteps) {
    return sigmoid(timesteps, DEFAULT_BETA_START, DEFAULT_BETA_END);
  }

  /** {@code beta = betaStart + (betaEnd - betaStart) * sigmoid(linspace(-6, 6))}. */
  public static NoiseSchedule sigmoid(int timesteps, double betaStart, double betaEnd) {
    double[] betas = linspace(-6, 6, timesteps);
    for (int t = 0; t < timesteps; t++) {
      betas[t] = betaStart + (betaEnd - betaStart) / (1 + StrictMath.exp(-betas[t]));
    }
    return ofBetas(betas);
  }

  private static double cosineLevel(double u) {
    double cosine = StrictMath.cos((u + COSINE_OFFSET) / (1 + COSINE_OFFSET) * (Math.PI / 2));
    return cosine * cosine;
  }

  private static double[] linspace(double start, double end, int count) {
    checkTimesteps(count);
    double[] values = new double[count];
    double step = (end - start) / (count - 1);
    for (int i = 0; i < count; i++) {
      values[i] = start + step * i;
    }
    values[count - 1] = end;
    return values;
  }

  private static void checkTimesteps(int timesteps) {
    if (timesteps < 2 || timesteps > 1_000_000) {
      throw new UserError(
          "noise schedule: " + timesteps + " timesteps, must be between 2 and 1000000");
    }
  }

  /** T; timesteps are 0 .. T-1. */
  public int timesteps() {
    return betas.length;
  }

  /** All betas, as a copy. */
  public double[] betas() {
    return betas.clone();
  }

  /** {@code beta_t}. */
  public double beta(int t) {
    return betas[t];
  }

  /** {@code alpha_t = 1 - beta_t}. */
  public double alpha(int t) {
    return 1 - betas[t];
  }

  /** {@code alphaCumprod_t}, the share of the picture's variance left at t. */
  public double alphaCumprod(int t) {
    return alphasCumprod[t];
  }

  /** {@code alphaCumprod_(t-1)}; 1 at t = 0. */
  public double alphaCumprodPrev(int t) {
    return alphasCumprodPrev[t];
  }

  /** {@code sqrt(alphaCumprod_t)}, what the forward process multiplies x_0 with. */
  public double sqrtAlphaCumprod(int t) {
    return sqrtAlphasCumprod[t];
  }

  /** {@code sqrt(1 - alphaCumprod_t)}, what the forward process multiplies the noise with. */
  public double sqrtOneMinusAlphaCumprod(int t) {
    return sqrtOneMinusAlphasCumprod[t];
  }

  /** {@code sqrt(1 / alphaCumprod_t)}, for x_0 from x_t and the noise. */
  public double sqrtRecipAlphaCumprod(int t) {
    return sqrtRecipAlphasCumprod[t];
  }

  /** {@code sqrt(1 / alphaCumprod_t - 1)}, for x_0 from x_t and the noise. */
  public double sqrtRecipm1AlphaCumprod(int t) {
    return sqrtRecipm1AlphasCumprod[t];
  }

  /** The variance of {@code q(x_(t-1) | x_t, x_0)}; 0 at t = 0. */
  public double posteriorVariance(int t) {
    return posteriorVariance[t];
  }

  /** Its natural logarithm; t = 0 uses the value at 1. */
  public double posteriorLogVarianceClipped(int t) {
    return posteriorLogVarianceClipped[t];
  }

  /** The weight of x_0 in the mean of {@code q(x_(t-1) | x_t, x_0)}. */
  public double posteriorMeanCoef1(int t) {
    return posteriorMeanCoef1[t];
  }

  /** The weight of x_t in the mean of {@code q(x_(t-1) | x_t, x_0)}. */
  public double posteriorMeanCoef2(int t) {
    return posteriorMeanCoef2[t];
  }

  /** The signal-to-noise ratio {@code alphaCumprod_t / (1 - alphaCumprod_t)}. */
  public double signalToNoise(int t) {
    return alphasCumprod[t] / (1 - alphasCumprod[t]);
  }
}
