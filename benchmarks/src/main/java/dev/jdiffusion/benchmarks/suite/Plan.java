package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.AttentionBenchmark;
import dev.jdiffusion.benchmarks.ConvolutionBenchmark;
import dev.jdiffusion.benchmarks.ConvolutionGradBenchmark;
import dev.jdiffusion.benchmarks.ElementwiseBenchmark;
import dev.jdiffusion.benchmarks.GemmBenchmark;
import dev.jdiffusion.benchmarks.MachineBenchmark;
import dev.jdiffusion.benchmarks.NormBenchmark;
import dev.jdiffusion.benchmarks.OptimizerBenchmark;
import dev.jdiffusion.benchmarks.SoftmaxBenchmark;
import dev.jdiffusion.benchmarks.StartupBenchmark;
import dev.jdiffusion.benchmarks.StepBenchmark;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.GpuName;
import dev.jdiffusion.tensor.Precision;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a set runs, in this order. */
final class Plan {
  private static final String CHANNELS_LAST = "-channels-last";
  private static final String AVX2 = "-avx2";

  /** As installed and tuned, the same in every memory format. */
  private static final List<String> TORCH = List.of("libtorch", "libtorch-tuned");

  private static final List<String> TORCH_FORMATS =
      TORCH.stream().flatMap(name -> Stream.of(name, name + CHANNELS_LAST)).toList();

  /** With what computes right on every machine: a network needs all of its convolutions right. */
  private static final List<String> TORCH_STEPS =
      Stream.concat(TORCH_FORMATS.stream(), TORCH.stream().map(name -> name + AVX2 + CHANNELS_LAST))
          .toList();

  private static final List<String> BLAS =
      List.of("openblas", "cublas", "cublas-tf32", "cublas-bf16");
  private static final List<String> CUDNN = List.of("cudnn", "cudnn-tf32");
  private static final List<String> CONVOLUTIONS =
      Stream.concat(TORCH_FORMATS.stream(), CUDNN.stream()).toList();
  private static final List<String> NOBODY = List.of();

  /** The groups whose work is, for a good part, products and convolutions. */
  private static final List<String> ROUNDED = List.of("gemm", "conv", "step");

  private Plan() {}

  /**
   * Cases of one benchmark that are run by the same contenders.
   *
   * @param parameters the values of each of the benchmark's own parameters; all combinations run
   * @param peers other libraries' devices that do this work
   * @param oneThread whether it also runs on one thread, other than on GPUs
   * @param where it runs
   * @param cost of a fork
   */
  record Entry(
      String group,
      Class<?> benchmark,
      SequencedMap<String, List<String>> parameters,
      List<String> peers,
      boolean oneThread,
      Where where,
      Cost cost) {
    Entry and(String name, String... values) {
      SequencedMap<String, List<String>> more = new TreeMap<>(parameters);
      more.put(name, List.of(values));
      return new Entry(group, benchmark, more, peers, oneThread, where, cost);
    }

    Entry alsoOnOneThread() {
      return new Entry(group, benchmark, parameters, peers, true, where, cost);
    }

    Entry costing(double ours, double peers) {
      return new Entry(
          group, benchmark, parameters, this.peers, oneThread, where, new Cost(ours, peers));
    }

    Entry only(Where where) {
      return new Entry(group, benchmark, parameters, peers, oneThread, where, cost);
    }

    /** Each combination of the parameters' values. */
    List<Case> cases(int threads) {
      List<SequencedMap<String, String>> combinations = List.of(new TreeMap<>());
      for (var parameter : parameters.sequencedEntrySet()) {
        combinations =
            combinations.stream()
                .flatMap(before ->
                    parameter.getValue().stream()
                        .map(value -> with(before, parameter.getKey(), value)))
                .toList();
      }
      List<Integer> counts = oneThread && threads > 1 ? List.of(1, threads) : List.of(threads);
      return combinations.stream()
          .flatMap(values -> counts.stream().map(count -> new Case(this, values, count, threads)))
          .toList();
    }

    private static SequencedMap<String, String> with(
        Map<String, String> before, String name, String value) {
      SequencedMap<String, String> more = new TreeMap<>(before);
      more.put(name, value);
      return more;
    }
  }

  /**
   * Seconds that a fork takes from its start to its end, measured on a 2-core AVX-512 server: for
   * people who want to know how long a run takes.
   */
  record Cost(double ours, double peers) {}

  /** Which devices a case is for. */
  enum Where {
    ANYWHERE,
    ON_GPUS,
    NOT_ON_GPUS
  }

  /**
   * One row of the table.
   *
   * @param mostThreads of all rows
   */
  record Case(Entry entry, SequencedMap<String, String> parameters, int threads, int mostThreads) {
    /** Whether a device does such work, and was not asked the same under another name. */
    boolean runsOn(String device) {
      Optional<GpuName> gpu = GpuName.of(device);
      if (gpu.isEmpty()) {
        return entry.where() != Where.ON_GPUS
            && (Contenders.isOurs(device) || entry.peers().contains(device));
      }
      String onFirst = new GpuName(gpu.get().library(), "", gpu.get().precision()).toString();
      return entry.where() != Where.NOT_ON_GPUS
          && threads == mostThreads
          && (gpu.get().isOurs() ? isTold(gpu.get()) : entry.peers().contains(onFirst));
    }

    /** Whether the precision makes a difference: only products round. */
    private boolean isTold(GpuName gpu) {
      return gpu.precision() == Precision.FP32 || ROUNDED.contains(entry.group());
    }

    @Override
    public String toString() {
      return entry.group() + " " + String.join(" ", parameters.values()) + " x" + threads;
    }
  }

  /**
   * A goal for a forward and a backward pass together.
   *
   * @param group of the two rows
   * @param work what they have in common
   * @param ratio of a peer's time to ours
   */
  record Target(String group, String work, double ratio) {}

  /** Goals that are set for the sum of two rows. */
  static List<Target> targets() {
    return List.of(
        new Target("conv", "WINDOW3_28_64", 1),
        new Target("conv", "WINDOW3_14_128", 1),
        new Target("conv", "WINDOW3_7_256", 1),
        new Target("conv", "WINDOW1_28_64", 2),
        new Target("conv", "DEPTHWISE7_28_56", 4),
        new Target("norm", "SILU_64_8", 1.5),
        new Target("attention", "32 SOFTMAX 196", 2),
        new Target("attention", "64 SOFTMAX 196", 2),
        new Target("attention", "32 SOFTMAX 1024", 2),
        new Target("attention", "64 SOFTMAX 1024", 2));
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

  /** All peers that any entry asks for. */
  static List<String> peers() {
    return Stream.of(CONVOLUTIONS, TORCH_STEPS, BLAS).flatMap(List::stream).distinct().toList();
  }

  /**
   * A device's name without its memory format and a choice of kernels: these of one library compete
   * for a cell.
   */
  static String libraryOf(String device) {
    return without(AVX2, without(CHANNELS_LAST, device));
  }

  private static String without(String end, String name) {
    return name.endsWith(end) ? name.substring(0, name.length() - end.length()) : name;
  }

  /** Whether a library was kept from its kernels for AVX-512. */
  static boolean isLimited(String device) {
    return without(CHANNELS_LAST, device).endsWith(AVX2);
  }

  static boolean isChannelsLast(String device) {
    return device.endsWith(CHANNELS_LAST);
  }

  /** Whether it is a library on a GPU: our kernels there are what it is compared with. */
  static boolean isGpuLibrary(String device) {
    return GpuName.of(device).filter(gpu -> !gpu.isOurs()).isPresent();
  }

  /** Everything. */
  static List<Entry> full() {
    return List.of(
        peak(),
        bandwidth(),
        gemm("128x128x128", "256x256x256", "512x512x512").alsoOnOneThread(),
        gemm("1024x1024x1024", "2048x2048x2048").alsoOnOneThread(),
        gemm("4096x4096x4096").only(Where.ON_GPUS),
        gemm("100352x28x384", "28x100352x384:tn"),
        convolution("WINDOW3_28_64", "WINDOW3_14_128", "WINDOW3_7_256"),
        convolution("WINDOW1_28_64", "HALVING4_28_64", "DOUBLING4_14_64"),
        convolution("DEPTHWISE7_28_56", "STEM7_28_1_18"),
        gradients("WINDOW3_28_64", "WINDOW1_28_64", "DEPTHWISE7_28_56"),
        gradients("WINDOW3_14_128", "WINDOW3_7_256").only(Where.ON_GPUS),
        norm("PLAIN_64_8", "SILU_64_8", "SCALED_SILU_64_8"),
        attention("SOFTMAX").and("length", "49", "196", "1024").and("headSize", "32", "64"),
        attention("LINEAR").and("length", "49", "196", "1024").and("headSize", "32"),
        attention("LINEAR").and("length", "196").and("headSize", "64"),
        elementwise("ADD", "SILU"),
        softmax("50176x196"),
        optimizer("3000000"),
        optimizer("36000000").costing(6, 5),
        step("TRAINING", "TRAINING_RESNET").costing(18, 8),
        step("TRAINING_CIFAR").costing(20, 12),
        step("SAMPLING", "SAMPLING_RESNET").costing(8, 4),
        step("SAMPLING_CIFAR").costing(10, 6),
        startup("INFO", "TRAIN_ONE_STEP", "SAMPLE_ONE_STEP"));
  }

  /** What changes most when a kernel changes. */
  static List<Entry> quick() {
    return List.of(
        peak(),
        bandwidth(),
        gemm("512x512x512", "2048x2048x2048").alsoOnOneThread(),
        gemm("4096x4096x4096").only(Where.ON_GPUS),
        gemm("100352x28x384", "28x100352x384:tn"),
        convolution("WINDOW3_28_64", "WINDOW1_28_64", "DEPTHWISE7_28_56"),
        convolution("WINDOW3_14_128", "WINDOW3_7_256").only(Where.ON_GPUS),
        gradients("WINDOW3_28_64", "WINDOW3_14_128", "WINDOW3_7_256", "WINDOW1_28_64")
            .only(Where.ON_GPUS),
        norm("SILU_64_8"),
        attention("SOFTMAX").and("length", "196").and("headSize", "32"),
        attention("LINEAR").and("length", "196").and("headSize", "32"),
        elementwise("ADD", "SILU"),
        softmax("50176x196"),
        optimizer("3000000"),
        optimizer("36000000").only(Where.ON_GPUS),
        step("TRAINING", "TRAINING_RESNET").costing(18, 8),
        step("SAMPLING").costing(8, 4),
        startup("INFO"));
  }

  /** Its work is of a core's size; a GPU's launch would take longer. */
  private static Entry peak() {
    return machine("FMA").only(Where.NOT_ON_GPUS);
  }

  private static Entry bandwidth() {
    return machine("COPY", "TRIAD");
  }

  private static Entry machine(String... limits) {
    return entry("machine", MachineBenchmark.class, NOBODY).and("limit", limits).alsoOnOneThread();
  }

  private static Entry gemm(String... shapes) {
    return entry("gemm", GemmBenchmark.class, BLAS).and("shape", shapes).costing(2.6, 1.2);
  }

  private static Entry convolution(String... layers) {
    return bothPasses(entry("conv", ConvolutionBenchmark.class, CONVOLUTIONS).and("layer", layers));
  }

  /** By our devices and cuDNN: libtorch is asked for all gradients together. */
  private static Entry gradients(String... layers) {
    return entry("conv", ConvolutionGradBenchmark.class, CUDNN)
        .and("layer", layers)
        .and("gradient", "INPUT", "WEIGHT");
  }

  private static Entry norm(String... layers) {
    return bothPasses(entry("norm", NormBenchmark.class, TORCH_FORMATS).and("layer", layers));
  }

  private static Entry attention(String kind) {
    return bothPasses(entry("attention", AttentionBenchmark.class, TORCH).and("kind", kind));
  }

  private static Entry elementwise(String... functions) {
    return entry("elementwise", ElementwiseBenchmark.class, TORCH).and("function", functions);
  }

  private static Entry softmax(String... shapes) {
    return entry("softmax", SoftmaxBenchmark.class, TORCH).and("shape", shapes);
  }

  private static Entry optimizer(String... parameters) {
    return entry("optimizer", OptimizerBenchmark.class, TORCH).and("parameters", parameters);
  }

  private static Entry step(String... steps) {
    return entry("step", StepBenchmark.class, TORCH_STEPS).and("step", steps);
  }

  private static Entry startup(String... commands) {
    return entry("startup", StartupBenchmark.class, NOBODY).and("command", commands).costing(7, 0);
  }

  private static Entry entry(String group, Class<?> benchmark, List<String> peers) {
    return new Entry(
        group, benchmark, new TreeMap<>(), peers, false, Where.ANYWHERE, new Cost(2.6, 1.8));
  }

  private static Entry bothPasses(Entry entry) {
    return entry.and("pass", "FORWARD", "BACKWARD");
  }
}
