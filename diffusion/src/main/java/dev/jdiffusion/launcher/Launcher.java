package dev.jdiffusion.launcher;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Main class of {@code diffusion.jar}: runs the command line in a Java that has the vector module.
 *
 * <p>{@code java -jar} cannot add an incubating module, so unless the flags are there already, the
 * program is started a second time with them, by this Java or by another one of the machine when
 * this one is too old. Standard streams, signals and the exit code are passed on.
 */
public final class Launcher {
  /**
   * More flags for the program's JVM, separated by blanks; they come last, so they win over those
   * of the launcher's own JVM, which win over the launcher's choice.
   */
  static final String FLAGS_VARIABLE = "JDIFFUSION_JAVA_OPTS";

  static final String PARENT_PID_PROPERTY = "jdiffusion.launcher.pid";

  /**
   * Keeps the JVM from compiling a method with C1's limited profile while C2 is busy. Unrolled
   * vector kernels never leave that tier, since C1 cannot compile them with the full profile that
   * comes next ("out of virtual registers"), and run a hundred times slower in it.
   */
  public static final String NO_LIMITED_PROFILE = "-XX:Tier3DelayOn=1000000";

  /**
   * Keeps C2 from parking integers in vector registers when it runs out of others: moving them back
   * queues up behind the multiply-adds, and addresses come too late.
   */
  public static final String SPILL_TO_STACK = "-XX:-UseFPUForSpilling";

  /** Young objects, of which there are few, would touch 100 MB more in a third of the heap. */
  public static final String SMALL_YOUNG_GENERATION = "-Xmn32m";

  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String VECTOR_CLASS = "jdk.incubator.vector.FloatVector";
  private static final int FAILED = 1;
  private static final int WRONG_USAGE = 2;

  private Launcher() {}

  /** Runs the command line with the given arguments and exits with its code. */
  public static void main(String[] args) throws Exception {
    launch("dev.jdiffusion.cli.Main", args);
  }

  static void launch(String mainClass, String[] args) throws Exception {
    if (feature(System.getProperty("java.version")) >= JavaSearch.NEEDED && flagsAreHere()) {
      runHere(mainClass, args);
      return;
    }
    JavaSearch.Result found = JavaSearch.ofThisMachine().find();
    if (found.installation == null) {
      System.err.println(found.problem);
      System.exit(WRONG_USAGE);
    }
    String javaCommand = found.installation.command().getPath();
    List<String> own = ManagementFactory.getRuntimeMXBean().getInputArguments();
    List<String> command = command(javaCommand, mainClass, args, own, System.getenv());
    int exitCode = new Relay(command).run();
    if (exitCode == FAILED && refusesFlags(command, mainClass)) {
      System.err.println(explainRefusal(javaCommand, own, System.getenv()));
      exitCode = WRONG_USAGE;
    }
    System.exit(exitCode);
  }

  private static boolean flagsAreHere() {
    try {
      Class.forName(VECTOR_CLASS, false, ClassLoader.getSystemClassLoader());
    } catch (ClassNotFoundException e) {
      return false;
    }
    return ManagementFactory.getRuntimeMXBean().getInputArguments().contains(NO_LIMITED_PROFILE);
  }

  private static void runHere(String mainClass, String[] args) throws Exception {
    try {
      Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception) {
        throw (Exception) e.getCause();
      }
      throw (Error) e.getCause();
    }
  }

  /**
   * The command of the program's JVM. The collector is the serial one: training reuses pooled
   * buffers, so there is next to no garbage, and the parallel collectors' threads and barriers only
   * cost. The heap may grow to three quarters of the memory, of the container's where there is one.
   *
   * @param own the flags that this JVM was started with; those that tune a JVM are passed on
   */
  static List<String> command(
      String java,
      String mainClass,
      String[] args,
      List<String> own,
      Map<String, String> environment) {
    List<String> flags = passedOn(own);
    List<String> fromVariable = flagsOf(environment);
    if (choosesCollector(fromVariable)) {
      // Two collectors are an error, not a matter of which comes last.
      flags.removeIf(Launcher::isCollector);
    }
    flags.addAll(fromVariable);
    List<String> command = new ArrayList<>();
    command.add(java);
    command.add("--add-modules");
    command.add(VECTOR_MODULE);
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add(NO_LIMITED_PROFILE);
    command.add(SPILL_TO_STACK);
    if (!choosesCollector(flags)) {
      command.add("-XX:+UseSerialGC");
      if (flags.stream().noneMatch(flag -> flag.startsWith("-Xm") || flag.contains("NewSize"))) {
        command.add(SMALL_YOUNG_GENERATION);
      }
    }
    command.add("-XX:MaxRAMPercentage=75");
    // Short commands would wait longer than they save: for their first, empty pages, and for
    // classes that are not mapped from the JDK's archive, where objects stand closer.
    if (args.length > 0 && args[0].equals("train")) {
      // Tensors begin where a cache line begins if objects do, so that a vector lies in one.
      command.add("-XX:ObjectAlignmentInBytes=64");
      if (offersHugePages()) {
        // With pages of 4 kB, translating addresses halves the bandwidth of large arrays.
        command.add("-XX:+UseTransparentHugePages");
      }
    }
    if (args.length > 0
        && args[0].equals("sample")
        && Runtime.getRuntime().availableProcessors() == 2) {
      // The first picture waits for the JIT compiler, which needs one of the two.
      command.add("-Djdiffusion.soloMillis=1200");
    }
    String pid = ownPid();
    if (!pid.isEmpty()) {
      command.add("-D" + PARENT_PID_PROPERTY + "=" + pid);
    }
    command.addAll(flags);
    command.add("-cp");
    command.add(absolute(System.getProperty("java.class.path")));
    command.add(mainClass);
    command.addAll(Arrays.asList(args));
    return command;
  }

  /** Whether a Linux kernel gives large pages to those who ask; the JVM warns where it does not. */
  private static boolean offersHugePages() {
    Path setting = Paths.get("/sys/kernel/mm/transparent_hugepage/enabled");
    try {
      return Files.isReadable(setting)
          && !new String(Files.readAllBytes(setting), StandardCharsets.US_ASCII)
              .contains("[never]");
    } catch (IOException unreadable) {
      return false;
    }
  }

  private static boolean choosesCollector(List<String> flags) {
    return flags.stream().anyMatch(Launcher::isCollector);
  }

  private static boolean isCollector(String flag) {
    return flag.matches("-XX:\\+Use\\w+GC");
  }

  private static List<String> flagsOf(Map<String, String> environment) {
    String text = environment.getOrDefault(FLAGS_VARIABLE, "").trim();
    return text.isEmpty() ? new ArrayList<String>() : Arrays.asList(text.split("\\s+"));
  }

  /**
   * The flags and properties that mean the program, not this process: none that choose classes, and
   * no agents, whose ports and files only one process can have.
   */
  private static List<String> passedOn(List<String> own) {
    List<String> result = new ArrayList<>();
    for (String flag : own) {
      if (flag.matches("-[XD].*")
          && !flag.matches("-X(bootclasspath|run|debug).*|-Dcom\\.sun\\.management\\..*")) {
        result.add(flag);
      }
    }
    return result;
  }

  /**
   * Whether the flags alone keep the program's JVM from starting, so that the program never ran.
   */
  private static boolean refusesFlags(List<String> command, String mainClass)
      throws IOException, InterruptedException {
    List<String> version = new ArrayList<>(command.subList(0, command.indexOf(mainClass)));
    version.add("-version");
    Process process = new ProcessBuilder(version).redirectErrorStream(true).start();
    try (InputStream output = process.getInputStream()) {
      byte[] buffer = new byte[8192];
      while (output.read(buffer) >= 0) {
        // The program's JVM has said already what it does not like.
        continue;
      }
    }
    return process.waitFor() != 0;
  }

  private static String explainRefusal(
      String java, List<String> own, Map<String, String> environment) {
    List<String> flags = passedOn(own);
    String variable = String.join(" ", flagsOf(environment));
    return "diffusion: "
        + java
        + " does not start with the flags given to it: correct "
        + (variable.isEmpty() ? "" : FLAGS_VARIABLE + "=" + variable)
        + (variable.isEmpty() || flags.isEmpty() ? "" : " or ")
        + (flags.isEmpty() ? "" : "what follows java: " + String.join(" ", flags));
  }

  private static String absolute(String classPath) {
    StringBuilder result = new StringBuilder();
    for (String entry : classPath.split(File.pathSeparator)) {
      result
          .append(result.length() == 0 ? "" : File.pathSeparator)
          .append(new File(entry).getAbsolutePath());
    }
    return result.toString();
  }

  /** This process's id, or the empty string on Java 8, which cannot tell. */
  private static String ownPid() {
    try {
      Class<?> handle = Class.forName("java.lang.ProcessHandle");
      Object current = handle.getMethod("current").invoke(null);
      return handle.getMethod("pid").invoke(current).toString();
    } catch (ReflectiveOperationException e) {
      return "";
    }
  }

  /** The feature number of a version string: 8 of {@code 1.8.0_402}, 25 of {@code 25.0.3+9}. */
  static int feature(String version) {
    String[] parts = version.split("[^0-9]+", 3);
    if (parts[0].isEmpty()) {
      return 0;
    }
    int first = Integer.parseInt(parts[0]);
    return first == 1 && parts.length > 1 && !parts[1].isEmpty()
        ? Integer.parseInt(parts[1])
        : first;
  }
}
