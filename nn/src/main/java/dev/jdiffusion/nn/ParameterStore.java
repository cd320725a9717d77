package dev.jdiffusion.nn;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a module's parameters: all values in one flat buffer, all gradients in another. One
 * optimizer call then updates every parameter, and one reduction gives the norm of the whole
 * gradient.
 *
 * <p>Each parameter starts at a multiple of {@value #ALIGNMENT} elements; the gaps between them
 * stay zero. Optimizer moments and averages are {@link #newBuffer further buffers} of the same
 * layout.
 */
public final class ParameterStore implements AutoCloseable {
  private static final int ALIGNMENT = 16;

  /** Purpose of the numbers that initial weights are drawn from; see {@link RandomKey#purpose}. */
  private static final int INITIAL_PURPOSE = 0x6e6e_0001;

  private final Backend backend;
  private final List<Slot> slots = new ArrayList<>();
  private final int length;
  private final Tensor values;
  private final @Nullable Tensor gradients;
  private final List<Tensor> buffers = new ArrayList<>();

  /** Where a parameter lies in every buffer. */
  private record Slot(String name, Parameter parameter, int start) {
    Tensor view(Tensor buffer) {
      return buffer.range(start, parameter.shape());
    }
  }

  private ParameterStore(Module module, Backend backend, boolean training) {
    this.backend = backend;
    long start = 0;
    for (Map.Entry<String, Parameter> entry : module.parameters().entrySet()) {
      slots.add(new Slot(entry.getKey(), entry.getValue(), (int) start));
      start += (entry.getValue().shape().size() + ALIGNMENT - 1L) / ALIGNMENT * ALIGNMENT;
      if (start > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "a module of "
                + module.parameterCount()
                + " parameters does not fit in one buffer of 2^31-1 elements");
      }
    }
    this.length = (int) start;
    this.values = newBuffer();
    this.gradients = training ? newBuffer() : null;
    bind(values);
  }

  /** Memory for values and gradients, all zero. */
  public static ParameterStore forTraining(Module module, Backend backend) {
    return new ParameterStore(module, backend, true);
  }

  /** Memory for values alone, all zero. */
  public static ParameterStore forInference(Module module, Backend backend) {
    return new ParameterStore(module, backend, false);
  }

  public Backend backend() {
    return backend;
  }

  /** All values, as one vector. */
  public Tensor values() {
    return values;
  }

  /**
   * All gradients, as one vector.
   *
   * @throws IllegalStateException in a store for inference
   */
  public Tensor gradients() {
    if (gradients == null) {
      throw new IllegalStateException("a store for inference has no gradients");
    }
    return gradients;
  }

  /** Sets all gradients to zero. */
  public void zeroGradients() {
    backend.elementwise().fill(0, gradients());
  }

  /** Another vector of zeros in this layout; it lives as long as the store. */
  public Tensor newBuffer() {
    try (Scope _ = Scope.openPersistent()) {
      Tensor buffer = Tensor.zeros(backend, Shape.of(length));
      buffers.add(buffer);
      return buffer;
    }
  }

  /** The ranges of a vector in this layout that belong to each parameter, by name. */
  public SequencedMap<String, Tensor> views(Tensor buffer) {
    SequencedMap<String, Tensor> views = new LinkedHashMap<>();
    for (Slot slot : slots) {
      views.put(slot.name, slot.view(buffer));
    }
    return views;
  }

  /**
   * Draws all values anew. Parameter i draws from stream i of the seed, so the values are the same
   * on every device.
   */
  public void initialize(long seed) {
    RandomKey key = new RandomKey(seed, INITIAL_PURPOSE, 0);
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      try (Scope _ = Scope.open()) {
        Tensor uniform = Tensor.empty(backend, Shape.of(1, slot.parameter.shape().size()));
        backend.random().uniform(key, IntTensor.of(i), uniform);
        double[] numbers = uniform.toDoubles();
        slot.parameter.initializer().transform(numbers);
        // Rounded here, so that a device in double precision starts from the same weights.
        for (int j = 0; j < numbers.length; j++) {
          numbers[j] = (float) numbers[j];
        }
        slot.view(values).copyFrom(numbers);
      }
    }
  }

  /**
   * Lets the module compute with the values of another buffer of this layout, such as the weights'
   * average, until the result is closed. Nothing is copied, so the module's own values come back
   * exactly.
   */
  public Use use(Tensor buffer) {
    if (buffer.size() != length) {
      throw new IllegalArgumentException(
          "a buffer of " + buffer.size() + " elements is not of this layout, which has " + length);
    }
    bind(buffer);
    return () -> bind(values);
  }

  /** Ends the use of other values. */
  @FunctionalInterface
  public interface Use extends AutoCloseable {
    @Override
    void close();
  }

  private void bind(Tensor buffer) {
    for (Slot slot : slots) {
      slot.parameter.bind(
          slot.name, slot.view(buffer), gradients == null ? null : slot.view(gradients));
    }
  }

  /** Returns all buffers; the module is a mere description again. */
  @Override
  public void close() {
    slots.forEach(slot -> slot.parameter.unbind());
    buffers.forEach(buffer -> buffer.storage().release());
    buffers.clear();
  }
}
