package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Cost;
import dev.jdiffusion.autograd.Observer;
import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.nn.Module;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * All that the device does in a step: noise, forward and backward pass, clipping, Adam.
 *
 * <p>The device is given two things, the pictures and a block of numbers in which all stands that
 * differs between steps otherwise; and nothing is read from it before the end of the step. So on a
 * device that {@linkplain Backend#recorder() records}, the second batch of a shape is written down,
 * and from then on the device repeats it on a single call, with the same bits.
 *
 * <p>Where several micro-batches make a step, each is repeated so; clipping and Adam then are a few
 * operations after the last, which are not worth a recording of their own.
 */
public final class TrainingStep implements AutoCloseable {
  /** Draws the noise of a batch. */
  @FunctionalInterface
  public interface Noise {
    /**
     * Asks the device for it, and takes nothing from the host.
     *
     * @param number the batch's {@link Batch#number}, as {@link Halfwords}
     * @param out {@code [N, H, W, C]}, overwritten
     */
    void draw(Tensor number, Tensor out);
  }

  /**
   * What is trained.
   *
   * @param seed of what dropout layers drop
   * @param network from noisy pictures and the waves of their timesteps to a prediction
   * @param waves of timesteps {@code [N]}, the elements of {@code [N, dim]}
   */
  public record Task(
      Module module,
      long seed,
      BinaryOperator<Variable> network,
      Function<IntTensor, double[]> waves,
      DiffusionProcess process,
      Noise noise) {}

  /**
   * A micro-batch.
   *
   * @param pictures the elements of {@code [N, H, W, C]}
   * @param shape {@code [N, H, W, C]}
   * @param timesteps {@code [N]}
   * @param number which its random numbers are drawn with
   */
  public record Batch(float[] pictures, Shape shape, IntTensor timesteps, int number) {}

  /**
   * What a step did.
   *
   * @param loss mean over its micro-batches
   * @param gradientNorm length of the mean gradient before clipping
   * @param applied false if the loss or the norm is not finite, and therefore nothing was changed
   */
  public record Outcome(double loss, double gradientNorm, boolean applied) {}

  /** Where a batch is on the device. */
  private record Inputs(Tensor pictures, Tensor numbers) {
    static Inputs empty(Backend backend, Shape shape, int numbers) {
      return new Inputs(Tensor.empty(backend, shape), Tensor.empty(backend, Shape.of(numbers)));
    }

    void fill(Batch batch, double[] values) {
      pictures.copyFrom(batch.pictures);
      numbers.copyFrom(values);
    }

    // The block: number, optimizer, factors, waves.

    Tensor number() {
      return numbers.range(0, Shape.of(Halfwords.INT));
    }

    Tensor optimizer() {
      return numbers.range(Halfwords.INT, Shape.of(AdamStep.NUMBERS));
    }

    Tensor factors() {
      return numbers.range(
          Halfwords.INT + AdamStep.NUMBERS, Shape.of(DiffusionProcess.FACTORS, pictures.dim(0)));
    }

    Tensor waves() {
      int n = pictures.dim(0);
      int start = Halfwords.INT + AdamStep.NUMBERS + DiffusionProcess.FACTORS * n;
      return numbers.range(start, Shape.of(n, (numbers.size() - start) / n));
    }

    void release() {
      pictures.storage().release();
      numbers.storage().release();
    }
  }

  private record Recorded(Inputs inputs, Recording recording) {
    void close() {
      recording.close();
      inputs.release();
    }
  }

  private final Backend backend;
  private final Task task;
  private final AdamOptimizer optimizer;
  private final int microBatches;

  /** What the host reads: how the gradient was clipped, and the loss of each micro-batch. */
  private final Tensor results;

  /** Where a micro-batch leaves its loss: in the results, unless others come after it. */
  private final Tensor loss;

  private final Map<Shape, Recorded> recorded = new HashMap<>();
  private final Set<Shape> seen = new HashSet<>();
  private final Consumer<String> notices;
  private Optional<Recorder> recorder;
  private boolean toldOfMemory;

  /**
   * Steps of an optimizer.
   *
   * @param microBatches how many make a step
   * @param recorder empty to run operation by operation
   * @param notices is told why no recording could be made
   */
  public TrainingStep(
      Backend backend,
      Task task,
      AdamOptimizer optimizer,
      int microBatches,
      Optional<Recorder> recorder,
      Consumer<String> notices) {
    this.backend = backend;
    this.task = task;
    this.optimizer = optimizer;
    this.microBatches = microBatches;
    this.recorder = recorder;
    this.notices = notices;
    try (Scope _ = Scope.openPersistent()) {
      results = Tensor.empty(backend, Shape.of(Optimizer.CLIPPED + microBatches));
      loss = microBatches == 1 ? lossOf(0) : Tensor.empty(backend, Shape.of());
    }
  }

  private Tensor lossOf(int microBatch) {
    return results.range(Optimizer.CLIPPED + microBatch, Shape.of());
  }

  /** Runs operation by operation from now on. */
  void stopRecording(String reason) {
    if (recorder.isPresent()) {
      recorder = Optional.empty();
      forgetAll();
      notices.accept("the device is given each step operation by operation: " + reason);
    }
  }

  /** For how many shapes there is a recording. */
  int recordings() {
    return recorded.size();
  }

  /**
   * Takes a step of the optimizer; the gradients are zero before and after it.
   *
   * @param batches as many as make a step
   */
  public Outcome run(List<Batch> batches, double learningRate) {
    return run(batches, learningRate, Observer.NONE);
  }

  /**
   * The same, and tells an observer of each operation.
   *
   * @param observer {@link Observer#NONE} to let the device repeat what is recorded
   */
  Outcome run(List<Batch> batches, double learningRate, Observer observer) {
    if (batches.size() != microBatches) {
      throw new IllegalArgumentException(
          "a step has " + microBatches + " micro-batches, got " + batches.size());
    }
    double[] adam = optimizer.next(learningRate).numbers();
    for (int i = 0; i < microBatches; i++) {
      Batch batch = batches.get(i);
      double[] numbers = numbers(batch, adam);
      if (recorder.isEmpty() || observer != Observer.NONE || !repeat(batch, numbers)) {
        try (Scope _ = Scope.open()) {
          work(filled(batch, numbers, observer), observer);
        }
      }
      if (microBatches > 1) {
        backend.elementwise().copy(loss, lossOf(i));
      }
    }
    if (microBatches > 1) {
      try (Scope _ = Scope.open()) {
        update(Tensor.of(backend, Shape.of(adam.length), adam), observer);
      }
    }
    double[] read = results.toDoubles();
    double mean = 0;
    for (int i = 0; i < microBatches; i++) {
      mean += read[Optimizer.CLIPPED + i] / microBatches;
    }
    AdamOptimizer.Step step = optimizer.updated(Arrays.copyOf(read, Optimizer.CLIPPED));
    return new Outcome(mean, step.gradientNorm(), step.applied());
  }

  /** Adds the gradient of a batch to the parameters' gradients, and tells an observer how. */
  void gradient(Batch batch, Observer observer) {
    try (Scope _ = Scope.open()) {
      gradient(filled(batch, numbers(batch, new double[AdamStep.NUMBERS]), observer), observer);
    }
  }

  /** What differs between steps, besides the pictures; {@link Inputs} tells what stands where. */
  private double[] numbers(Batch batch, double[] adam) {
    double[] factors = task.process.factors(batch.timesteps);
    double[] waves = task.waves.apply(batch.timesteps);
    int start = Halfwords.INT + adam.length;
    double[] numbers = new double[start + factors.length + waves.length];
    Halfwords.put(batch.number, numbers, 0);
    System.arraycopy(adam, 0, numbers, Halfwords.INT, adam.length);
    System.arraycopy(factors, 0, numbers, start, factors.length);
    System.arraycopy(waves, 0, numbers, start + factors.length, waves.length);
    return numbers;
  }

  private Inputs filled(Batch batch, double[] numbers, Observer observer) {
    Inputs inputs = Inputs.empty(backend, batch.shape, numbers.length);
    inputs.fill(batch, numbers);
    observer.outside("waves of the timesteps", Cost.NONE);
    return inputs;
  }

  /** What can be recorded of a step: of a single batch all, of one of several its gradient. */
  private void work(Inputs inputs, Observer observer) {
    gradient(inputs, observer);
    if (microBatches == 1) {
      update(inputs.optimizer(), observer);
    }
  }

  private void gradient(Inputs inputs, Observer observer) {
    try (Scope _ = Scope.open()) {
      Tensor x0 = inputs.pictures;
      Tensor noise = Tensor.empty(backend, x0.shape());
      task.noise.draw(inputs.number(), noise);
      Tensor noisy = task.process.addNoise(x0, noise, inputs.factors());
      Tensor target = task.process.target(x0, noise, inputs.factors());
      observer.outside("noise", Cost.NONE);
      task.module.train(task.seed, inputs.number());
      try (Tape tape = observer == Observer.NONE ? Tape.record() : Tape.record(observer)) {
        Variable prediction =
            task.network.apply(Variable.constant(noisy), Variable.constant(inputs.waves()));
        Variable mean = Loss.loss(task.process.lossKind(), prediction, Variable.constant(target));
        backend.elementwise().copy(mean.value(), loss);
        tape.backward(mean);
      } finally {
        task.module.evaluate();
      }
    }
  }

  private void update(Tensor numbers, Observer observer) {
    Tensor losses = results.range(Optimizer.CLIPPED, Shape.of(microBatches));
    Tensor clipped = results.range(0, Shape.of(Optimizer.CLIPPED));
    optimizer.update(numbers, microBatches, losses, clipped, observer);
  }

  /** Lets the device do the {@link #work} of a batch from a recording. False: it did nothing. */
  private boolean repeat(Batch batch, double[] numbers) {
    Recorded known = recorded.get(batch.shape);
    if (known == null) {
      if (seen.add(batch.shape)) {
        // The first time kernels are loaded, and the pools get what they need.
        return false;
      }
      try {
        known = record(recorder.orElseThrow(), batch.shape, numbers.length);
      } catch (RecordingRefusedException e) {
        stopRecording(String.valueOf(e.getMessage()));
        return false;
      }
      recorded.put(batch.shape, known);
    }
    known.inputs.fill(batch, numbers);
    if (known.recording.replay()) {
      return true;
    }
    forget(batch.shape, known);
    return false;
  }

  /** The next batch of the shape is recorded anew. */
  private void forget(Shape shape, Recorded givenUp) {
    recorded.remove(shape);
    givenUp.close();
    if (!toldOfMemory) {
      toldOfMemory = true;
      notices.accept(
          "the device was short of memory and gave up a recorded step, which is recorded again"
              + " whenever that happens");
    }
  }

  private Recorded record(Recorder device, Shape shape, int numbers) {
    Inputs inputs;
    try (Scope _ = Scope.openPersistent()) {
      inputs = Inputs.empty(backend, shape, numbers);
    }
    boolean done = false;
    try {
      Recording recording = device.record(() -> work(inputs, Observer.NONE));
      done = true;
      return new Recorded(inputs, recording);
    } finally {
      if (!done) {
        inputs.release();
      }
    }
  }

  private void forgetAll() {
    recorded.values().forEach(Recorded::close);
    recorded.clear();
  }

  @Override
  public void close() {
    forgetAll();
    results.storage().release();
    if (microBatches > 1) {
      loss.storage().release();
    }
  }
}
