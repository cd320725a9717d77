package dev.jdiffusion.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The launcher as a process")
final class LauncherProcessTest {
  private static final Path THIS_JAVA = Path.of(System.getProperty("java.home"));

  @TempDir static Path folder;

  /** An old Java cannot load a class of the tests, so the launcher's caller is compiled for it. */
  @BeforeAll
  static void compileCallerForOldJava() throws IOException {
    Path source = folder.resolve("Caller.java");
    Files.writeString(
        source,
        """
        package dev.jdiffusion.launcher;

        public class Caller {
          public static void main(String[] args) throws Exception {
            Launcher.launch("dev.jdiffusion.launcher.ProgramUnderTest", args);
          }
        }
        """);
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "--release",
                "8",
                "-Xlint:-options",
                "-cp",
                classPath(),
                "-d",
                folder.toString(),
                source.toString());
    assertEquals(0, failed);
  }

  @Test
  @DisplayName("passes on arguments, standard input and both outputs, without the JVM's warning")
  void passesStreams() throws Exception {
    Outcome outcome =
        run(launcher(THIS_JAVA, "echo", "two words", "\"quoted\"", "ä"), "line one\nline two\n");
    assertEquals(0, outcome.exitCode);
    assertEquals("[echo, two words, \"quoted\", ä]\nline one\nline two\n", outcome.output);
    assertEquals("to standard error\n", outcome.error);
  }

  @Test
  @DisplayName("passes on the exit code")
  void passesExitCode() throws Exception {
    assertEquals(7, run(launcher(THIS_JAVA, "exit", "7"), "").exitCode);
    assertEquals(0, run(launcher(THIS_JAVA, "exit", "0"), "").exitCode);
  }

  @Test
  @DisplayName("starts the program with the vector module, the launcher's pid and the user's flags")
  void startsWithFlags() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher
        .environment()
        .put(Launcher.FLAGS_VARIABLE, " -Dgiven=yes   -XX:+UseParallelGC -Xmx200m ");
    Process process = launcher.start();
    Outcome outcome = finish(process, "");
    assertEquals("", outcome.error);
    assertEquals(
        List.of(
            "feature " + Runtime.version().feature(),
            "vector true",
            "property yes, null",
            "flags -XX:+UseParallelGC -Xmx200m",
            "launcher " + process.pid()),
        outcome.output.lines().toList());
  }

  @Test
  @DisplayName("passes its own JVM's flags on, over which those of the variable win")
  void passesOwnFlags() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher
        .command()
        .addAll(
            1, List.of("-Xmx100m", "-XX:+UseParallelGC", "-Dgiven=by flag", "-Dother=kept as is"));
    Outcome outcome = run(launcher, "");
    assertEquals("", outcome.error);
    assertTrue(outcome.output.contains("property by flag, kept as is\n"), outcome.output);
    assertTrue(outcome.output.contains("flags -Xmx100m -XX:+UseParallelGC\n"), outcome.output);
    launcher.environment().put(Launcher.FLAGS_VARIABLE, "-Dgiven=first -Xmx200m -XX:+UseSerialGC");
    outcome = run(launcher, "");
    assertEquals("", outcome.error);
    assertTrue(outcome.output.contains("property first, kept as is\n"), outcome.output);
    assertTrue(
        outcome.output.contains("flags -Xmx100m -Xmx200m -XX:+UseSerialGC\n"), outcome.output);
  }

  @Test
  @DisplayName("keeps young objects in little memory, unless somebody sizes the heap")
  void youngObjects() {
    assertTrue(commandWith("-Dgiven=x").contains("-Xmn32m"));
    for (String flag : List.of("-Xmx100m", "-Xmn1m", "-XX:MaxNewSize=1m", "-XX:+UseZGC")) {
      assertFalse(commandWith(flag).contains("-Xmn32m"), flag);
    }
  }

  private static List<String> commandWith(String flag) {
    return Launcher.command("java", "Main", new String[0], List.of(flag), Map.of());
  }

  @Test
  @DisplayName("passes on no agents and no classes")
  void keepsAgentsAndClasses() {
    List<String> command =
        Launcher.command(
            "java",
            "Main",
            new String[0],
            List.of(
                "-agentlib:jdwp=transport=dt_socket",
                "-javaagent:a.jar",
                "-Xrunjdwp:x",
                "-Xbootclasspath/a:b.jar",
                "-Dcom.sun.management.jmxremote.port=1",
                "--add-modules=java.sql",
                "-Xint"),
            Map.of());
    for (String word : List.of("agent", "jdwp", "classpath", "management", "java.sql")) {
      assertTrue(command.stream().noneMatch(flag -> flag.contains(word)), command.toString());
    }
    assertTrue(command.contains("-Xint"), command.toString());
  }

  @Test
  @DisplayName("names the variable whose flags the program's JVM refuses, and exits with 2")
  void explainsBadFlags() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher.environment().put(Launcher.FLAGS_VARIABLE, "-XX:+NoSuchFlag");
    Outcome outcome = run(launcher, "");
    assertEquals(2, outcome.exitCode, outcome.error);
    String last = outcome.error.lines().toList().getLast();
    assertTrue(last.startsWith("diffusion: "), last);
    assertTrue(last.contains("correct JDIFFUSION_JAVA_OPTS=-XX:+NoSuchFlag"), last);
  }

  @Test
  @DisplayName("passes on the exit code 1 of a program whose flags are good")
  void passesFailure() throws Exception {
    Outcome outcome = run(launcher(THIS_JAVA, "exit", "1"), "");
    assertEquals(1, outcome.exitCode);
    assertEquals("", outcome.error);
  }

  @Test
  @DisplayName("stays in its own process when the flags are there already")
  void needsNoSecondProcess() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher
        .command()
        .addAll(1, List.of("--add-modules", "jdk.incubator.vector", "-XX:Tier3DelayOn=1000000"));
    Outcome outcome = run(launcher, "");
    assertEquals(0, outcome.exitCode, outcome.error);
    assertTrue(outcome.output.contains("vector true"), outcome.output);
    assertTrue(outcome.output.contains("launcher null"), outcome.output);
  }

  @Test
  @DisplayName("starts a second process when only the module is there")
  void moduleAloneIsNotEnough() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher.command().addAll(1, List.of("--add-modules", "jdk.incubator.vector"));
    Process process = launcher.start();
    Outcome outcome = finish(process, "");
    assertTrue(outcome.output.contains("launcher " + process.pid()), outcome.output);
  }

  @Test
  @DisplayName("says in one line that the Java the user named will not do, and exits with 2")
  void refusesNamedJava() throws Exception {
    ProcessBuilder launcher = launcher(THIS_JAVA, "describe");
    launcher.environment().put(JavaSearch.OWN_VARIABLE, folder.toString());
    Outcome outcome = run(launcher, "");
    assertEquals(2, outcome.exitCode);
    assertEquals("", outcome.output);
    assertEquals(
        "diffusion: JDIFFUSION_JAVA="
            + folder
            + " is no Java installation; it must name the folder of a Java 25 or newer.\n",
        outcome.error);
  }

  @Test
  @DisplayName("on an older Java runs the program on the newer one it finds")
  void oldJavaFindsNewJava() throws Exception {
    ProcessBuilder launcher = launcher(olderJava(), "describe");
    launcher.environment().put("JAVA_HOME", THIS_JAVA.toString());
    Outcome outcome = run(launcher, "");
    assertEquals(0, outcome.exitCode, outcome.error);
    assertTrue(
        outcome.output.startsWith("feature " + Runtime.version().feature() + "\n"), outcome.output);
  }

  @Test
  @DisplayName("on an older Java says in one line which Java is needed and what it runs on")
  void oldJavaExplains() throws Exception {
    Path old = olderJava();
    ProcessBuilder launcher = launcher(old, "describe");
    launcher.environment().put(JavaSearch.OWN_VARIABLE, old.toString());
    Outcome outcome = run(launcher, "");
    assertEquals(2, outcome.exitCode);
    assertEquals(1, outcome.error.lines().count(), outcome.error);
    assertTrue(outcome.error.contains("a Java 25 or newer"), outcome.error);
    assertTrue(outcome.error.contains("is Java " + olderVersion(old)), outcome.error);
  }

  @Test
  @DisplayName("passes SIGTERM on and waits until the program has saved its work")
  @DisabledOnOs(OS.WINDOWS)
  void passesTerminate() throws Exception {
    Outcome outcome = signal("TERM");
    assertEquals("saved after TERM\n", outcome.output);
    assertEquals("last words\n", outcome.error);
    assertEquals(143, outcome.exitCode);
  }

  @Test
  @DisplayName("passes on SIGINT that no terminal has sent to both")
  @DisabledOnOs(OS.WINDOWS)
  void passesInterrupt() throws Exception {
    Interrupts.assumeDelivered();
    Outcome outcome = signal("INT");
    assertEquals("saved after INT\n", outcome.output);
    assertEquals(130, outcome.exitCode);
  }

  @Test
  @DisplayName("starts nothing and says nothing where a signal ends it before the program's start")
  void endsSilentlyWhenItIsEndingAlready() throws Exception {
    Outcome outcome = run(launcher(THIS_JAVA, "too late"), "");
    assertEquals("ended with 130\n", outcome.output);
    assertEquals("", outcome.error);
  }

  @Test
  @DisplayName("leaves no program behind when it is killed without a chance to pass that on")
  @DisabledOnOs(OS.WINDOWS)
  void leavesNoOrphan() throws Exception {
    Process process = launcher(THIS_JAVA, "wait").start();
    ProcessHandle program = ProcessHandle.of(programPid(process.inputReader(UTF_8))).orElseThrow();
    assertNotEquals(process.pid(), program.pid());
    process.destroyForcibly().waitFor();
    program.onExit().get(60, TimeUnit.SECONDS);
    assertFalse(program.isAlive());
  }

  private static Outcome signal(String name) throws Exception {
    Process process = launcher(THIS_JAVA, "wait").start();
    BufferedReader output = process.inputReader(UTF_8);
    programPid(output);
    int sent =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
            .inheritIO()
            .start()
            .waitFor();
    assertEquals(0, sent);
    StringBuilder rest = new StringBuilder();
    output.lines().forEach(line -> rest.append(line).append('\n'));
    String error = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), rest.toString(), error);
  }

  private static long programPid(BufferedReader output) throws IOException {
    String line = output.readLine();
    assertTrue(line != null && line.startsWith("pid "), line);
    return Long.parseLong(line.substring("pid ".length()));
  }

  private static Path olderJava() {
    Optional<Path> old =
        JavaSearch.usualPlaces(System.getProperty("os.name"), System.getProperty("user.home"))
            .stream()
            .map(File::listFiles)
            .filter(folders -> folders != null)
            .flatMap(Arrays::stream)
            .map(JavaInstallation::read)
            .filter(java -> java != null && java.feature >= 8 && java.feature < JavaSearch.NEEDED)
            .map(java -> java.home.toPath())
            .findFirst();
    assumeTrue(old.isPresent(), "no older Java on this machine to try the launcher with");
    return old.orElseThrow();
  }

  private static String olderVersion(Path home) {
    JavaInstallation java = JavaInstallation.read(home.toFile());
    assertTrue(java != null);
    return java.version;
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  private static ProcessBuilder launcher(Path javaHome, String... args) {
    List<String> command = new ArrayList<>();
    command.add(javaHome.resolve("bin/java").toString());
    command.add("-Dfile.encoding=UTF-8");
    command.addAll(
        List.of(
            "-cp", folder + File.pathSeparator + classPath(), "dev.jdiffusion.launcher.Caller"));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove(JavaSearch.OWN_VARIABLE);
    builder.environment().remove(Launcher.FLAGS_VARIABLE);
    builder.environment().put("LC_ALL", "C.UTF-8");
    return builder;
  }

  private static Outcome run(ProcessBuilder builder, String input) throws Exception {
    return finish(builder.start(), input);
  }

  private static Outcome finish(Process process, String input) throws Exception {
    try (var stdin = process.outputWriter(UTF_8)) {
      stdin.write(input);
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    String error = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output, error);
  }

  private record Outcome(int exitCode, String output, String error) {}
}
