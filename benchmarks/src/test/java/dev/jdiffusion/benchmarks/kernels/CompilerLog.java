package dev.jdiffusion.benchmarks.kernels;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What C2 did with the methods of the CPU backend, from the file that {@code -XX:+LogCompilation}
 * writes.
 */
final class CompilerLog {
  private static final String KERNELS = "dev.jdiffusion.tensor.cpu.";
  private static final Pattern ATTRIBUTE = Pattern.compile("(\\w+)='([^']*)'");

  private CompilerLog() {}

  /**
   * The last compilation of a method by C2.
   *
   * @param method class and name
   * @param vectorOperations how many calls of the Vector API became instructions
   * @param fusedMultiplyAdds how many of those are multiply-adds
   * @param boxed calls that vectors are passed to or returned from as objects, and operations that
   *     this machine or this compiler does not have
   * @param failure why C2 gave up; empty if it did not
   */
  record Compilation(
      String method,
      int vectorOperations,
      int fusedMultiplyAdds,
      List<String> boxed,
      String failure) {}

  /** The last compilation of each method, on its own and of each loop entered while it runs. */
  static Collection<Compilation> read(Path file) throws IOException {
    Map<String, Compilation> last = new LinkedHashMap<>();
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("<task ") && line.contains("method='" + KERNELS)) {
          Map<String, String> task = attributes(line);
          Compilation compilation = new Task(method(task)).read(lines);
          // C1's tasks name their level, C2's do not.
          if (!task.containsKey("level")) {
            last.put(task.get("method") + " " + task.getOrDefault("osr_bci", ""), compilation);
          }
        }
      }
    }
    return last.values();
  }

  private static String method(Map<String, String> task) {
    String[] words = task.getOrDefault("method", "").substring(KERNELS.length()).split(" ");
    return words[0] + "." + words[1];
  }

  private static Map<String, String> attributes(String line) {
    Map<String, String> attributes = new HashMap<>();
    Matcher matcher = ATTRIBUTE.matcher(line);
    while (matcher.find()) {
      attributes.put(matcher.group(1), matcher.group(2));
    }
    return attributes;
  }

  /** Reads one task; names of classes and methods have numbers that mean nothing outside of it. */
  private static final class Task {
    private final String name;
    private final Map<String, String> classes = new HashMap<>();
    private final Map<String, Callee> callees = new HashMap<>();
    private final List<String> boxed = new ArrayList<>();
    private Callee called = new Callee("", "", false);
    private int vectorOperations;
    private int fusedMultiplyAdds;
    private String failure = "";

    /** A method that the compiled one calls. */
    private record Callee(String holder, String name, boolean takesVectors) {}

    Task(String name) {
      this.name = name;
    }

    Compilation read(BufferedReader lines) throws IOException {
      String line = lines.readLine();
      while (line != null && !line.startsWith("</task>")) {
        Map<String, String> attributes = attributes(line);
        String element = line.split("[ >/]", 2)[0];
        switch (element) {
          case "<klass" -> classes.put(attributes.get("id"), attributes.getOrDefault("name", ""));
          case "<method" -> callees.put(attributes.get("id"), callee(attributes));
          case "<call" -> called = callees.getOrDefault(attributes.get("method"), called);
          case "<intrinsic" -> intrinsic(attributes.getOrDefault("id", ""));
          case "<inline_fail" -> notInlined(attributes.getOrDefault("reason", ""));
          case "<parse" -> parsed(callees.get(attributes.get("method")));
          case "<failure" -> failure = attributes.getOrDefault("reason", "unknown");
          default -> {
            // Says nothing about vectors.
          }
        }
        line = lines.readLine();
      }
      return new Compilation(name, vectorOperations, fusedMultiplyAdds, boxed, failure);
    }

    private Callee callee(Map<String, String> attributes) {
      boolean vectors = false;
      String types = attributes.getOrDefault("return", "") + " " + attributes.get("arguments");
      for (String type : types.split(" ")) {
        String className = classes.getOrDefault(type, "");
        vectors |= className.startsWith("jdk.incubator.vector.") && className.endsWith("Vector");
      }
      String holder = classes.getOrDefault(attributes.get("holder"), "");
      return new Callee(holder, attributes.getOrDefault("name", ""), vectors);
    }

    private void intrinsic(String id) {
      if (id.startsWith("_Vector")) {
        vectorOperations++;
      }
      if (id.equals("_VectorTernaryOp")) {
        fusedMultiplyAdds++;
      }
    }

    private void notInlined(String reason) {
      if (called.takesVectors) {
        boxed.add(called.name + ": " + reason);
      }
    }

    /** The bytecode of these methods is what runs where there is no instruction. */
    private void parsed(Callee callee) {
      if (callee != null
          && callee.holder.equals("jdk.internal.vm.vector.VectorSupport")
          && callee.name.endsWith("Op")) {
        boxed.add(callee.name + ": no instruction");
      }
    }
  }
}
