package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.Answers;
import dev.jdiffusion.benchmarks.PeakMemory;
import dev.jdiffusion.benchmarks.SideBySide;
import dev.jdiffusion.benchmarks.work.Contenders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs a set of benchmarks on every device that opens, ours before the peers case by case, so that
 * what is compared is measured minutes apart at most. Writes what JMH measured as JSON, the facts
 * about the machine beside it, and both together as a Markdown table.
 */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs benchmarks side by side and writes a table.")
public final class Suite implements Callable<Integer> {
  private static final String BUILD_PEERS =
      "not in this build: ./mvnw -q -Ppeers package -DskipTests -pl benchmarks -am";
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

  private final List<RunResult> results = new ArrayList<>();
  private int printed;

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
    List<Plan.Entry> entries =
        (full ? Plan.full() : Plan.quick())
            .stream().filter(e -> groups.isEmpty() || groups.contains(e.group())).toList();
    SequencedMap<String, DeviceProbe.Answer> answers = DeviceProbe.ask(wanted(), threads);
    printDevices(answers);
    if (list) {
      entries.forEach(
          e -> System.out.println(e.group() + " " + e.parameters() + " " + present(e, answers)));
      return 0;
    }
    Files.createDirectories(folder);
    MachineFacts facts = MachineFacts.collect(answers);
    Path json = unused(facts.values().get("date") + (full ? "-full" : "-short"));
    facts.write(factsOf(json));
    long start = System.nanoTime();
    for (Plan.Entry entry : entries) {
      runEntry(entry, present(entry, answers), full ? 5 : 1, json);
    }
    writeTable(json);
    System.out.printf(Locale.ROOT, "%.1f minutes in all%n", (System.nanoTime() - start) / 60e9);
    return 0;
  }

  private List<String> wanted() {
    return devices.isEmpty()
        ? Stream.concat(Stream.of("cpu", "cuda"), Plan.peers().stream()).toList()
        : devices;
  }

  private static void printDevices(SequencedMap<String, DeviceProbe.Answer> answers) {
    SequencedMap<String, List<String>> missing = new LinkedHashMap<>();
    List<String> known = Contenders.devices();
    answers.forEach((device, answer) -> {
      if (answer.opens()) {
        System.out.println(device + ": " + answer.text());
      } else {
        String reason = known.contains(device) ? answer.text() : BUILD_PEERS;
        missing.computeIfAbsent(reason, unused -> new ArrayList<>()).add(device);
      }
    });
    missing.forEach((reason, names) ->
        System.out.println("left out: " + String.join(", ", names) + ": " + reason));
  }

  /** The devices that an entry is run on: ours, then those peers that do such work. */
  private static List<String> present(
      Plan.Entry entry, SequencedMap<String, DeviceProbe.Answer> answers) {
    return answers.keySet().stream()
        .filter(device -> answers.get(device).opens())
        .filter(device -> Contenders.isOurs(device) || entry.peers().contains(device))
        .toList();
  }

  private void runEntry(Plan.Entry entry, List<String> present, int defaultForks, Path json)
      throws IOException, RunnerException {
    if (!SideBySide.class.isAssignableFrom(entry.benchmark())) {
      measure(options(entry), json);
      return;
    }
    Path answers = Files.createTempDirectory(ramOrDisk(), "jdiffusion-answers");
    try {
      for (String device : present) {
        ChainedOptionsBuilder options = options(entry);
        if (present.size() > 1) {
          options.jvmArgsPrepend("-D" + Answers.FOLDER + "=" + answers);
        }
        options.param("device", device);
        options.param("threads", threads(entry));
        options.forks(forks > 0 ? forks : defaultForks);
        if (!Contenders.isOurs(device)) {
          // Native code is warm after the run that is compared.
          options.warmupIterations(2).warmupTime(TimeValue.milliseconds(200));
        }
        measure(options, json);
      }
    } finally {
      Answers.delete(answers);
    }
  }

  /** Answers are large: writing them to a slow disk would take longer than the measurements. */
  private static Path ramOrDisk() {
    Path ram = Path.of("/dev/shm");
    return Files.isWritable(ram) ? ram : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private String[] threads(Plan.Entry entry) {
    return entry.oneThread() && threads > 1
        ? new String[] {"1", Integer.toString(threads)}
        : new String[] {Integer.toString(threads)};
  }

  private static ChainedOptionsBuilder options(Plan.Entry entry) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("^" + Pattern.quote(entry.benchmark().getName() + ".run") + "$")
            // Nothing is inherited from this JVM: the flags stand in the benchmark.
            .jvmArgs()
            .addProfiler(PeakMemory.class);
    entry
        .parameters()
        .forEach((name, values) -> options.param(name, values.toArray(String[]::new)));
    return options;
  }

  private void measure(ChainedOptionsBuilder options, Path json)
      throws IOException, RunnerException {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(log, true, StandardCharsets.UTF_8)) {
      Runner runner =
          new Runner(
              options.build(), OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL));
      results.addAll(runner.run());
    }
    Path logFile = json.resolveSibling(baseName(json) + ".log");
    Files.write(logFile, log.toByteArray(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    try (PrintStream out =
        new PrintStream(Files.newOutputStream(json), true, StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
    }
    List<Result> measured = Result.read(json);
    measured.subList(printed, measured.size()).forEach(Suite::print);
    printed = measured.size();
    Arrays.stream(log.toString(StandardCharsets.UTF_8).split("\n"))
        .map(FAILURE::matcher)
        .filter(matcher -> matcher.find())
        .map(matcher -> matcher.group(1))
        .distinct()
        .forEach(failure -> System.out.println("  left out: " + failure));
  }

  private static void print(Result result) {
    System.out.printf(
        Locale.ROOT,
        "%-9s %-42s %-22s %10s ms %8s GFLOP/s %8s GB/s%n",
        result.group(),
        result.work(),
        result.device() + (result.threads() > 0 ? " x" + result.threads() : ""),
        Report.number(result.seconds() * 1e3),
        result.gigaflops() > 0 ? Report.number(result.gigaflops()) : "-",
        result.gigabytes() > 0 ? Report.number(result.gigabytes()) : "-");
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
