package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.Answers;
import dev.jdiffusion.benchmarks.ContenderEnvironment;
import dev.jdiffusion.benchmarks.PeakMemory;
import dev.jdiffusion.benchmarks.SideBySide;
import dev.jdiffusion.benchmarks.StepBenchmark;
import dev.jdiffusion.benchmarks.work.Contenders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs a set of benchmarks on every device that opens: one fork of every case, ours before the
 * peers, then the next fork of every case. So what is compared is measured seconds apart, and a
 * case's forks are spread over the whole run. Writes what JMH measured as JSON, the facts about the
 * machine beside it, and both together as a Markdown table.
 */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs benchmarks side by side and writes a table.")
public final class Suite implements Callable<Integer> {
  /** What a format of a library may be slower than another in its first fork, to get more forks. */
  private static final double NEARLY_AS_FAST = 1.15;

  /** Forks take their classes from an archive that the first one leaves, and start faster. */
  static final String CLASS_ARCHIVE = "-XX:SharedArchiveFile=";

  static final String MAKE_CLASS_ARCHIVE = "-XX:+AutoCreateSharedArchive";

  /** Of a benchmark without a choice of devices. */
  private static final String NO_DEVICE = "";

  private static final Pattern FAILURE = Pattern.compile("^[a-z][\\w.]*\\.(\\w+Exception: .*)");

  @Parameters(description = "short (the default) or full, then groups; all groups if none is named")
  private List<String> words = new ArrayList<>();

  @Option(names = "--devices", split = ",", description = "only these, such as cpu,cuda,libtorch")
  private List<String> devices = new ArrayList<>();

  @Option(names = "--threads", description = "default: one per processor")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--forks", description = "JVMs per case; default: 5 in the full set, else 1")
  private int forks;

  @Option(names = "--results", description = "the folder to write to: ${DEFAULT-VALUE}")
  private Path folder = Path.of("benchmarks", "results");

  @Option(names = "--table", description = "only write the table of a .json file of an earlier run")
  private Path earlier = Path.of("");

  @Option(names = "--list", description = "only print what would run")
  private boolean list;

  private final Measurements measurements = new Measurements();

  public static void main(String[] args) {
    System.exit(new CommandLine(new Suite()).execute(args));
  }

  @Override
  public Integer call() throws IOException, RunnerException {
    if (!earlier.toString().isEmpty()) {
      writeTable(earlier);
      return 0;
    }
    boolean full = words.contains("full");
    List<String> groups =
        words.stream().filter(word -> !word.equals("full") && !word.equals("short")).toList();
    for (String group : groups) {
      if (!Plan.groups().contains(group)) {
        System.err.println(
            "no group '" + group + "'; there are " + String.join(", ", Plan.groups()));
        return 2;
      }
    }
    List<Plan.Case> cases =
        (full ? Plan.full() : Plan.quick())
            .stream()
                .filter(e -> groups.isEmpty() || groups.contains(e.group()))
                .flatMap(e -> e.cases(threads).stream())
                .toList();
    SequencedMap<String, DeviceProbe.Answer> answers = DeviceProbe.ask(wanted(), threads);
    printDevices(answers);
    SequencedMap<Plan.Case, List<String>> plan = new LinkedHashMap<>();
    cases.forEach(work -> plan.put(work, present(work.entry(), answers)));
    int rounds = forks > 0 ? forks : full ? 5 : 1;
    System.out.printf(
        Locale.ROOT,
        "%d cases, %d forks each: about %.0f minutes%n",
        cases.size(),
        rounds,
        estimate(plan, rounds) / 60);
    if (list) {
      plan.forEach((work, contenders) -> System.out.println(work + " " + contenders));
      return 0;
    }
    Files.createDirectories(folder);
    MachineFacts facts = MachineFacts.collect(answers);
    Path json = unused(facts.values().get("date") + (full ? "-full" : "-short"));
    facts.write(factsOf(json));
    long start = System.nanoTime();
    Path temporary = Files.createTempDirectory(ramOrDisk(), "jdiffusion-benchmarks");
    try {
      for (int round = 1; round <= rounds; round++) {
        for (Plan.Case work : cases) {
          String times = race(work, plan, temporary, json, round == 1);
          System.out.printf(
              Locale.ROOT,
              "%5.1f min, fork %d of %d: %s%s%n",
              minutesSince(start),
              round,
              rounds,
              work,
              times);
        }
        measurements.write(json);
      }
    } finally {
      Answers.delete(temporary);
    }
    writeTable(json);
    System.out.printf(Locale.ROOT, "%.1f minutes in all%n", minutesSince(start));
    return 0;
  }

  private static double minutesSince(long start) {
    return (System.nanoTime() - start) / 60e9;
  }

  /** Seconds; of two formats of a library, one is dropped after its first fork. */
  private static double estimate(SequencedMap<Plan.Case, List<String>> plan, int rounds) {
    double seconds = 0;
    for (var entry : plan.entrySet()) {
      Plan.Cost cost = entry.getKey().entry().cost();
      List<String> peers =
          entry.getValue().stream().filter(device -> !Contenders.isOurs(device)).toList();
      long libraries = peers.stream().map(Plan::libraryOf).distinct().count();
      seconds += cost.ours() * (entry.getValue().size() - peers.size()) * rounds;
      seconds += cost.peers() * (peers.size() + libraries * (rounds - 1));
    }
    return seconds;
  }

  private List<String> wanted() {
    return devices.isEmpty()
        ? Stream.concat(Stream.of("cpu", "cuda"), Plan.peers().stream()).toList()
        : devices;
  }

  private static void printDevices(SequencedMap<String, DeviceProbe.Answer> answers) {
    SequencedMap<String, List<String>> missing = new LinkedHashMap<>();
    answers.forEach((device, answer) -> {
      if (answer.opens()) {
        System.out.println(device + ": " + answer.text());
      } else {
        missing.computeIfAbsent(answer.text(), _ -> new ArrayList<>()).add(device);
      }
    });
    missing.forEach((reason, names) ->
        System.out.println("left out: " + String.join(", ", names) + ": " + reason));
  }

  /** The devices that an entry is run on: ours, then those peers that do such work. */
  private static List<String> present(
      Plan.Entry entry, SequencedMap<String, DeviceProbe.Answer> answers) {
    if (!SideBySide.class.isAssignableFrom(entry.benchmark())) {
      return List.of(NO_DEVICE);
    }
    return answers.keySet().stream()
        .filter(device -> answers.get(device).opens())
        .filter(device -> Contenders.isOurs(device) || entry.peers().contains(device))
        .toList();
  }

  /**
   * A fork of a case on each of its contenders, ours first.
   *
   * @param select whether only those that keep up stay in the plan
   * @return the times in words
   */
  private String race(
      Plan.Case work,
      SequencedMap<Plan.Case, List<String>> plan,
      Path temporary,
      Path json,
      boolean select)
      throws IOException, RunnerException {
    List<String> contenders = plan.getOrDefault(work, List.of());
    SequencedMap<String, Double> seconds = new LinkedHashMap<>();
    StringBuilder words = new StringBuilder();
    Path answers = Files.createTempDirectory(temporary, "answers");
    try {
      for (String device : contenders) {
        ChainedOptionsBuilder options = options(work, device);
        if (!device.equals(NO_DEVICE)) {
          List<String> flags = new ArrayList<>(classArchive(temporary, device));
          flags.add("-D" + Answers.FOLDER + "=" + answers);
          options.jvmArgsPrepend(flags.toArray(String[]::new));
        }
        String log = measure(options, json, result -> seconds.put(device, seconds(result)));
        words.append(' ').append(device).append(' ');
        words.append(
            seconds.containsKey(device)
                ? Report.number(seconds.get(device) * 1e3) + " ms"
                : "left out: " + failure(log));
      }
    } finally {
      Answers.delete(answers);
    }
    if (select) {
      plan.put(work, seconds.keySet().stream().filter(d -> keepsUp(d, seconds)).toList());
    }
    return words.toString();
  }

  /** There is none of classes in folders, from which an IDE runs this. */
  private static List<String> classArchive(Path folder, String device) {
    return System.getProperty("java.class.path").endsWith(".jar")
        ? List.of(CLASS_ARCHIVE + folder.resolve(device + ".jsa"), MAKE_CLASS_ARCHIVE)
        : List.of();
  }

  /** Whether no other format of the same library is much faster. */
  private static boolean keepsUp(String device, Map<String, Double> seconds) {
    return seconds.keySet().stream()
        .filter(other -> Plan.libraryOf(other).equals(Plan.libraryOf(device)))
        .allMatch(other -> seconds.get(device) <= NEARLY_AS_FAST * seconds.get(other));
  }

  /** Answers are large: writing them to a slow disk would take longer than the measurements. */
  private static Path ramOrDisk() {
    Path ram = Path.of("/dev/shm");
    return Files.isWritable(ram) ? ram : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static ChainedOptionsBuilder options(Plan.Case work, String device) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(work.entry().benchmark().getName() + ".run") + "$")
            // Nothing is inherited from this JVM: the flags stand in the benchmark.
            .jvmArgs()
            .addProfiler(PeakMemory.class)
            .addProfiler(ContenderEnvironment.class)
            .forks(1);
    work.parameters().forEach(options::param);
    if (!device.equals(NO_DEVICE)) {
      options.param("device", device);
      options.param("threads", Integer.toString(work.threads()));
      if (!Contenders.isOurs(device)) {
        // Native code is warm after the run that is compared, and takes seconds for whole steps.
        options.warmupTime(TimeValue.milliseconds(100));
        if (work.entry().benchmark() == StepBenchmark.class) {
          options.warmupIterations(0).measurementIterations(1);
        } else {
          options.warmupIterations(1);
        }
      }
    }
    return options;
  }

  /** Runs a fork; the result is handed on, if there is one. */
  private String measure(ChainedOptionsBuilder options, Path json, Consumer<RunResult> then)
      throws IOException, RunnerException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      Runner runner =
          new Runner(
              options.build(), OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL));
      for (RunResult result : runner.run()) {
        measurements.add(result);
        then.accept(result);
      }
    }
    Path logFile = json.resolveSibling(baseName(json) + ".log");
    Files.write(logFile, bytes.toByteArray(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Of the fastest iteration: it is disturbed least. */
  private static double seconds(RunResult result) {
    Statistics statistics = result.getPrimaryResult().getStatistics();
    return result.getParams().getMode() == Mode.Throughput
        ? 1 / statistics.getMax()
        : statistics.getMin();
  }

  private static String failure(String log) {
    return log.lines()
        .map(FAILURE::matcher)
        .filter(Matcher::find)
        .map(matcher -> matcher.group(1))
        .findFirst()
        .orElse("see the log");
  }

  private static void writeTable(Path json) throws IOException {
    MachineFacts facts = MachineFacts.read(factsOf(json));
    Path table = json.resolveSibling(baseName(json) + ".md");
    Files.writeString(table, new Report(Result.read(json), facts).markdown());
    System.out.println("wrote " + table);
  }

  private static Path factsOf(Path json) {
    return json.resolveSibling(baseName(json) + ".properties");
  }

  private static String baseName(Path json) {
    return json.getFileName().toString().replaceFirst("\\.json$", "");
  }

  /** A file that does not exist yet: results are never overwritten. */
  private Path unused(String name) {
    Path json = folder.resolve(name + ".json");
    for (int i = 2; Files.exists(json); i++) {
      json = folder.resolve(name + "-" + i + ".json");
    }
    return json;
  }
}
