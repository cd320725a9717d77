package dev.jdiffusion.cuda.jcuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.jcuda.PtxAssembler.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Assembles all PTX for all architectures that it is for, and holds what each kernel takes to the
 * table {@code ptx-ceilings.txt}. After a change that is meant, write the table again:
 *
 * <pre>./mvnw -q -pl cuda-kernels -am test -Dtest=PtxCeilingsTest -Dptx.ceilings=write \
 *   -Dsurefire.failIfNoSpecifiedTests=false</pre>
 */
@DisplayName("NVIDIA's assembler")
@EnabledOnOs(
    value = {OS.LINUX, OS.WINDOWS},
    architectures = "amd64")
final class PtxCeilingsTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final Path TABLE = Path.of("src/test/resources/ptx-ceilings.txt");
  private static final String WRITE = "-Dptx.ceilings=write writes the table again";

  /** The GPUs on which a tier may run. */
  private static final Map<String, List<String>> ARCHITECTURES =
      Map.of(
          "sm_75", List.of("sm_75", "sm_80", "sm_86", "sm_89", "sm_90"),
          "sm_80", List.of("sm_80", "sm_86", "sm_89", "sm_90"),
          "sm_90a", List.of("sm_90a"));

  /** Registers are handed out to warps in eights: fewer of them change nothing. */
  private static final int REGISTER_STEP = 8;

  private static final String HEADING =
      """
      # What kernels may take: registers of a thread, spilled bytes of a thread, static shared bytes
      # of a block; each the most over all architectures that the tier is assembled for. Registers
      # are rounded up to eights. PtxCeilingsTest compares, and writes this file.
      """;

  private static final ConcurrentLinkedQueue<String> REFUSED = new ConcurrentLinkedQueue<>();

  /** By "tier file kernel". */
  private static final Map<String, Usage> USED = new ConcurrentSkipListMap<>();

  @BeforeAll
  static void assembleAll() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(SOURCES)) {
      files = all.filter(file -> file.toString().endsWith(".ptx")).toList();
    }
    files.parallelStream().forEach(PtxCeilingsTest::assemble);
    if ("write".equals(System.getProperty("ptx.ceilings"))) {
      StringBuilder table = new StringBuilder(HEADING);
      USED.forEach((kernel, usage) ->
          table.append(
              "%s %d %d %d\n"
                  .formatted(
                      kernel,
                      (usage.registers() + REGISTER_STEP - 1) / REGISTER_STEP * REGISTER_STEP,
                      usage.spillBytes(),
                      usage.sharedBytes())));
      Files.writeString(TABLE, table);
    }
  }

  private static List<String> architectures(String tier) {
    List<String> architectures = ARCHITECTURES.get(tier);
    if (architectures == null) {
      throw new IllegalArgumentException(
          "which GPUs is "
              + tier
              + " for? "
              + new TreeSet<>(ARCHITECTURES.keySet())
              + " are known");
    }
    return architectures;
  }

  private static void assemble(Path file) {
    String tier = String.valueOf(file.getName(file.getNameCount() - 2));
    String name = String.valueOf(file.getFileName()).replace(".ptx", "");
    try {
      String ptx = Files.readString(file);
      for (String architecture : architectures(tier)) {
        PtxAssembler.assemble(ptx, architecture)
            .forEach(
                (kernel, usage) -> USED.merge(tier + " " + name + " " + kernel, usage, Usage::max));
      }
    } catch (IOException | GpuException e) {
      REFUSED.add(file + ": " + e.getMessage());
    }
  }

  @Test
  @DisplayName("takes every PTX for every architecture")
  void takesAll() {
    assertEquals(List.of(), List.copyOf(REFUSED));
  }

  @Test
  @DisplayName("is not spared a tier that the table of GPUs lacks")
  void refusesUnknownTiers() {
    assertTrue(
        String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> architectures("sm_60"))
                    .getMessage())
            .contains("sm_60"));
  }

  @Test
  @DisplayName("finds no kernel above its ceilings")
  void nothingGrew() throws IOException {
    List<String> above = new ArrayList<>();
    Map<String, Usage> ceilings = table();
    USED.forEach((kernel, usage) -> {
      Usage ceiling = ceilings.get(kernel);
      if (ceiling != null && !ceiling.max(usage).equals(ceiling)) {
        above.add(kernel + " uses " + usage + ", allowed is " + ceiling);
      }
    });
    assertEquals(List.of(), above, WRITE);
  }

  @Test
  @DisplayName("finds the kernels of the table and no others")
  void tableIsComplete() throws IOException {
    assertEquals(String.join("\n", USED.keySet()), String.join("\n", table().keySet()), WRITE);
  }

  @Test
  @DisplayName("says in which line a PTX is wrong")
  void namesTheLine() {
    String ptx =
        """
        .version 6.3
        .target sm_75
        .address_size 64
        .visible .entry k()
        {
          frobnicate;
        }
        """;
    GpuException refusal =
        assertThrows(GpuException.class, () -> PtxAssembler.assemble(ptx, "sm_75"));
    assertTrue(String.valueOf(refusal.getMessage()).contains("line 6"), refusal::getMessage);
  }

  @Test
  @DisplayName("refuses an instruction that is newer than the PTX version says")
  void refusesNewInstructions() {
    String ptx =
        """
        .version 6.3
        .target sm_75
        .address_size 64
        .visible .entry k()
        {
          .reg .f32 %f<2>;
          mov.f32 %f0, 0f3F800000;
          tanh.approx.f32 %f1, %f0;
          ret;
        }
        """;
    assertThrows(GpuException.class, () -> PtxAssembler.assemble(ptx, "sm_75"));
    assertEquals(Set.of("k"), PtxAssembler.assemble(ptx.replace("6.3", "7.0"), "sm_75").keySet());
  }

  private static Map<String, Usage> table() throws IOException {
    Map<String, Usage> table = new TreeMap<>();
    for (String line : Files.readAllLines(TABLE)) {
      if (!line.startsWith("#")) {
        String[] words = line.split(" ");
        table.put(
            words[0] + " " + words[1] + " " + words[2],
            new Usage(
                Integer.parseInt(words[3]),
                Integer.parseInt(words[4]),
                Integer.parseInt(words[5])));
      }
    }
    return table;
  }
}
