package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Observer;
import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;

/**
 * The loss of a batch and its gradient: nearly all operations of a step, and always the same ones.
 *
 * <p>On a device that {@linkplain Backend#recorder() records}, the second batch of a shape is
 * written down, and from then on the device repeats it without a tape. All that differs between
 * batches (random numbers, timesteps, the optimizer's rate and step) is used outside of this pass,
 * so it is only a few tensors that go in, and the results have the same bits in either way.
 */
public final class GradientPass implements AutoCloseable {
  /**
   * What differs between batches.
   *
   * @param noisy pictures with noise {@code [N, H, W, C]}
   * @param waves of their timesteps {@code [N, dim]}
   * @param target what the network should predict, of noisy's shape
   */
  public record Batch(Tensor noisy, Tensor waves, Tensor target) {
    private List<Tensor> tensors() {
      return List.of(noisy, waves, target);
    }
  }

  /** A recording, and the tensors through which it is given a batch and gives a loss. */
  private record Recorded(Batch batch, Tensor loss, Recording recording) {
    /** The loss; nothing if the device gave the recording up. */
    OptionalDouble replay(Batch next) {
      for (int i = 0; i < next.tensors().size(); i++) {
        Tensor input = batch.tensors().get(i);
        input.backend().elementwise().copy(next.tensors().get(i), input);
      }
      return recording.replay() ? OptionalDouble.of(loss.item()) : OptionalDouble.empty();
    }

    void close() {
      recording.close();
      release(batch, loss);
    }
  }

  private final BinaryOperator<Variable> network;
  private final Kind kind;
  private final Map<Shape, Recorded> recorded = new HashMap<>();
  private final Set<Shape> seen = new HashSet<>();
  private final Consumer<String> notices;
  private Optional<Recorder> recorder;
  private boolean toldOfMemory;

  /**
   * A pass.
   *
   * @param network from noisy pictures and waves to a prediction
   * @param recorder empty to run operation by operation
   * @param notices is told why no recording could be made
   */
  public GradientPass(
      BinaryOperator<Variable> network,
      Kind kind,
      Optional<Recorder> recorder,
      Consumer<String> notices) {
    this.network = network;
    this.kind = kind;
    this.recorder = recorder;
    this.notices = notices;
  }

  /** Runs operation by operation from now on. */
  void stopRecording(String reason) {
    if (recorder.isPresent()) {
      recorder = Optional.empty();
      close();
      notices.accept("the device is given each step operation by operation: " + reason);
    }
  }

  /** For how many shapes there is a recording. */
  int recordings() {
    return recorded.size();
  }

  /** Adds the gradient of a batch to the parameters' gradients. Returns the loss. */
  public double run(Batch batch) {
    if (recorder.isEmpty()) {
      return run(batch, Tape.record());
    }
    Shape shape = batch.noisy.shape();
    Recorded known = recorded.get(shape);
    if (known != null) {
      OptionalDouble loss = known.replay(batch);
      if (loss.isEmpty()) {
        forget(shape, known);
      }
      return loss.isPresent() ? loss.getAsDouble() : run(batch, Tape.record());
    }
    if (seen.add(shape)) {
      // The first time kernels are loaded, and the pools get what they need.
      return run(batch, Tape.record());
    }
    try {
      Recorded made = record(recorder.get(), batch);
      recorded.put(shape, made);
      return made.replay(batch).orElseThrow();
    } catch (RecordingRefusedException e) {
      stopRecording(String.valueOf(e.getMessage()));
      return run(batch, Tape.record());
    }
  }

  /** The same, operation by operation, and tells an observer of each. */
  double run(Batch batch, Observer observer) {
    return run(batch, Tape.record(observer));
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

  private double run(Batch batch, Tape recording) {
    try (Tape tape = recording;
        Scope _ = Scope.open()) {
      Variable loss = loss(batch);
      tape.backward(loss);
      // Only now, so that the host does not wait for the device halfway.
      return loss.item();
    }
  }

  private Variable loss(Batch batch) {
    Variable prediction =
        network.apply(Variable.constant(batch.noisy), Variable.constant(batch.waves));
    return Loss.loss(kind, prediction, Variable.constant(batch.target));
  }

  private Recorded record(Recorder device, Batch like) {
    Batch inputs;
    Tensor result;
    try (Scope _ = Scope.openPersistent()) {
      Backend backend = like.noisy.backend();
      inputs =
          new Batch(
              Tensor.empty(backend, like.noisy.shape()),
              Tensor.empty(backend, like.waves.shape()),
              Tensor.empty(backend, like.target.shape()));
      result = Tensor.empty(backend, Shape.of());
    }
    boolean done = false;
    try {
      Recording recording =
          device.record(() -> {
            try (Tape tape = Tape.record();
                Scope _ = Scope.open()) {
              Variable loss = loss(inputs);
              loss.backend().elementwise().copy(loss.value(), result);
              tape.backward(loss);
            }
          });
      done = true;
      return new Recorded(inputs, result, recording);
    } finally {
      if (!done) {
        release(inputs, result);
      }
    }
  }

  private static void release(Batch batch, Tensor loss) {
    batch.tensors().forEach(tensor -> tensor.storage().release());
    loss.storage().release();
  }

  @Override
  public void close() {
    recorded.values().forEach(Recorded::close);
    recorded.clear();
  }
}
