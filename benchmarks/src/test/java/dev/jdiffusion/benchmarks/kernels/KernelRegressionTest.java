package dev.jdiffusion.benchmarks.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.benchmarks.JvmFlags;
import dev.jdiffusion.benchmarks.kernels.CompilerLog.Compilation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.ops.MatMul;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keeps kernels from becoming slow without a clock: {@link KernelExercise} runs them all, and what
 * they allocated and what C2 made of them is looked at afterwards. Compilation is synchronous
 * there, so a loaded machine changes nothing.
 */
class KernelRegressionTest {
  /**
   * Bytes that a call may allocate: jobs, tasks and tables of offsets. One vector left to the
   * allocator in an inner loop is at least six times as much in the shapes that are run.
   */
  private static final long ALLOWED = 16 * 1024;

  /** The classes that the kernel generator writes. */
  private static final Set<String> GENERATED =
      Set.of(
          "WideProducts",
          "WideGradients",
          "NarrowProducts",
          "NarrowGradients",
          "SmallProducts",
          "DepthwiseTiles");

  private static final Map<String, Long> BYTES = new LinkedHashMap<>();
  private static Collection<Compilation> compilations = List.of();

  @TempDir static Path folder;

  @BeforeAll
  static void runAllKernels() throws IOException, InterruptedException {
    Path log = folder.resolve("compilation.xml");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            JvmFlags.VECTOR_API,
            JvmFlags.NO_LIMITED_PROFILE,
            JvmFlags.SPILL_TO_STACK,
            JvmFlags.COLLECTOR,
            "-Xbatch",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:+LogCompilation",
            "-XX:LogFile=" + log,
            "-cp",
            System.getProperty("java.class.path"),
            KernelExercise.class.getName(),
            "2",
            "2",
            Long.toString(ALLOWED));
    Path errors = folder.resolve("errors");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), () -> read(errors));
    for (String line : output.split("\n")) {
      String[] bytesAndName = line.split("\t");
      BYTES.put(bytesAndName[1], Long.valueOf(bytesAndName[0]));
    }
    compilations = CompilerLog.read(log);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void everyFamilyOfTheBackendIsRun() {
    Set<String> families = new TreeSet<>();
    for (Method method : Backend.class.getMethods()) {
      if (method.getReturnType().getPackage() == MatMul.class.getPackage()) {
        families.add(method.getName());
      }
    }
    Set<String> run = new TreeSet<>();
    BYTES.keySet().forEach(name -> run.add(name.split(" ")[0]));
    assertEquals(families, run);
  }

  @Test
  void noKernelAllocates() {
    List<String> greedy = new ArrayList<>();
    BYTES.forEach((name, bytes) -> {
      if (bytes > ALLOWED) {
        greedy.add("%s allocates %,d bytes a call".formatted(name, bytes));
      }
    });
    assertTrue(
        greedy.isEmpty(),
        () ->
            String.join("\n", greedy)
                + "\nvectors that C2 left to the allocator:\n"
                + String.join(
                    "\n",
                    compilations.stream()
                        .filter(c -> !c.boxed().isEmpty())
                        .map(Compilation::toString)
                        .toList()));
  }

  @Test
  void c2GivesNoKernelUp() {
    assertTrue(compilations.size() > 100, compilations.size() + " compilations");
    List<Compilation> failed =
        compilations.stream().filter(compilation -> !compilation.failure().isEmpty()).toList();
    assertEquals(List.of(), failed);
  }

  @Test
  void generatedKernelsBecomeVectorInstructionsEntirely() {
    List<Compilation> kernels =
        compilations.stream()
            .filter(c -> GENERATED.contains(c.method().split("\\.")[0]))
            .filter(c -> c.method().matches(".*(\\dx\\d|7)"))
            .toList();
    assertTrue(
        kernels.stream().map(Compilation::method).distinct().count() >= 6, kernels.toString());
    for (Compilation kernel : kernels) {
      assertEquals(List.of(), kernel.boxed(), kernel.method());
      // A multiply-add needs a factor that was loaded and, at least once, a result that is stored.
      assertTrue(kernel.fusedMultiplyAdds() > 0, kernel.toString());
      assertTrue(kernel.vectorOperations() > kernel.fusedMultiplyAdds(), kernel.toString());
    }
  }

  @Test
  void aVectorThatIsPassedAsAnObjectIsSeenInTheLog() throws IOException {
    Path log = folder.resolve("sample.xml");
    Files.writeString(
        log,
        """
        <task compile_id='1' method='dev.jdiffusion.tensor.cpu.Loops add ([F)V' bytes='9' stamp='1.0'>
        <klass id='1' name='jdk.incubator.vector.FloatVector' flags='1025'/>
        <klass id='2' name='dev.jdiffusion.tensor.cpu.VectorMath' flags='16'/>
        <method id='3' holder='2' name='log' return='1' arguments='1' flags='8' bytes='400'/>
        <intrinsic id='_VectorTernaryOp' nodes='9'/>
        <intrinsic id='_VectorLoadOp' nodes='9'/>
        <call method='3' count='9' prof_factor='1.0' inline='1'/>
        <inline_fail reason='hot method too big'/>
        <task_done success='1'/>
        </task>
        <task compile_id='2' method='dev.jdiffusion.tensor.cpu.Loops sub ([F)V' bytes='9' stamp='1.0'>
        <failure reason='out of nodes'/>
        </task>
        <task compile_id='3' method='dev.jdiffusion.tensor.cpu.Loops mul ([F)V' bytes='9' level='3' stamp='1.0'>
        <failure reason='out of virtual registers'/>
        </task>
        """);
    assertEquals(
        List.of(
            new Compilation("Loops.add", 2, 1, List.of("log: hot method too big"), ""),
            new Compilation("Loops.sub", 0, 0, List.of(), "out of nodes")),
        List.copyOf(CompilerLog.read(log)));
  }
}
