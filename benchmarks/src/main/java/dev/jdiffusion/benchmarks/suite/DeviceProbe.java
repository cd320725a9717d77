package dev.jdiffusion.benchmarks.suite;

import dev.jdiffusion.benchmarks.ChildJvm;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Finds out which devices open, each in a JVM of its own: what a library starts when it is loaded
 * must not run beside the measurements, and each has its environment.
 */
final class DeviceProbe {
  private static final String NOT_BUILT =
      "no such device in this build; libtorch and openblas come with"
          + " ./mvnw -q -Ppeers package -DskipTests -pl benchmarks,diffusion -am";
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
    SequencedMap<String, Answer> answers = new LinkedHashMap<>();
    devices.forEach(device -> answers.put(device, ask(device, threads)));
    return answers;
  }

  private static Answer ask(String device, int threads) {
    if (!Contenders.has(device)) {
      return new Answer(false, NOT_BUILT);
    }
    String output =
        ChildJvm.run(
            DeviceProbe.class,
            List.of(Integer.toString(threads), device),
            Contenders.environment(device));
    // Libraries may print lines of their own.
    return output
        .lines()
        .map(line -> line.split("\t", 2))
        .filter(fields -> fields.length == 2)
        .filter(fields -> fields[0].equals(OPENS) || fields[0].equals(MISSING))
        .map(fields -> new Answer(fields[0].equals(OPENS), fields[1]))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(device + " gives no answer: " + output));
  }

  /** Arguments: threads and device. Prints a line. */
  public static void main(String[] args) {
    String verdict = OPENS;
    String text;
    try {
      text = Contenders.open(args[1], Integer.parseInt(args[0])).description();
    } catch (BackendUnavailableException e) {
      verdict = MISSING;
      text = String.valueOf(e.getMessage());
    }
    System.out.println(verdict + "\t" + text.replace('\n', ' ').replace('\t', ' '));
    // A library's threads do not keep the program alive.
    System.exit(0);
  }
}
