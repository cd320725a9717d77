package dev.jdiffusion.tensor.conformance;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The list of all cases. */
public final class Cases {
  private final List<ConformanceCase> list = new ArrayList<>();
  private final Set<String> names = new HashSet<>();

  private Cases() {}

  /** All cases of all families. */
  public static List<ConformanceCase> all() {
    Cases cases = new Cases();
    MemoryCases.addTo(cases);
    ElementwiseCases.addTo(cases);
    ReductionCases.addTo(cases);
    LayoutCases.addTo(cases);
    MatMulCases.addTo(cases);
    ConvolutionCases.addTo(cases);
    PoolingCases.addTo(cases);
    UpsamplingCases.addTo(cases);
    GroupNormCases.addTo(cases);
    LayerNormCases.addTo(cases);
    SoftmaxCases.addTo(cases);
    CrossEntropyCases.addTo(cases);
    AttentionCases.addTo(cases);
    LinearAttentionCases.addTo(cases);
    EmbeddingCases.addTo(cases);
    RandomFillCases.addTo(cases);
    LossCases.addTo(cases);
    OptimizerCases.addTo(cases);
    ProbeCases.addTo(cases);
    EmptyCases.addTo(cases);
    return List.copyOf(cases.list);
  }

  void add(String name, Consumer<Run> body) {
    add(new ConformanceCase(name, body, false));
  }

  /** A case some of whose results stay NaN. */
  void addUndefined(String name, Consumer<Run> body) {
    add(new ConformanceCase(name, body, true));
  }

  private void add(ConformanceCase added) {
    if (!names.add(added.name())) {
      throw new IllegalArgumentException("two cases are called " + added.name());
    }
    list.add(added);
  }
}
