package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.Difference;
import dev.jdiffusion.benchmarks.work.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.annotations.Param;

/**
 * What {@code cpu} computes, for others to be compared with. It is computed in a process of its
 * own, so that neither its threads nor its memory are in the way of what is measured here, or taken
 * from the folder named by the system property {@value #FOLDER}, where an earlier fork left it.
 */
public final class Answers {
  /** Where forks of one run leave answers for each other. */
  public static final String FOLDER = "jdiffusion.benchmarks.answers";

  private final float[] expected;

  /** Where each tensor begins. */
  private final List<Integer> starts;

  private Answers(float[] expected, List<Integer> starts) {
    this.expected = expected;
    this.starts = starts;
  }

  static Answers of(SideBySide question) {
    try {
      String folder = System.getProperty(FOLDER);
      if (folder != null) {
        Path kept = Path.of(folder, fileName(question));
        if (!Files.exists(kept)) {
          compute(question, kept);
        }
        return read(kept);
      }
      Path file = Files.createTempFile("answer", ".floats");
      try {
        compute(question, file);
        return read(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Leaves a result for later forks, if there is a place for it and none is there yet. */
  static void keep(SideBySide question, Operation operation) {
    String folder = System.getProperty(FOLDER);
    if (folder != null && !Files.exists(Path.of(folder, fileName(question)))) {
      write(operation, Path.of(folder, fileName(question)));
    }
  }

  /**
   * @throws IllegalStateException if a tensor of the results differs by more than {@code tolerance}
   *     times its largest expected value
   */
  void compare(String who, float[] actual, double tolerance) {
    if (actual.length != expected.length) {
      throw new IllegalStateException(
          "%s: computes %d numbers, cpu %d".formatted(who, actual.length, expected.length));
    }
    for (Difference tensor : Difference.ofTensors(expected, starts, actual)) {
      require(who, actual, tensor, tolerance);
    }
  }

  private void require(String who, float[] actual, Difference tensor, double tolerance) {
    if (!tensor.isWithin(tolerance)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "%s: computes something else than cpu: element %d of %d is %s, not %s (relative"
                  + " difference %.1e, allowed %.1e)",
              who,
              tensor.where(),
              actual.length,
              actual[tensor.where()],
              expected[tensor.where()],
              tensor.relative(),
              tolerance));
    }
  }

  /** Arguments: the file to write, the benchmark's class, its parameters as {@code name=value}. */
  public static void main(String[] args) throws ReflectiveOperationException {
    Class<?> type = Class.forName(args[1]);
    SideBySide question = (SideBySide) type.getDeclaredConstructor().newInstance();
    for (String assignment : List.of(args).subList(2, args.length)) {
      String[] nameAndValue = assignment.split("=", 2);
      Field field = type.getField(nameAndValue[0]);
      field.set(question, parse(field.getType(), nameAndValue[1]));
    }
    int threads = Runtime.getRuntime().availableProcessors();
    Operation operation = Contenders.open("cpu", threads).prepare(question.workload());
    operation.run();
    write(operation, Path.of(args[0]));
  }

  private static Object parse(Class<?> type, String value) {
    if (type.isEnum()) {
      for (Object constant : type.getEnumConstants()) {
        if (((Enum<?>) constant).name().equals(value)) {
          return constant;
        }
      }
      throw new IllegalArgumentException(value + " is not one of " + type);
    }
    return type == int.class ? Integer.valueOf(value) : value;
  }

  private static void compute(SideBySide question, Path file) throws IOException {
    List<String> arguments = new ArrayList<>();
    arguments.add(file.toString());
    arguments.add(type(question).getName());
    parameters(question).forEach((name, value) -> arguments.add(name + "=" + value));
    ChildJvm.run(Answers.class, arguments);
  }

  private static String fileName(SideBySide question) {
    StringBuilder name = new StringBuilder(type(question).getSimpleName());
    parameters(question).forEach((key, value) -> name.append('-').append(key).append(value));
    return name.append(".floats").toString().replace(':', '_');
  }

  /** The class as written; JMH's generated ones extend it. */
  private static Class<?> type(SideBySide question) {
    Class<?> type = question.getClass();
    while (type.getSuperclass() != SideBySide.class) {
      type = type.getSuperclass();
    }
    return type;
  }

  /** What the result depends on: all parameters but the device and its threads. */
  private static Map<String, String> parameters(SideBySide question) {
    Map<String, String> parameters = new TreeMap<>();
    for (Field field : type(question).getDeclaredFields()) {
      if (field.isAnnotationPresent(Param.class)) {
        try {
          parameters.put(field.getName(), String.valueOf(field.get(question)));
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(field + " must be public", e);
        }
      }
    }
    return parameters;
  }

  private static Answers read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer bytes =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN);
      int tensors = bytes.getInt();
      List<Integer> starts = new ArrayList<>();
      for (int i = 0; i < tensors; i++) {
        starts.add(bytes.getInt());
      }
      FloatBuffer floats = bytes.asFloatBuffer();
      float[] values = new float[floats.remaining()];
      floats.get(values);
      return new Answers(values, starts);
    }
  }

  /** The number of tensors, where each begins, and all values. */
  private static void write(Operation operation, Path file) {
    float[] values = operation.result();
    List<Integer> starts = operation.starts();
    ByteBuffer bytes =
        ByteBuffer.allocate((1 + starts.size()) * Integer.BYTES + values.length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(starts.size());
    starts.forEach(bytes::putInt);
    bytes.asFloatBuffer().put(values);
    // Under its name only when complete: another fork may be looking.
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.write(part, bytes.array(), StandardOpenOption.CREATE);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a folder and what is in it. */
  public static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
