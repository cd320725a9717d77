package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.work.Contenders;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Results as Markdown: ours beside the best peer, and as a share of what the machine can do. The
 * limit is the larger share of two: of the peak of fused multiply-adds, and of the memory bandwidth
 * that {@code machine} measured in the same run with the same number of threads.
 */
final class Report {
  private static final String OURS = "cpu";

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
    int forks = results.stream().mapToInt(Result::forks).min().orElse(0);
    text.append(
        """

        Medians over at least %d forks. `ratio` is the peer's time divided by ours, so more than 1 means that we are
        faster; the peer is the faster of its memory formats. `spread` is the distance from our fastest fork to our
        slowest. `limit` is our share of the machine's limit: of the fused multiply-add peak or of the memory
        bandwidth measured in the same run, whichever is larger.
        """
            .formatted(forks));
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
    return text.toString();
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
      text.append("| %s | %s |%n".formatted(result.work(), number(result.seconds())));
    }
  }

  private void sideBySide(StringBuilder text, List<Case> cases) {
    text.append(
        "| work | threads | ours, ms | spread | peer, ms | peer | ratio | GFLOP/s | GB/s | limit |\n");
    text.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (Case work : cases) {
      Optional<Result> ours = of(work, OURS);
      Optional<Result> peer = bestPeer(work);
      text.append(
          "| %s | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  work.work(),
                  work.threads(),
                  cell(ours.map(r -> number(r.seconds() * 1e3))),
                  cell(ours.map(r -> percent(r.spread()))),
                  cell(peer.map(r -> number(r.seconds() * 1e3))),
                  cell(peer.map(Result::device)),
                  cell(ours.flatMap(o -> peer.map(p -> ratio(p.seconds() / o.seconds())))),
                  cell(ours.filter(r -> r.gigaflops() > 0).map(r -> number(r.gigaflops()))),
                  cell(ours.filter(r -> r.gigabytes() > 0).map(r -> number(r.gigabytes()))),
                  cell(ours.flatMap(this::share).map(Report::percent))));
    }
  }

  private void memory(StringBuilder text, List<Case> cases) {
    text.append("\nPeak resident memory of the process, MB:\n\n");
    text.append(
        "| work | ours | peer | peer's format | ours / peer |\n| --- | --- | --- | --- | --- |\n");
    for (Case work : cases) {
      Optional<Double> ours = of(work, OURS).map(Result::peakMegabytes).filter(m -> m > 0);
      Optional<Result> peer =
          all(List.of(work)).stream()
              .filter(r -> !Contenders.isOurs(r.device()) && r.peakMegabytes() > 0)
              .min(Comparator.comparingDouble(Result::peakMegabytes));
      text.append(
          "| %s | %s | %s | %s | %s |\n"
              .formatted(
                  work.work(),
                  cell(ours.map(Report::number)),
                  cell(peer.map(r -> number(r.peakMegabytes()))),
                  cell(peer.map(Result::device)),
                  cell(ours.flatMap(o -> peer.map(p -> ratio(o / p.peakMegabytes()))))));
    }
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
    text.append("| group | work | device | ms | cpu, ms | cpu / device |\n");
    text.append("| --- | --- | --- | --- | --- | --- |\n");
    for (Result other : others) {
      Optional<Result> cpu = of(Case.of(other), OURS);
      text.append(
          "| %s | %s | %s | %s | %s | %s |\n"
              .formatted(
                  other.group(),
                  other.work(),
                  other.device(),
                  number(other.seconds() * 1e3),
                  cell(cpu.map(r -> number(r.seconds() * 1e3))),
                  cell(cpu.map(r -> ratio(r.seconds() / other.seconds())))));
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

  private Optional<Result> bestPeer(Case work) {
    return all(List.of(work)).stream()
        .filter(r -> !Contenders.isOurs(r.device()))
        .min(Comparator.comparingDouble(Result::seconds));
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

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * value);
  }
}
