package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Param;

class PlanTest {
  private static final int THREADS = 2;

  private static List<Plan.Case> cases() {
    return Stream.of(Plan.full(), Plan.quick())
        .flatMap(List::stream)
        .flatMap(entry -> entry.cases(THREADS).stream())
        .toList();
  }

  @Test
  void everyCaseGivesEachParameterOfItsBenchmarkOneOfItsValues() throws NoSuchFieldException {
    for (Plan.Case work : cases()) {
      Class<?> benchmark = work.entry().benchmark();
      Set<String> parameters =
          Arrays.stream(benchmark.getDeclaredFields())
              .filter(field -> field.isAnnotationPresent(Param.class))
              .map(Field::getName)
              .collect(Collectors.toSet());
      assertEquals(parameters, work.parameters().keySet(), () -> work.toString());
      for (String name : parameters) {
        assertTrue(
            values(benchmark.getDeclaredField(name)).contains(work.parameters().get(name)),
            () -> work + ": " + name);
      }
    }
  }

  private static List<String> values(Field parameter) {
    return parameter.getType().isEnum()
        ? Arrays.stream(parameter.getType().getEnumConstants()).map(Object::toString).toList()
        : List.of(parameter.getAnnotation(Param.class).value());
  }

  @Test
  void noSetRunsACaseTwice() {
    for (List<Plan.Entry> set : List.of(Plan.full(), Plan.quick())) {
      List<String> names = new ArrayList<>();
      set.forEach(entry -> entry.cases(THREADS).forEach(work -> names.add(work.toString())));
      assertEquals(names.stream().distinct().toList(), names);
    }
  }

  @Test
  void theFullSetMeasuresBothPassesOfEveryTarget() {
    Set<String> full =
        Plan.full().stream()
            .flatMap(entry -> entry.cases(THREADS).stream())
            .map(Plan.Case::toString)
            .collect(Collectors.toSet());
    for (Plan.Target target : Plan.targets()) {
      for (String pass : List.of("FORWARD", "BACKWARD")) {
        String name = "%s %s %s x%d".formatted(target.group(), target.work(), pass, THREADS);
        assertTrue(full.contains(name), name);
      }
    }
  }

  @Test
  void theFullSetHasWorkThatTheShortOneLeavesOut() {
    for (String name :
        List.of(
            "gemm 128x128x128 x1",
            "gemm 256x256x256 x2",
            "attention 64 SOFTMAX 49 FORWARD x2",
            "attention 32 LINEAR 49 BACKWARD x2",
            "attention 32 LINEAR 1024 FORWARD x2",
            "attention 64 LINEAR 196 BACKWARD x2",
            "conv INPUT WINDOW3_28_64 x2",
            "conv WEIGHT WINDOW1_28_64 x2",
            "conv INPUT DEPTHWISE7_28_56 x2",
            "step SAMPLING_RESNET x2",
            "step SAMPLING_CIFAR x2")) {
      assertTrue(casesOf(Plan.full(), "cpu").contains(name), name);
      assertFalse(casesOf("cpu").contains(name), name);
    }
    assertFalse(casesOf(Plan.full(), "cpu").contains("conv INPUT WINDOW3_7_256 x2"));
    assertTrue(casesOf(Plan.full(), "libtorch").contains("step SAMPLING_CIFAR x2"));
    assertFalse(casesOf(Plan.full(), "libtorch").contains("conv INPUT WINDOW3_28_64 x2"));
  }

  @Test
  void libtorchRunsAsInstalledAndTunedWhereverItRuns() {
    for (Plan.Case work : cases()) {
      List<String> peers = work.entry().peers();
      assertEquals(
          peers.contains("libtorch"), peers.contains("libtorch-tuned"), () -> work.toString());
      assertEquals(
          peers.contains("libtorch-channels-last"),
          peers.contains("libtorch-tuned-channels-last"),
          () -> work.toString());
    }
  }

  private static List<String> casesOf(String device) {
    return casesOf(Plan.quick(), device);
  }

  private static List<String> casesOf(List<Plan.Entry> set, String device) {
    return set.stream()
        .flatMap(entry -> entry.cases(THREADS).stream())
        .filter(work -> work.runsOn(device))
        .map(Plan.Case::toString)
        .toList();
  }

  @Test
  void aGpuRunsWhatItsTableAsksForAndNothingTwice() {
    List<String> all = casesOf("cuda");
    assertTrue(all.contains("conv INPUT WINDOW3_28_64 x2"), all::toString);
    assertTrue(all.contains("machine COPY x2"), all::toString);
    assertTrue(all.stream().noneMatch(name -> name.endsWith("x1")), all::toString);
    assertTrue(all.stream().noneMatch(name -> name.contains("FMA")), all::toString);
    assertEquals(all, casesOf("cuda:1"));
    List<String> rounded =
        all.stream().filter(name -> name.matches("(gemm|conv|step) .*")).toList();
    assertEquals(rounded, casesOf("cuda-tf32"));
    assertEquals(rounded, casesOf("cuda:1-bf16"));
  }

  @Test
  void eachLibraryOfNvidiaRunsItsGroupInEachOfItsPrecisions() {
    List<String> gemm = casesOf("cuda").stream().filter(name -> name.startsWith("gemm ")).toList();
    List<String> conv = casesOf("cuda").stream().filter(name -> name.startsWith("conv ")).toList();
    for (String device : List.of("cublas", "cublas-tf32", "cublas-bf16", "cublas:1-bf16")) {
      assertEquals(gemm, casesOf(device), device);
    }
    for (String device : List.of("cudnn", "cudnn-tf32", "cudnn:1-tf32")) {
      assertEquals(conv, casesOf(device), device);
    }
    assertEquals(List.of(), casesOf("cudnn-bf16"));
  }

  @Test
  void theCpuRunsNothingThatIsForGpus() {
    List<String> all = casesOf("cpu");
    assertTrue(all.contains("gemm 2048x2048x2048 x1"), all::toString);
    assertTrue(all.contains("machine FMA x2"), all::toString);
    assertTrue(all.stream().noneMatch(name -> name.contains("4096")), all::toString);
  }

  @Test
  void formatsAndKernelsOfALibraryCompeteForOneCell() {
    for (String device :
        List.of("libtorch", "libtorch-channels-last", "libtorch-avx2-channels-last")) {
      assertEquals("libtorch", Plan.libraryOf(device));
    }
    assertEquals("libtorch-tuned", Plan.libraryOf("libtorch-tuned-avx2-channels-last"));
    assertTrue(Plan.isLimited("libtorch-tuned-avx2-channels-last"));
    assertFalse(Plan.isLimited("libtorch-tuned-channels-last"));
  }
}
