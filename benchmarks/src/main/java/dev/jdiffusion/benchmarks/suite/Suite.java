package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.SideBySide;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs a set of benchmarks on every device that opens, in {@link Rounds}. Writes what JMH measured
 * as JSON, the facts about the machine beside it, and both together as a Markdown table.
 */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs benchmarks side by side and writes a table.")
public final class Suite implements Callable<Integer> {
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
  private int forks;

  @Option(names = "--results", description = "the folder to write to: ${DEFAULT-VALUE}")
  private Path folder = Path.of("benchmarks", "results");

  @Option(names = "--table", description = "only write the table of a .json file of an earlier run")
  private Path earlier = Path.of("");

  @Option(names = "--list", description = "only print what would run")
  private boolean list;

  public static void main(String[] args) {
    System.exit(new CommandLine(new Suite()).execute(args));
  }

  @Override
  public Integer call() throws IOException, RunnerException {
    if (!earlier.toString().isEmpty()) {
      writeTable(RunFiles.of(earlier));
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
                .filter(work -> work.toString().contains(only))
                .toList();
    if (cases.isEmpty()) {
      System.err.println("no case has '" + only + "' in its name; --list prints all names");
      return 2;
    }
    SequencedMap<String, DeviceProbe.Answer> answers = DeviceProbe.ask(wanted(), threads);
    printDevices(answers);
    SequencedMap<Plan.Case, List<String>> contenders = new LinkedHashMap<>();
    cases.forEach(work -> contenders.put(work, present(work, answers)));
    // What is for GPUs alone, where there is none.
    contenders.values().removeIf(List::isEmpty);
    Rounds rounds = new Rounds(contenders, forks > 0 ? forks : full ? 5 : 1);
    System.out.println(rounds);
    if (list) {
      contenders.forEach((work, names) -> System.out.println(work + " " + names));
      return 0;
    }
    Files.createDirectories(folder);
    MachineFacts facts = MachineFacts.collect(answers);
    RunFiles files =
        RunFiles.unused(folder, facts.values().get("date") + (full ? "-full" : "-short"));
    boolean complete = rounds.run(files, facts);
    if (Files.exists(files.json())) {
      writeTable(files);
    }
    return complete ? 0 : 1;
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

  private static void writeTable(RunFiles files) throws IOException {
    MachineFacts facts = MachineFacts.read(files.facts());
    Files.writeString(files.table(), new Report(Result.read(files.json()), facts).markdown());
    System.out.println("wrote " + files.table());
  }
}
