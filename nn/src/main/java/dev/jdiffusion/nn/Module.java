package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A part of a network: parameters of its own, and other modules. Its {@code forward} methods have
 * the arguments that it needs.
 *
 * <p>A module is a description until a {@link ParameterStore} gives its parameters memory; the same
 * description serves every device. Parameters are named by the path to them, such as {@code
 * down.0.block1.convolution.weight}, in the order of declaration, which never depends on anything
 * but the constructor's arguments: files and initial weights rely on that.
 */
public abstract class Module {
  /** Purpose of the first dropout layer's random numbers; see {@link DeviceKey#purpose}. */
  private static final int DROPOUT_PURPOSE = 0x6e6e_1000;

  private final SequencedMap<String, Parameter> ownParameters = new LinkedHashMap<>();
  private final SequencedMap<String, Module> children = new LinkedHashMap<>();
  private String name = "";
  private @Nullable DeviceKey trainingKey;

  /** Declares a parameter; the name must not contain a dot. */
  protected final Parameter parameter(String localName, Shape shape, Initializer initializer) {
    checkName(localName);
    Parameter parameter = new Parameter(shape, initializer);
    ownParameters.put(localName, parameter);
    return parameter;
  }

  /** Declares a part; its parameters are named {@code localName.*}. */
  protected final <M extends Module> M child(String localName, M module) {
    checkName(localName);
    Module part = module;
    if (!part.name.isEmpty()) {
      throw new IllegalArgumentException("module " + part.name + " is already part of another");
    }
    part.name = localName;
    children.put(localName, part);
    return module;
  }

  private void checkName(String localName) {
    if (localName.isEmpty() || localName.indexOf('.') >= 0) {
      throw new IllegalArgumentException("'" + localName + "' is not a name for a part");
    }
    if (ownParameters.containsKey(localName) || children.containsKey(localName)) {
      throw new IllegalArgumentException("two parts are named '" + localName + "'");
    }
  }

  /** All parameters of this module and its parts, by path, in the order of declaration. */
  public final SequencedMap<String, Parameter> parameters() {
    SequencedMap<String, Parameter> all = new LinkedHashMap<>();
    visit("", (path, module) -> module.ownParameters.forEach((n, p) -> all.put(path + n, p)));
    return all;
  }

  /** Number of values to learn. */
  public final long parameterCount() {
    return parameters().values().stream().mapToLong(parameter -> parameter.shape().size()).sum();
  }

  /**
   * Switches to training: dropout layers drop.
   *
   * @param seed and {@code step} select what is dropped; repeating a step repeats it
   * @param step see {@link DeviceKey#step}; read whenever a layer drops
   */
  public final void train(long seed, Tensor step) {
    int[] purpose = {DROPOUT_PURPOSE};
    visit("", (_, module) -> module.trainingKey = new DeviceKey(seed, purpose[0]++, step));
  }

  /** Switches to evaluation, the initial state: dropout layers pass everything on. */
  public final void evaluate() {
    visit("", (_, module) -> module.trainingKey = null);
  }

  /** The module's own random stream while training; null in evaluation. */
  protected final @Nullable DeviceKey trainingKey() {
    return trainingKey;
  }

  /** Names the operations of this module for whoever observes the tape. */
  protected final Tape.Label label() {
    return Tape.label(name.isEmpty() ? getClass().getSimpleName() : name);
  }

  private void visit(String path, BiConsumer<String, Module> visitor) {
    visitor.accept(path, this);
    children.forEach((n, module) -> module.visit(path + n + ".", visitor));
  }
}
