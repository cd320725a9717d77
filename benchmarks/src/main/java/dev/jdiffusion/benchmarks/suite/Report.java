package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.GpuName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/**
 * Results as Markdown: ours beside the peers, and as a share of what the machine can do. The limit
 * is the larger share of two: of the peak of fused multiply-adds, and of the memory bandwidth that
 * {@code machine} measured in the same run with the same number of threads.
 */
final class Report {
  private static final String OURS = "cpu";

  private static final List<String> BOUND_BY_MEMORY =
      List.of("norm", "elementwise", "softmax", "optimizer");

  private final List<Result> results;
  private final MachineFacts facts;

  Report(List<Result> results, MachineFacts facts) {
    this.results = results;
    this.facts = facts;
  }

  /** Cases that differ in the device only. */
  private record Case(String group, String work, int threads) {
    static Case of(Result result) {
      return new Case(result.group(), result.work(), result.threads());
    }
  }

  String markdown() {
    StringBuilder text = new StringBuilder("# Benchmarks\n\n");
    text.append("| | |\n| --- | --- |\n");
    facts.values().forEach((key, value) -> text.append("| %s | %s |\n".formatted(key, value)));
    text.append(
        """

        `libtorch` is what one gets by installing it: memory as glibc hands it out, and the Adam of its C++ API;
        `libtorch-tuned` is started so that glibc keeps freed memory and asks for large pages, and has the fused
        Adam that Python users can ask for.

        %s. `ratio` is a peer's time divided by ours, so more than 1 means that we are faster. Of
        libtorch's memory formats the faster one counts, an asterisk says that it is channels-last; one that was
        given up for being much slower than the other, and has fewer forks, does not. Two asterisks: channels-last,
        without oneDNN's kernels for AVX-512. A device whose result is not ours is left out of a row. `spread` is
        the distance from our fastest fork to our slowest. `limit` is our share of the machine's limit: of the fused
        multiply-add peak or of the memory bandwidth measured in the same run, whichever is larger. It passes 100 %%
        where less is done than is counted: convolutions of 3x3 windows are counted as plain sums and take Winograd's
        way, with fewer products; and data that stays in a cache moves faster than the bandwidth, which is that of
        memory.
        """
            .formatted(forks()));
    SequencedMap<String, List<Case>> groups = new LinkedHashMap<>();
    for (Result result : results) {
      List<Case> cases = groups.computeIfAbsent(result.group(), unused -> new ArrayList<>());
      if (!cases.contains(Case.of(result))) {
        cases.add(Case.of(result));
      }
    }
    groups.forEach((group, cases) -> {
      text.append("\n## ").append(group).append("\n\n");
      switch (group) {
        case "machine" -> machine(text, cases);
        case "startup" -> startup(text, cases);
        default -> sideBySide(text, cases);
      }
      if (group.equals("step")) {
        memory(text, cases);
      }
    });
    otherDevices(text);
    gpuLibraries(text);
    targets(text);
    return text.toString();
  }

  /** How many forks stand behind a number; a run that was stopped has fewer of some cases. */
  private String forks() {
    IntSummaryStatistics forks =
        results.stream()
            .filter(r -> Rounds.isOurs(r.device()))
            .mapToInt(Result::forks)
            .summaryStatistics();
    if (forks.getCount() == 0 || forks.getMax() == 1) {
      return "Of one fork each";
    }
    return forks.getMin() == forks.getMax()
        ? "Medians over %d forks".formatted(forks.getMax())
        : "Medians over %d to %d forks".formatted(forks.getMin(), forks.getMax());
  }

  private void machine(StringBuilder text, List<Case> cases) {
    text.append("| limit | device | threads | |\n| --- | --- | --- | --- |\n");
    for (Result result : all(cases)) {
      text.append(
          "| %s | %s | %d | %s |\n"
              .formatted(
                  result.work(),
                  result.device(),
                  result.threads(),
                  result.gigabytes() > 0
                      ? number(result.gigabytes()) + " GB/s"
                      : number(result.gigaflops()) + " GFLOP/s"));
    }
  }

  private void startup(StringBuilder text, List<Case> cases) {
    text.append("| whole process | seconds |\n| --- | --- |\n");
    for (Result result : all(cases)) {
      text.append("| %s | %s |\n".formatted(result.work(), number(result.seconds())));
    }
  }

  private void sideBySide(StringBuilder text, List<Case> cases) {
    List<String> libraries = libraries(cases);
    List<String> header = new ArrayList<>(List.of("work", "threads", "ours, ms", "spread"));
    libraries.forEach(library -> header.addAll(List.of(library + ", ms", "ratio")));
    header.addAll(List.of("GFLOP/s", "GB/s", "limit"));
    header(text, header);
    for (Case work : cases) {
      if (all(List.of(work)).stream().allMatch(r -> GpuName.of(r.device()).isPresent())) {
        continue;
      }
      Optional<Result> ours = of(work, OURS);
      List<String> cells = new ArrayList<>();
      cells.add(work.work());
      cells.add(Integer.toString(work.threads()));
      cells.add(cell(ours.map(r -> milliseconds(r.seconds()))));
      cells.add(cell(ours.filter(r -> r.forks() > 1).map(r -> percent(r.spread()))));
      for (String library : libraries) {
        Optional<Result> peer = best(work, library, Result::seconds);
        cells.add(cell(peer.map(r -> milliseconds(r.seconds()) + format(r))));
        cells.add(cell(ours.flatMap(o -> peer.map(p -> ratio(p.seconds() / o.seconds())))));
      }
      cells.add(cell(ours.filter(r -> r.gigaflops() > 0).map(r -> number(r.gigaflops()))));
      cells.add(cell(ours.filter(r -> r.gigabytes() > 0).map(r -> number(r.gigabytes()))));
      cells.add(cell(ours.flatMap(this::share).map(Report::percent)));
      row(text, cells);
    }
  }

  private void memory(StringBuilder text, List<Case> cases) {
    List<String> libraries = libraries(cases);
    text.append(
        "\nPeak resident memory of the process, MB; of the formats the smaller one counts:\n\n");
    List<String> header = new ArrayList<>(List.of("work", "ours"));
    libraries.forEach(library -> header.addAll(List.of(library, "ours / it")));
    header(text, header);
    for (Case work : cases) {
      Optional<Double> ours = of(work, OURS).map(Result::peakMegabytes).filter(m -> m > 0);
      List<String> cells = new ArrayList<>();
      cells.add(work.work());
      cells.add(cell(ours.map(Report::number)));
      for (String library : libraries) {
        Optional<Result> peer =
            best(work, library, Result::peakMegabytes).filter(r -> r.peakMegabytes() > 0);
        cells.add(cell(peer.map(r -> number(r.peakMegabytes()) + format(r))));
        cells.add(cell(ours.flatMap(o -> peer.map(p -> ratio(o / p.peakMegabytes())))));
      }
      row(text, cells);
    }
  }

  /** Sums of the rows above: a layer is trained by both its passes. */
  private void targets(StringBuilder text) {
    List<Plan.Target> targets =
        Plan.targets().stream().filter(target -> sum(target, OURS).isPresent()).toList();
    if (targets.isEmpty()) {
      return;
    }
    List<String> libraries =
        libraries(results.stream().filter(r -> !r.group().equals("gemm")).map(Case::of).toList());
    text.append("\n## Targets: forward and backward together\n\n");
    List<String> header = new ArrayList<>(List.of("work", "ours, ms"));
    libraries.forEach(library -> header.addAll(List.of(library + ", ms", "ratio")));
    header.add("target");
    header(text, header);
    for (Plan.Target target : targets) {
      Optional<Double> ours = sum(target, OURS);
      List<String> cells = new ArrayList<>();
      cells.add(target.group() + " " + target.work());
      cells.add(cell(ours.map(Report::milliseconds)));
      for (String library : libraries) {
        Optional<Double> peer = sum(target, library);
        cells.add(cell(peer.map(Report::milliseconds)));
        cells.add(cell(ours.flatMap(o -> peer.map(p -> ratio(p / o)))));
      }
      cells.add(ratio(target.ratio()));
      row(text, cells);
    }
  }

  /** Seconds of both passes with most threads, each in the format that is faster for it. */
  private Optional<Double> sum(Plan.Target target, String library) {
    int threads = results.stream().mapToInt(Result::threads).max().orElse(0);
    return pass(target, "FORWARD", threads, library)
        .flatMap(forward ->
            pass(target, "BACKWARD", threads, library)
                .map(backward -> forward.seconds() + backward.seconds()));
  }

  private Optional<Result> pass(Plan.Target target, String pass, int threads, String library) {
    Case work = new Case(target.group(), target.work() + " " + pass, threads);
    return best(work, library, Result::seconds);
  }

  /** Our other devices, where any ran. */
  private void otherDevices(StringBuilder text) {
    List<Result> others =
        results.stream()
            .filter(r -> Contenders.isOurs(r.device()) && !r.device().equals(OURS))
            .filter(r -> !r.group().equals("machine"))
            .toList();
    if (others.isEmpty()) {
      return;
    }
    text.append("\n## Other devices\n\n");
    text.append(
        """
        `of its copy` is GB/s divided by those of the device's own copy: of the least traffic, so that what
        stays in a cache can make more than 100 %.

        """);
    header(
        text,
        List.of("group", "work", "device", "ms", "cpu, ms", "cpu / device", "GB/s", "of its copy"));
    for (Result other : others) {
      Optional<Result> cpu = of(Case.of(other), OURS);
      Optional<Double> bandwidth = Optional.of(other.gigabytes()).filter(g -> g > 0);
      row(
          text,
          List.of(
              other.group(),
              other.work(),
              other.device(),
              milliseconds(other.seconds()),
              cell(cpu.map(r -> milliseconds(r.seconds()))),
              cell(cpu.map(r -> ratio(r.seconds() / other.seconds()))),
              cell(bandwidth.map(Report::number)),
              cell(bandwidth.flatMap(g -> copy(other).map(copy -> percent(g / copy))))));
    }
  }

  /** GB/s of a copy on the same device, for work that its memory limits. */
  private Optional<Double> copy(Result result) {
    return BOUND_BY_MEMORY.contains(result.group())
        ? of(new Case("machine", "COPY", result.threads()), result.device()).map(Result::gigabytes)
        : Optional.empty();
  }

  /** NVIDIA's libraries beside our kernels on the same GPU, where any ran. */
  private void gpuLibraries(StringBuilder text) {
    List<Result> libraries = results.stream().filter(r -> Plan.isGpuLibrary(r.device())).toList();
    if (libraries.isEmpty()) {
      return;
    }
    text.append("\n## On the GPU: NVIDIA's libraries\n\n");
    header(text, List.of("group", "work", "ours", "ms", "library", "ms", "library / ours"));
    for (Result library : libraries) {
      // In the same precision, on the same GPU.
      String device = GpuName.of(library.device()).orElseThrow().ours().toString();
      Optional<Result> ours = of(Case.of(library), device);
      row(
          text,
          List.of(
              library.group(),
              library.work(),
              device,
              cell(ours.map(r -> milliseconds(r.seconds()))),
              library.device(),
              milliseconds(library.seconds()),
              cell(ours.map(r -> ratio(library.seconds() / r.seconds())))));
    }
  }

  private Optional<Result> of(Case work, String device) {
    return results.stream()
        .filter(r -> Case.of(r).equals(work) && r.device().equals(device))
        .findFirst();
  }

  private List<Result> all(List<Case> cases) {
    return results.stream().filter(r -> cases.contains(Case.of(r))).toList();
  }

  /** The libraries that took part in any of the cases. */
  private List<String> libraries(List<Case> cases) {
    return all(cases).stream()
        .map(Result::device)
        .filter(device -> !Rounds.isOurs(device) && !Plan.isGpuLibrary(device))
        .map(Plan::libraryOf)
        .distinct()
        .toList();
  }

  /** The result in a library's best format, of those that were not given up. */
  private Optional<Result> best(Case work, String library, ToDoubleFunction<Result> least) {
    List<Result> formats =
        all(List.of(work)).stream()
            .filter(r -> Plan.libraryOf(r.device()).equals(library))
            .toList();
    int forks = formats.stream().mapToInt(Result::forks).max().orElse(0);
    return formats.stream().filter(r -> r.forks() == forks).min(Comparator.comparingDouble(least));
  }

  private static String format(Result result) {
    if (Plan.isLimited(result.device())) {
      return " **";
    }
    return Plan.isChannelsLast(result.device()) ? " *" : "";
  }

  private static void header(StringBuilder text, List<String> cells) {
    row(text, cells);
    row(text, Collections.nCopies(cells.size(), "---"));
  }

  private static void row(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  /** The larger share of two limits; absent where the machine was not measured. */
  private Optional<Double> share(Result result) {
    Map<String, Double> shares = new LinkedHashMap<>();
    for (Result limit : results) {
      if (limit.group().equals("machine")
          && limit.device().equals(result.device())
          && limit.threads() == result.threads()) {
        if (limit.gigabytes() > 0) {
          // The better of copy and triad is what the memory can do.
          shares.merge("memory", result.gigabytes() / limit.gigabytes(), Math::min);
        } else {
          shares.put("arithmetic", result.gigaflops() / limit.gigaflops());
        }
      }
    }
    return shares.values().stream().filter(share -> share > 0).max(Comparator.naturalOrder());
  }

  private static String cell(Optional<String> text) {
    return text.orElse("");
  }

  /** Three digits. */
  static String number(double value) {
    if (!(value > 0)) {
      return "0";
    }
    int decimals = Math.clamp(2 - (int) Math.floor(Math.log10(value)), 0, 6);
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  private static String milliseconds(double seconds) {
    return number(seconds * 1e3);
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * value);
  }
}
