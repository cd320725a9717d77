package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.AttentionBenchmark;
import dev.jdiffusion.benchmarks.ConvolutionBenchmark;
import dev.jdiffusion.benchmarks.ElementwiseBenchmark;
import dev.jdiffusion.benchmarks.GemmBenchmark;
import dev.jdiffusion.benchmarks.MachineBenchmark;
import dev.jdiffusion.benchmarks.NormBenchmark;
import dev.jdiffusion.benchmarks.OptimizerBenchmark;
import dev.jdiffusion.benchmarks.SoftmaxBenchmark;
import dev.jdiffusion.benchmarks.StartupBenchmark;
import dev.jdiffusion.benchmarks.StepBenchmark;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a set runs, in this order. */
final class Plan {
  private static final List<String> TORCH = List.of("libtorch");
  private static final List<String> TORCH_FORMATS = List.of("libtorch", "libtorch-channels-last");
  private static final List<String> BLAS = List.of("openblas");
  private static final List<String> NOBODY = List.of();

  private Plan() {}

  /**
   * Cases of one benchmark that are run by the same contenders.
   *
   * @param parameters the values of each of the benchmark's own parameters; all combinations run
   * @param peers other libraries' devices that do this work
   * @param oneThread whether it also runs on one thread
   */
  record Entry(
      String group,
      Class<?> benchmark,
      Map<String, List<String>> parameters,
      List<String> peers,
      boolean oneThread) {
    Entry and(String name, String... values) {
      Map<String, List<String>> more = new TreeMap<>(parameters);
      more.put(name, List.of(values));
      return new Entry(group, benchmark, more, peers, oneThread);
    }

    Entry alsoOnOneThread() {
      return new Entry(group, benchmark, parameters, peers, true);
    }
  }

  /** The names of the groups, in their order. */
  static List<String> groups() {
    return full().stream().map(Entry::group).distinct().toList();
  }

  /** The group of a benchmark's class. */
  static String groupOf(String benchmark) {
    return full().stream()
        .filter(entry -> entry.benchmark().getSimpleName().equals(benchmark))
        .map(Entry::group)
        .findFirst()
        .orElse(benchmark);
  }

  /** Everything. */
  static List<Entry> full() {
    return List.of(
        machine(),
        gemm("512x512x512", "1024x1024x1024", "2048x2048x2048").alsoOnOneThread(),
        gemm(
            "128x128x128",
            "256x256x256",
            "100352x28x384",
            "100352x128x28",
            "25088x56x384",
            "6272x112x384",
            "28x100352x384:tn"),
        convolution("WINDOW3_28_64", "WINDOW3_14_128", "WINDOW3_7_256", "WINDOW3_28_28_56"),
        convolution("WINDOW1_28_64", "HALVING4_28_64", "DOUBLING4_14_64"),
        convolution("DEPTHWISE7_28_56", "STEM7_28_1_18"),
        norm("PLAIN_64_8", "SILU_64_8", "SCALED_SILU_64_8", "PLAIN_56_1"),
        attention("SOFTMAX").and("length", "49", "196", "1024").and("headSize", "32"),
        attention("SOFTMAX").and("length", "196", "1024").and("headSize", "64"),
        attention("LINEAR").and("length", "49", "196", "1024").and("headSize", "32"),
        entry("elementwise", ElementwiseBenchmark.class, TORCH)
            .and("function", "ADD", "MUL", "SILU", "GELU", "EXP"),
        entry("softmax", SoftmaxBenchmark.class, TORCH).and("shape", "100352x32", "50176x196"),
        optimizer("3000000", "36000000"),
        step("TRAINING", "TRAINING_RESNET", "TRAINING_CIFAR"),
        step("SAMPLING", "SAMPLING_RESNET"),
        startup("INFO", "TRAIN_ONE_STEP", "SAMPLE_ONE_STEP"));
  }

  /** What changes most when a kernel changes. */
  static List<Entry> quick() {
    return List.of(
        machine(),
        gemm("512x512x512", "2048x2048x2048").alsoOnOneThread(),
        gemm("100352x28x384", "28x100352x384:tn"),
        convolution("WINDOW3_28_64", "WINDOW1_28_64", "DEPTHWISE7_28_56"),
        norm("SILU_64_8"),
        attention("SOFTMAX").and("length", "196").and("headSize", "32"),
        attention("LINEAR").and("length", "196").and("headSize", "32"),
        entry("elementwise", ElementwiseBenchmark.class, TORCH).and("function", "ADD", "GELU"),
        entry("softmax", SoftmaxBenchmark.class, TORCH).and("shape", "50176x196"),
        optimizer("3000000"),
        step("TRAINING", "TRAINING_RESNET"),
        step("SAMPLING"),
        startup("INFO"));
  }

  private static Entry machine() {
    return entry("machine", MachineBenchmark.class, NOBODY)
        .and("limit", "FMA", "COPY", "TRIAD")
        .alsoOnOneThread();
  }

  private static Entry gemm(String... shapes) {
    return entry("gemm", GemmBenchmark.class, BLAS).and("shape", shapes);
  }

  private static Entry convolution(String... layers) {
    return bothPasses(
        entry("conv", ConvolutionBenchmark.class, TORCH_FORMATS).and("layer", layers));
  }

  private static Entry norm(String... layers) {
    return bothPasses(entry("norm", NormBenchmark.class, TORCH_FORMATS).and("layer", layers));
  }

  private static Entry attention(String kind) {
    return bothPasses(entry("attention", AttentionBenchmark.class, TORCH).and("kind", kind));
  }

  private static Entry optimizer(String... parameters) {
    return entry("optimizer", OptimizerBenchmark.class, TORCH).and("parameters", parameters);
  }

  private static Entry step(String... steps) {
    return entry("step", StepBenchmark.class, TORCH_FORMATS).and("step", steps);
  }

  private static Entry startup(String... commands) {
    return entry("startup", StartupBenchmark.class, NOBODY).and("command", commands);
  }

  private static Entry entry(String group, Class<?> benchmark, List<String> peers) {
    return new Entry(group, benchmark, Map.of(), peers, false);
  }

  private static Entry bothPasses(Entry entry) {
    return entry.and("pass", "FORWARD", "BACKWARD");
  }

  /** All peers that any entry asks for. */
  static List<String> peers() {
    return Stream.of(TORCH_FORMATS, BLAS).flatMap(List::stream).toList();
  }
}
