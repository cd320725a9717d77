package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.ChildJvm;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Finds out which devices open, in a JVM of its own: what a library starts when it is loaded must
 * not run beside the measurements.
 */
final class DeviceProbe {
  private static final String OPENS = "opens";
  private static final String MISSING = "missing";

  private DeviceProbe() {}

  /**
   * A device's answer.
   *
   * @param opens whether it can be used
   * @param text its description, or why not; one line
   */
  record Answer(boolean opens, String text) {}

  /** The answers of devices, in their order. */
  static SequencedMap<String, Answer> ask(List<String> devices, int threads) {
    List<String> arguments = new ArrayList<>();
    arguments.add(Integer.toString(threads));
    arguments.addAll(devices);
    SequencedMap<String, Answer> answers = new LinkedHashMap<>();
    ChildJvm.run(DeviceProbe.class, arguments)
        .lines()
        .map(line -> line.split("\t", 3))
        .filter(fields -> fields.length == 3)
        .filter(fields -> fields[0].equals(OPENS) || fields[0].equals(MISSING))
        .forEach(fields -> answers.put(fields[1], new Answer(fields[0].equals(OPENS), fields[2])));
    return answers;
  }

  /** Arguments: threads, then devices. Prints a line for each. */
  public static void main(String[] args) {
    for (String device : List.of(args).subList(1, args.length)) {
      String verdict = OPENS;
      String text;
      try {
        text = Contenders.open(device, Integer.parseInt(args[0])).description();
      } catch (BackendUnavailableException | IllegalArgumentException e) {
        verdict = MISSING;
        text = String.valueOf(e.getMessage());
      }
      System.out.println(
          String.join("\t", verdict, device, text.replace('\n', ' ').replace('\t', ' ')));
    }
    // A library's threads do not keep the program alive.
    System.exit(0);
  }
}
