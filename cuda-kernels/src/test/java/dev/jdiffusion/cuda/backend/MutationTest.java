package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.tensor.Backend;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Breaks the kernels that are shipped, one line at a time, and asks whether the emulator notices:
 * every barrier, every wait for copies and every end of a group of copies taken away, some bounds
 * of each kernel shifted by one. A mutant is noticed if the emulator reports it or a result is
 * wrong. {@code harmless-mutants.txt} lists those that change nothing, with the reason.
 */
final class MutationTest {
  /** Exercises that a mutant has to pass to count as unnoticed. */
  private static final int MOST_EXERCISES = 12;

  private static final int BOUNDS_OF_A_KERNEL = 3;

  /** An exercise, how many instructions it takes, and the kernels that it starts. */
  private record Use(Exercise exercise, long instructions, Set<String> kernels) {}

  private final Map<String, String> texts = new TreeMap<>();
  private final List<Use> uses = new ArrayList<>();

  /** A driver that loads other text and notes which kernels are started. */
  private static GpuDriver watched(
      EmulatorDriver driver, BinaryOperator<String> textOfFile, Set<String> started) {
    return (GpuDriver)
        Proxy.newProxyInstance(
            GpuDriver.class.getClassLoader(),
            new Class<?>[] {GpuDriver.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("load")) {
                arguments[1] = textOfFile.apply((String) arguments[0], (String) arguments[1]);
              } else if (method.getName().equals("launch")
                  && arguments[0] instanceof GpuFunction function) {
                started.add(function.name());
              }
              try {
                return method.invoke(driver, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** Runs all exercises on the kernels as they are. */
  private void findUses() {
    Set<String> started = new HashSet<>();
    BinaryOperator<String> asShipped =
        (file, text) -> {
          texts.put(file, text);
          return text;
        };
    try (EmulatorDriver driver = new EmulatorDriver(1)) {
      GpuDriver watched = watched(driver, asShipped, started);
      Map<String, Backend> backends = new HashMap<>();
      for (Exercise exercise : Exercise.all()) {
        Backend backend = backend(exercise, watched, backends);
        started.clear();
        long before = driver.emulation().instructions();
        exercise.check().accept(backend);
        long instructions = driver.emulation().instructions() - before;
        uses.add(new Use(exercise, instructions, Set.copyOf(started)));
      }
    }
    uses.sort(Comparator.comparingLong(Use::instructions));
  }

  @TestFactory
  Stream<DynamicTest> mistakesInKernelsAreNoticed() {
    findUses();
    Map<String, Integer> harmless = harmless();
    return texts.keySet().stream()
        .map(file -> DynamicTest.dynamicTest(file, () -> checkFile(file, harmless)));
  }

  private void checkFile(String file, Map<String, Integer> harmless) {
    List<Mutant> unnoticed =
        new ArrayList<>(
            Mutant.of(file, texts.get(file), BOUNDS_OF_A_KERNEL).parallelStream()
                .filter(mutant -> !isNoticed(mutant))
                .toList());
    Map<String, Integer> left = new HashMap<>(harmless);
    unnoticed.removeIf(mutant -> left.merge(mutant.key(), -1, Integer::sum) >= 0);
    assertEquals(List.of(), unnoticed, "nobody noticed these");
  }

  private boolean isNoticed(Mutant mutant) {
    List<Use> using = uses.stream().filter(use -> use.kernels().contains(mutant.kernel())).toList();
    String broken = mutant.applyTo(texts.get(mutant.file()));
    int step = Math.max(1, using.size() / MOST_EXERCISES);
    try (EmulatorDriver driver = new EmulatorDriver(1)) {
      GpuDriver watched =
          watched(
              driver, (file, text) -> file.equals(mutant.file()) ? broken : text, new HashSet<>());
      Map<String, Backend> backends = new HashMap<>();
      for (int i = 0; i < using.size(); i += step) {
        Exercise exercise = using.get(i).exercise();
        exercise.check().accept(backend(exercise, watched, backends));
      }
    } catch (AssertionError | GpuException e) {
      return true;
    }
    return false;
  }

  /** One backend for all exercises that want the same: it reads the PTX once. */
  private static Backend backend(
      Exercise exercise, GpuDriver driver, Map<String, Backend> backends) {
    return backends.computeIfAbsent(
        exercise.precision() + " " + exercise.tile(), key -> exercise.backend(driver));
  }

  /** How many mutants of a kernel and a kind change nothing. */
  private static Map<String, Integer> harmless() {
    Map<String, Integer> harmless = new LinkedHashMap<>();
    try (InputStream list = MutationTest.class.getResourceAsStream("harmless-mutants.txt")) {
      for (String line : new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        if (!line.startsWith("#")) {
          String[] words = line.split(" ", 4);
          harmless.put(words[0] + " " + words[1], Integer.parseInt(words[2]));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return harmless;
  }
}
