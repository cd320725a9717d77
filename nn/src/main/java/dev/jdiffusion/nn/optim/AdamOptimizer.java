package dev.jdiffusion.nn.optim;

import dev.jdiffusion.autograd.Cost;
import dev.jdiffusion.autograd.Observer;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019) over all parameters of a store,
 * with clipping by the global norm, accumulation over micro-batches, and the weights' exponential
 * moving average; one pass over memory does it all.
 *
 * <pre>{@code
 * for (each micro-batch) tape.backward(loss);          // adds up gradients
 * AdamOptimizer.Step step = optimizer.step(rate, microBatches);
 * }</pre>
 */
public final class AdamOptimizer {
  /** Of one weight: both moments, the correction, the root, the quotient and the average. */
  private static final int FLOPS_OF_ADAM = 16;

  private final ParameterStore store;
  private final Settings settings;
  private final Tensor firstMoment;
  private final Tensor secondMoment;
  private final Tensor average;
  private long steps;

  /**
   * What does not change during training.
   *
   * @param weightDecay 0 for none
   * @param decoupled whether the decay shrinks the weights directly (AdamW) or is added to the
   *     gradient (Adam)
   * @param maxGradientNorm longer gradients are shortened to this norm; infinite for no clipping
   */
  public record Settings(
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean decoupled,
      double maxGradientNorm,
      EmaSchedule ema) {
    public Settings {
      if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
        throw new IllegalArgumentException(
            "adam: betas must lie in [0, 1), got " + beta1 + " and " + beta2);
      }
      if (!(epsilon > 0) || !(weightDecay >= 0) || !(maxGradientNorm > 0)) {
        throw new IllegalArgumentException(
            "adam: epsilon %s and the largest gradient norm %s must be positive, weight decay %s must not be negative"
                .formatted(epsilon, maxGradientNorm, weightDecay));
      }
    }

    /** Adam as published: betas 0.9 and 0.999, epsilon 1e-8, no decay, no clipping. */
    public static Settings adam() {
      return new Settings(
          0.9, 0.999, 1e-8, 0, false, Double.POSITIVE_INFINITY, new EmaSchedule(0.995));
    }

    /** AdamW: the same with decoupled weight decay. */
    public static Settings adamW(double weightDecay) {
      return new Settings(
          0.9, 0.999, 1e-8, weightDecay, true, Double.POSITIVE_INFINITY, new EmaSchedule(0.995));
    }

    /** These settings with clipping. */
    public Settings clippedTo(double norm) {
      return new Settings(beta1, beta2, epsilon, weightDecay, decoupled, norm, ema);
    }

    /** These settings with another moving average. */
    public Settings averagedBy(EmaSchedule schedule) {
      return new Settings(beta1, beta2, epsilon, weightDecay, decoupled, maxGradientNorm, schedule);
    }
  }

  /**
   * What a step did.
   *
   * @param gradientNorm the norm of the mean gradient before clipping; may be infinite or undefined
   * @param applied false if the gradient or a loss was not finite, and therefore nothing was
   *     changed
   */
  public record Step(double gradientNorm, boolean applied) {}

  /** An optimizer at its first step; the average starts as a copy of the weights. */
  public AdamOptimizer(ParameterStore store, Settings settings) {
    this.store = store;
    this.settings = settings;
    this.firstMoment = store.newBuffer();
    this.secondMoment = store.newBuffer();
    this.average = store.newBuffer();
    store.backend().elementwise().copy(store.values(), average);
  }

  /**
   * Moves the weights by the mean of the gradients added up since the last step, and sets the
   * gradients to zero. A gradient with an infinite or undefined element moves nothing.
   *
   * @param microBatches how many backward passes were added up
   */
  public Step step(double learningRate, int microBatches) {
    Backend backend = store.backend();
    try (Scope _ = Scope.open()) {
      double[] numbers = next(learningRate).numbers();
      Tensor clipped = Tensor.empty(backend, Shape.of(Optimizer.CLIPPED));
      update(
          Tensor.of(backend, Shape.of(numbers.length), numbers),
          microBatches,
          Tensor.empty(backend, Shape.of(0)),
          clipped,
          Observer.NONE);
      return updated(clipped.toDoubles());
    }
  }

  /** The numbers of the step that comes next. */
  public Optimizer.AdamStep next(double learningRate) {
    return new Optimizer.AdamStep(
        learningRate,
        settings.beta1,
        settings.beta2,
        settings.epsilon,
        settings.weightDecay,
        settings.decoupled,
        steps + 1,
        settings.ema.at(steps));
  }

  /**
   * Asks the device for a step, and does not wait for it: so it can be {@linkplain
   * dev.jdiffusion.tensor.Recorder recorded}. After each repetition {@link #updated} has to be
   * told.
   *
   * @param numbers those of {@link #next}
   * @param microBatches how many backward passes were added up
   * @param losses any number; if one is not finite, nothing moves either
   * @param clipped {@code [}{@value Optimizer#CLIPPED}{@code ]}, overwritten: for {@link #updated}
   * @param observer is told what is {@link Observer#outside outside} of any tape
   */
  public void update(
      Tensor numbers, int microBatches, Tensor losses, Tensor clipped, Observer observer) {
    if (microBatches < 1) {
      throw new IllegalArgumentException("adam: needs at least 1 micro-batch, got " + microBatches);
    }
    Optimizer device = store.backend().optimizer();
    Tensor gradients = store.gradients();
    double size = gradients.size();
    device.clip(1.0 / microBatches, settings.maxGradientNorm, gradients, losses, clipped);
    observer.outside("gradient norm", Cost.of(2 * size, size));
    Tensor factor = clipped.range(0, Shape.of());
    device.adam(numbers, factor, store.values(), gradients, firstMoment, secondMoment, average);
    // Reads the gradient too, and reads and writes the other four.
    observer.outside("optimizer step", Cost.of(FLOPS_OF_ADAM * size, 9 * size));
    store.zeroGradients();
    observer.outside("zero gradients", Cost.of(0, size));
  }

  /** Takes note of a step, whose {@code clipped} was read from the device. */
  public Step updated(double[] clipped) {
    boolean applied = !Double.isNaN(clipped[0]);
    if (applied) {
      steps++;
    }
    return new Step(Halfwords.getDouble(clipped, 1), applied);
  }

  /** How many steps were applied. */
  public long steps() {
    return steps;
  }

  /** The weights' moving average, in the store's layout: for {@link ParameterStore#use}. */
  public Tensor average() {
    return average;
  }

  /**
   * All tensors that continue a training, weights included, by the names that files use: {@code
   * model.*}, {@code ema.*}, {@code adam.m.*} and {@code adam.v.*}. They are views: writing to them
   * restores a state, together with {@link #restoreSteps}.
   */
  public SequencedMap<String, Tensor> state() {
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    putAll(state, "model.", store.values());
    putAll(state, "ema.", average);
    putAll(state, "adam.m.", firstMoment);
    putAll(state, "adam.v.", secondMoment);
    return state;
  }

  private void putAll(SequencedMap<String, Tensor> state, String prefix, Tensor buffer) {
    store.views(buffer).forEach((name, view) -> state.put(prefix + name, view));
  }

  /** Sets the number of applied steps, when a state is restored. */
  public void restoreSteps(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("adam: the number of steps must not be " + count);
    }
    steps = count;
  }
}
