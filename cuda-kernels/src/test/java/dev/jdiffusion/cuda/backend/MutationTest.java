package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
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
  /**
   * Of the exercises of a kernel, at least as many (if it has them) show whether it is harmless.
   */
  private static final int SAMPLE = 12;

  private static final int BOUNDS_OF_A_KERNEL = 3;

  /** An exercise, how many instructions it takes, and the kernels that it starts. */
  private record Use(Exercise exercise, long instructions, Set<String> kernels) {}

  private final Map<String, PtxText> texts = new ConcurrentSkipListMap<>();
  private final Map<String, GpuFunction> shipped = new ConcurrentHashMap<>();
  private List<Use> uses = List.of();

  /** The kernels of a file, each read from the text of its own when it is asked for. */
  private record Module(Function<String, GpuFunction> functions) implements GpuModule {
    @Override
    public GpuFunction function(String name) {
      return functions.apply(name);
    }

    @Override
    public void close() {
      // The functions are for all who load the file.
    }
  }

  /**
   * A driver that notes which kernels are started. All share the kernels, which have no variables
   * in a device's memory.
   *
   * @param replaced kernels, by name, that are not those that are shipped
   */
  private GpuDriver watched(
      EmulatorDriver driver, Map<String, GpuFunction> replaced, Set<String> started) {
    return (GpuDriver)
        Proxy.newProxyInstance(
            GpuDriver.class.getClassLoader(),
            new Class<?>[] {GpuDriver.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("load")) {
                String file = (String) arguments[0];
                String ptx = (String) arguments[1];
                texts.computeIfAbsent(file, key -> PtxText.of(ptx));
                return new Module(kernel -> {
                  GpuFunction other = replaced.get(kernel);
                  return other != null ? other : shipped(driver, file, kernel);
                });
              }
              if (method.getName().equals("launch")
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

  private GpuFunction shipped(EmulatorDriver driver, String file, String kernel) {
    return shipped.computeIfAbsent(
        kernel, key -> driver.load(file, texts.get(file).only(kernel)).function(kernel));
  }

  /** Runs all exercises on the kernels as they are. */
  private void findUses() {
    uses =
        Exercise.all().parallelStream()
            .map(exercise -> {
              Set<String> started = new HashSet<>();
              try (EmulatorDriver driver = new EmulatorDriver(1)) {
                GpuDriver watched = watched(driver, Map.of(), started);
                exercise.check().accept(exercise.backend(watched));
                return new Use(exercise, driver.emulation().instructions(), started);
              }
            })
            .sorted(Comparator.comparingLong(Use::instructions))
            .toList();
  }

  @TestFactory
  Stream<DynamicTest> mistakesInKernelsAreNoticed() {
    findUses();
    Map<String, Integer> harmless = harmless();
    return texts.keySet().stream()
        .map(file -> DynamicTest.dynamicTest(file, () -> checkFile(file, harmless)));
  }

  private void checkFile(String file, Map<String, Integer> harmless) {
    List<Mutant> mutants = Mutant.of(file, texts.get(file), BOUNDS_OF_A_KERNEL);
    assertNotEquals(List.of(), mutants, "nothing to break was found");
    Map<String, Integer> left = new TreeMap<>(harmless);
    left.keySet().retainAll(mutants.stream().map(Mutant::key).collect(Collectors.toSet()));
    List<Mutant> unnoticed =
        new ArrayList<>(
            mutants.parallelStream()
                .filter(mutant -> !isNoticed(mutant, left.containsKey(mutant.key())))
                .toList());
    unnoticed.removeIf(mutant -> left.merge(mutant.key(), -1, Integer::sum) >= 0);
    assertEquals(List.of(), unnoticed, "nobody noticed these");
    left.values().removeIf(count -> count == 0);
    assertEquals(Map.of(), left, "these are listed as harmless and were noticed");
  }

  /**
   * Whether an exercise fails.
   *
   * @param mayBeHarmless whether some of the exercises are enough to say that none does
   */
  private boolean isNoticed(Mutant mutant, boolean mayBeHarmless) {
    List<Use> using = uses.stream().filter(use -> use.kernels().contains(mutant.kernel())).toList();
    Map<String, GpuFunction> broken = Map.of(mutant.kernel(), read(mutant));
    int step = Math.max(1, using.size() / SAMPLE);
    // Offset 0 is the sample; the others make it complete.
    for (int offset = 0; offset < (mayBeHarmless ? 1 : step); offset++) {
      for (int i = offset; i < using.size(); i += step) {
        if (fails(using.get(i).exercise(), broken)) {
          return true;
        }
      }
    }
    return false;
  }

  private GpuFunction read(Mutant mutant) {
    String text = mutant.applyTo(texts.get(mutant.file())).only(mutant.kernel());
    try (EmulatorDriver driver = new EmulatorDriver(1)) {
      return driver.load(mutant.file(), text).function(mutant.kernel());
    }
  }

  private boolean fails(Exercise exercise, Map<String, GpuFunction> broken) {
    try (EmulatorDriver driver = new EmulatorDriver(1)) {
      GpuDriver watched = watched(driver, broken, new HashSet<>());
      exercise.check().accept(exercise.backend(watched));
      return false;
    } catch (AssertionError | GpuException e) {
      return true;
    }
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
