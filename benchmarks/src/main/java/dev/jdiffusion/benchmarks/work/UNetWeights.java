package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** The weights that every contender starts a {@link Step} with. */
public final class UNetWeights {
  private UNetWeights() {}

  /**
   * One parameter.
   *
   * @param shape in this project's layout: convolutions [kh, kw, in/groups, out], linear layers
   *     [in, out]
   * @param values row-major
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, not compared
  public record Weight(Shape shape, float[] values) {}

  /** All parameters of a network by the path to them, in the order in which it declares them. */
  public static SequencedMap<String, Weight> of(Step.Network network) {
    SequencedMap<String, Weight> weights = new LinkedHashMap<>();
    Backend backend = Backends.open(Device.CPU, 1);
    try (ParameterStore store = ParameterStore.forInference(Model.of(network).module(), backend)) {
      store.initialize(1);
      store
          .views(store.values())
          .forEach((name, view) -> weights.put(name, new Weight(view.shape(), view.toFloats())));
    }
    return weights;
  }
}
