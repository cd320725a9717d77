package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.Run.Result;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The bits of all results of all cases, as one SHA-256 for each case. */
public final class CaseDigests {
  private CaseDigests() {}

  /** The digests on a backend, by the name of the case. */
  public static Map<String, String> of(Backend backend) {
    Map<String, String> digests = new LinkedHashMap<>();
    for (ConformanceCase each : Cases.all()) {
      digests.put(each.name(), digest(each.run(backend)));
    }
    return digests;
  }

  /** One line about the cases whose digests differ; empty if none does. */
  public static String difference(Map<String, String> expected, Map<String, String> actual) {
    List<String> different =
        expected.keySet().stream()
            .filter(name -> !expected.get(name).equals(actual.get(name)))
            .toList();
    return different.isEmpty()
        ? ""
        : different.size()
            + " of "
            + expected.size()
            + " cases differ: "
            + String.join("; ", different);
  }

  /**
   * Writes the digests of a device: the arguments are its name, the number of threads, and the
   * file.
   */
  public static void main(String[] arguments) throws IOException {
    Map<String, String> digests =
        of(Backends.open(Device.parse(arguments[0]), Integer.parseInt(arguments[1])));
    Files.write(
        Path.of(arguments[2]),
        digests.entrySet().stream().map(entry -> entry.getValue() + " " + entry.getKey()).toList());
  }

  /** Reads what {@link #main} wrote. */
  public static Map<String, String> read(Path file) throws IOException {
    Map<String, String> digests = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file)) {
      int space = line.indexOf(' ');
      digests.put(line.substring(space + 1), line.substring(0, space));
    }
    return digests;
  }

  private static String digest(Map<String, Result> results) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (Result result : results.values()) {
        ByteBuffer bits = ByteBuffer.allocate(result.values().length * Double.BYTES);
        for (double value : result.values()) {
          // All NaN are one: processors differ in the bits of theirs.
          bits.putLong(Double.doubleToLongBits(value));
        }
        sha.update(bits.array());
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
