package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.SideBySide;
import dev.jdiffusion.benchmarks.work.Contenders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Runs a set of benchmarks on every device that opens, in {@link Rounds}. Writes what JMH measured
 * as JSON, the facts about the machine beside it, and both together as a Markdown table.
 */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs benchmarks side by side and writes a table.")
public final class Suite implements Callable<Integer> {
  /** Names the folder of results where it is not below the working directory. */
  private static final String RESULTS = "jdiffusion.benchmarks.results";

  @Spec private CommandSpec spec;

  @Parameters(description = "short (the default) or full, then groups; all groups if none is named")
  private List<String> words = new ArrayList<>();

  @Option(
      names = "--devices",
      split = ",",
      description =
          "only these, such as cpu,cuda,libtorch; on a GPU LIBRARY[:N][-PRECISION] with the libraries"
              + " cuda, cublas, cudnn and the precisions tf32, bf16: cuda:1, cublas:1-tf32")
  private List<String> devices = new ArrayList<>();

  @Option(names = "--only", description = "only cases whose names have this in them")
  private String only = "";

  @Option(names = "--threads", description = "default: one per processor")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--forks", description = "JVMs per case; default: 5 in the full set, else 1")
  private Optional<Integer> forks = Optional.empty();

  @Option(names = "--results", description = "the folder to write to: ${DEFAULT-VALUE}")
  private Path folder = Path.of(System.getProperty(RESULTS, "benchmarks/results"));

  @Option(names = "--table", description = "only write the table of a .json file of an earlier run")
  private Path earlier = Path.of("");

  @Option(names = "--list", description = "only print what would run")
  private boolean list;

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** What is wrong with arguments is said in one line: help has its own option. */
  static CommandLine commandLine() {
    return new CommandLine(new Suite())
        .setParameterExceptionHandler((e, _) -> {
          e.getCommandLine().getErr().println(e.getMessage());
          return CommandLine.ExitCode.USAGE;
        })
        .setExecutionExceptionHandler((e, line, _) -> {
          if (e instanceof RunnerException) {
            // Such as that another run is under way.
            line.getErr().println(e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
          }
          throw e;
        });
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  @Override
  public Integer call() throws IOException, RunnerException {
    if (!earlier.toString().isEmpty()) {
      writeTableAgain();
      return 0;
    }
    if (threads < 1) {
      throw wrong("--threads " + threads + ": it takes at least 1");
    }
    if (forks.isPresent() && forks.get() < 1) {
      throw wrong("--forks " + forks.get() + ": it takes at least 1");
    }
    boolean full = words.contains("full");
    List<String> groups =
        words.stream().filter(word -> !word.equals("full") && !word.equals("short")).toList();
    for (String group : groups) {
      if (!Plan.groups().contains(group)) {
        throw wrong("no group '" + group + "'; there are " + String.join(", ", Plan.groups()));
      }
    }
    List<Plan.Case> cases =
        (full ? Plan.full() : Plan.quick())
            .stream()
                .filter(e -> groups.isEmpty() || groups.contains(e.group()))
                .flatMap(e -> e.cases(threads).stream())
                .filter(work -> work.toString().contains(only))
                .toList();
    if (cases.isEmpty()) {
      throw wrong("no case has '" + only + "' in its name; --list prints all names");
    }
    requireDevices();
    if (!list) {
      requireFolder();
    }
    SequencedMap<String, DeviceProbe.Answer> answers = DeviceProbe.ask(wanted(), threads);
    printDevices(answers);
    SequencedMap<Plan.Case, List<String>> contenders = new LinkedHashMap<>();
    cases.forEach(work -> contenders.put(work, present(work, answers)));
    // What is for GPUs alone, where there is none.
    contenders.values().removeIf(List::isEmpty);
    if (contenders.isEmpty()) {
      throw wrong("nothing to run: no device of these does such work here");
    }
    Rounds rounds = new Rounds(contenders, forks.orElse(full ? 5 : 1));
    System.out.println(rounds);
    if (list) {
      contenders.forEach((work, names) -> System.out.println(work + " " + names));
      return 0;
    }
    MachineFacts facts = MachineFacts.collect(answers);
    RunFiles files =
        RunFiles.unused(folder, facts.values().get("date") + (full ? "-full" : "-short"));
    boolean complete = rounds.run(files, facts);
    if (Files.exists(files.json())) {
      writeTable(files);
    }
    return complete ? 0 : 1;
  }

  /** Devices that no build has are misspelt. */
  private void requireDevices() {
    Set<String> known = new TreeSet<>(Contenders.devices());
    known.addAll(Plan.peers());
    for (String device : devices) {
      if (!known.contains(device) && !Contenders.has(device)) {
        throw wrong("no device '" + device + "'; there are " + String.join(", ", known));
      }
    }
  }

  /** Only trying tells whether files can be made there. */
  private void requireFolder() {
    try {
      Files.createDirectories(folder);
      Files.delete(Files.createTempFile(folder, "run", ".part"));
    } catch (IOException e) {
      throw wrong(
          "--results %s: no files can be written there (%s); name another folder"
              .formatted(folder, e));
    }
  }

  private List<String> wanted() {
    return devices.isEmpty()
        ? Stream.concat(Stream.of("cpu", "cuda", "cuda-tf32", "cuda-bf16"), Plan.peers().stream())
            .toList()
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

  /** The devices that a case is run on: ours, then those peers that do such work. */
  private static List<String> present(
      Plan.Case work, SequencedMap<String, DeviceProbe.Answer> answers) {
    if (!SideBySide.class.isAssignableFrom(work.entry().benchmark())) {
      return List.of(Rounds.NO_DEVICE);
    }
    return answers.keySet().stream()
        .filter(device -> answers.get(device).opens())
        .filter(work::runsOn)
        .toList();
  }

  private void writeTableAgain() {
    if (!RunFiles.isJson(earlier)) {
      throw wrong("--table " + earlier + ": it takes the .json file of an earlier run");
    }
    RunFiles files = RunFiles.of(earlier);
    for (Path file : List.of(files.json(), files.facts())) {
      if (!Files.isRegularFile(file)) {
        throw wrong("--table " + earlier + ": there is no file " + file);
      }
    }
    try {
      writeTable(files);
    } catch (IOException e) {
      throw wrong("--table " + earlier + ": " + e.toString().lines().findFirst().orElse(""));
    }
  }

  private static void writeTable(RunFiles files) throws IOException {
    MachineFacts facts = MachineFacts.read(files.facts());
    Files.writeString(files.table(), new Report(Result.read(files.json()), facts).markdown());
    System.out.println("wrote " + files.table());
  }
}
