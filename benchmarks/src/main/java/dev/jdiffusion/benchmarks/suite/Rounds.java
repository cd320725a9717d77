package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.Answers;
import dev.jdiffusion.benchmarks.ContenderEnvironment;
import dev.jdiffusion.benchmarks.PeakMemory;
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
import java.util.Collection;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

/**
 * One fork of every case on all its contenders, ours first, then the next fork of every case. So
 * what is compared is measured seconds apart, and a case's forks are spread over the whole run.
 */
final class Rounds {
  /** The device of a benchmark that has no choice of them. */
  static final String NO_DEVICE = "";

  /** Forks take their classes from an archive that the first one leaves, and start faster. */
  static final String CLASS_ARCHIVE = "-XX:SharedArchiveFile=";

  static final String MAKE_CLASS_ARCHIVE = "-XX:+AutoCreateSharedArchive";

  /**
   * For peers, of whom only the calls are Java: their threads wait for each other at every
   * operation, and C2 at work in the background would stop one of them for milliseconds.
   */
  private static final String QUIET_COMPILER = "-XX:TieredStopAtLevel=1";

  /** After so many forks a format that is left behind by another one gets no more. */
  private static final int TRIALS = 2;

  /** How much slower than another format one may be, to get all forks. */
  private static final double NEARLY_AS_FAST = 1.15;

  /** The first line of a stack trace; what it names is what is left of it without packages. */
  private static final Pattern THROWN =
      Pattern.compile("(?m)^(?:[a-z]\\w*\\.)+([\\w$]*(?:Exception|Error)(?:: .*)?)$");

  /** What JMH says of a JVM that did not end by itself. */
  private static final Pattern CRASHED =
      Pattern.compile("(?m)^<(forked VM failed with exit code \\d+)>$");

  private final SequencedMap<Plan.Case, List<String>> contenders;
  private final int forks;
  private final Measurements measurements = new Measurements();
  private boolean allOfOursMeasured = true;
  private volatile boolean finished;
  private volatile boolean ended;
  private final Map<Plan.Case, SequencedMap<String, List<Double>>> forkTimes = new HashMap<>();

  Rounds(SequencedMap<Plan.Case, List<String>> contenders, int forks) {
    this.contenders = new LinkedHashMap<>(contenders);
    this.forks = forks;
  }

  @Override
  public String toString() {
    long least = minutes(Math.min(forks, TRIALS));
    long most = minutes(forks);
    return String.format(
        Locale.ROOT,
        "%d cases, forks of each: %d, about %s minutes",
        contenders.size(),
        forks,
        least < most ? least + " to " + most : least);
  }

  /**
   * An estimate.
   *
   * @param trials after which all but one of a library's formats are given up
   */
  private long minutes(long trials) {
    double seconds = 0;
    for (var entry : contenders.entrySet()) {
      Plan.Cost cost = entry.getKey().entry().cost();
      List<String> peers = entry.getValue().stream().filter(device -> !isOurs(device)).toList();
      long libraries = peers.stream().map(Plan::libraryOf).distinct().count();
      seconds += cost.ours() * (entry.getValue().size() - peers.size()) * forks;
      seconds += cost.peers() * (peers.size() * trials + libraries * (forks - trials));
    }
    return (long) Math.ceil(seconds / 60);
  }

  /** Whether no other library did it: one of our devices, or a benchmark that has none. */
  static boolean isOurs(String device) {
    return device.equals(NO_DEVICE) || Contenders.isOurs(device);
  }

  /**
   * Runs them all, and writes after each case what was measured until then.
   *
   * @return whether each fork on our devices gave a result
   */
  boolean run(RunFiles files, MachineFacts facts) throws IOException, RunnerException {
    long start = System.nanoTime();
    Path temporary = Files.createTempDirectory(ramOrDisk(), "jdiffusion-benchmarks");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(temporary, files)));
    for (int round = 1; round <= forks; round++) {
      for (Plan.Case work : List.copyOf(contenders.keySet())) {
        SequencedMap<String, Double> times = race(work, temporary, files.log());
        if (round == 1) {
          // What fails is not tried again.
          contenders.put(work, List.copyOf(times.keySet()));
        }
        SequencedMap<String, List<Double>> earlier =
            forkTimes.computeIfAbsent(work, _ -> new LinkedHashMap<>());
        times.forEach((device, seconds) ->
            earlier.computeIfAbsent(device, _ -> new ArrayList<>()).add(seconds));
        if (round == TRIALS) {
          contenders.put(work, keepingUp(contenders.getOrDefault(work, List.of()), earlier));
        }
        System.out.printf(
            Locale.ROOT,
            "%5.1f min, fork %d of %d: %s: %s%n",
            (System.nanoTime() - start) / 60e9,
            round,
            forks,
            work,
            inWords(times));
        if (!measurements.isEmpty()) {
          facts.write(files.facts());
          measurements.write(files.json());
        }
      }
    }
    finished = true;
    return allOfOursMeasured;
  }

  /** When this JVM ends, in the middle of a run too: removes what is temporary. */
  private void end(Path temporary, RunFiles files) {
    ended = true;
    // A fork that ended by itself would write its archive of classes first.
    List<ProcessHandle> running = ProcessHandle.current().descendants().toList();
    running.forEach(ProcessHandle::destroyForcibly);
    running.forEach(process -> process.onExit().join());
    try {
      Answers.delete(temporary);
    } catch (IOException e) {
      System.out.println("cannot delete " + temporary + ": " + e.getMessage());
    }
    if (!finished) {
      System.out.println(
          Files.exists(files.json())
              ? "stopped: %s and %s hold what was measured; its table: --table %s"
                  .formatted(files.json(), files.facts().getFileName(), files.json())
              : "stopped before anything was measured");
    }
  }

  /** Holds whoever asks once this JVM ends: nothing is started, or taken for a failure, then. */
  private void waitIfEnded() {
    while (ended) {
      LockSupport.park();
    }
  }

  /** The seconds of one fork each; none of those that failed, but a line that says so. */
  private SequencedMap<String, Double> race(Plan.Case work, Path temporary, Path log)
      throws IOException, RunnerException {
    SequencedMap<String, Double> times = new LinkedHashMap<>();
    Path answers = Files.createTempDirectory(temporary, "answers");
    for (String device : contenders.getOrDefault(work, List.of())) {
      ChainedOptionsBuilder options = options(work, device);
      if (!device.equals(NO_DEVICE)) {
        List<String> flags = new ArrayList<>(classArchive(temporary, device));
        flags.add("-D" + Answers.FOLDER + "=" + answers);
        if (!isOurs(device)) {
          flags.add(QUIET_COMPILER);
        }
        options.jvmArgsPrepend(flags.toArray(String[]::new));
      }
      waitIfEnded();
      Fork fork = measure(options, log);
      waitIfEnded();
      for (RunResult result : fork.results()) {
        measurements.add(result);
        times.put(device, seconds(result));
      }
      if (fork.results().isEmpty()) {
        allOfOursMeasured &= !isOurs(device);
        System.out.printf(
            "left out: %s: %s (see %s)%n",
            device.equals(NO_DEVICE) ? work : device, reason(fork.output()), log);
      }
    }
    // They are large: the next case finds its own there.
    Answers.delete(answers);
    return times;
  }

  /** Answers are large: writing them to a slow disk would take longer than the measurements. */
  private static Path ramOrDisk() {
    Path ram = Path.of("/dev/shm");
    return Files.isWritable(ram) ? ram : Path.of(System.getProperty("java.io.tmpdir"));
  }

  /** None for classes in folders, where an IDE has them: the JVM makes no archive of these. */
  private static List<String> classArchive(Path folder, String device) {
    // A colon would begin a second archive.
    return System.getProperty("java.class.path").endsWith(".jar")
        ? List.of(
            CLASS_ARCHIVE + folder.resolve(device.replace(':', '_') + ".jsa"), MAKE_CLASS_ARCHIVE)
        : List.of();
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
    }
    if (!isOurs(device)) {
      // A whole step takes seconds, and is warm after the run that is compared.
      boolean whole = work.entry().benchmark() == StepBenchmark.class;
      options
          .warmupIterations(whole ? 0 : 2)
          .warmupTime(TimeValue.milliseconds(200))
          .measurementIterations(whole ? 1 : 2);
    }
    return options;
  }

  /**
   * What came of a fork.
   *
   * @param results none if it failed
   * @param output what JMH printed
   */
  private record Fork(Collection<RunResult> results, String output) {}

  private static Fork measure(ChainedOptionsBuilder options, Path log)
      throws IOException, RunnerException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Collection<RunResult> results;
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      results =
          new Runner(
                  options.build(),
                  OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL))
              .run();
    }
    Files.write(log, bytes.toByteArray(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    return new Fork(results, bytes.toString(StandardCharsets.UTF_8));
  }

  /** Why a fork failed, from what JMH printed, in one line. */
  static String reason(String output) {
    for (Pattern pattern : List.of(THROWN, CRASHED)) {
      Matcher matcher = pattern.matcher(output);
      if (matcher.find()) {
        return matcher.group(1);
      }
    }
    return "no result";
  }

  /** Of the fastest iteration: it is disturbed least. */
  private static double seconds(RunResult result) {
    Statistics statistics = result.getPrimaryResult().getStatistics();
    return result.getParams().getMode() == Mode.Throughput
        ? 1 / statistics.getMax()
        : statistics.getMin();
  }

  /**
   * The devices without the formats that another one of the same library leaves behind. One fork
   * may be disturbed, so a format is judged by its best one, beside the other's worst.
   *
   * @param seconds of each fork until now
   */
  static List<String> keepingUp(List<String> devices, Map<String, List<Double>> seconds) {
    return devices.stream()
        .filter(device ->
            devices.stream()
                .filter(other -> Plan.libraryOf(other).equals(Plan.libraryOf(device)))
                .noneMatch(other -> isLeftBehind(of(device, seconds), of(other, seconds))))
        .toList();
  }

  private static DoubleSummaryStatistics of(String device, Map<String, List<Double>> seconds) {
    return seconds.getOrDefault(device, List.of()).stream()
        .mapToDouble(Double::doubleValue)
        .summaryStatistics();
  }

  private static boolean isLeftBehind(
      DoubleSummaryStatistics format, DoubleSummaryStatistics other) {
    return format.getCount() >= TRIALS
        && other.getCount() >= TRIALS
        && format.getMin() > NEARLY_AS_FAST * other.getMax();
  }

  private static String inWords(SequencedMap<String, Double> times) {
    List<String> words = new ArrayList<>();
    times.forEach((device, seconds) ->
        words.add((device + " " + Report.number(seconds * 1e3) + " ms").strip()));
    return words.isEmpty() ? "no result" : String.join(", ", words);
  }
}
