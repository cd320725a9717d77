package dev.jdiffusion.launcher;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a Java that can run the program: the one named by {@value #OWN_VARIABLE}, else the
 * running one, else the ones named by JAVA_HOME and its numbered kin, else the oldest new enough
 * one of those on the PATH and in the usual places.
 */
final class JavaSearch {
  static final int NEEDED = 25;
  static final String OWN_VARIABLE = "JDIFFUSION_JAVA";

  /** Either an installation or the one line that says why there is none. */
  static final class Result {
    final @Nullable JavaInstallation installation;
    final @Nullable String problem;

    private Result(@Nullable JavaInstallation installation, @Nullable String problem) {
      this.installation = installation;
      this.problem = problem;
    }
  }

  private final Map<String, String> environment;
  private final String runningVersion;
  private final File runningHome;
  private final List<File> places;

  JavaSearch(
      Map<String, String> environment, String runningVersion, File runningHome, List<File> places) {
    this.environment = environment;
    this.runningVersion = runningVersion;
    this.runningHome = runningHome;
    this.places = places;
  }

  static JavaSearch ofThisMachine() {
    return new JavaSearch(
        System.getenv(),
        System.getProperty("java.version"),
        new File(System.getProperty("java.home")),
        usualPlaces(System.getProperty("os.name"), System.getProperty("user.home")));
  }

  /** Folders whose sub-folders are Java installations. */
  static List<File> usualPlaces(String osName, String userHome) {
    List<File> places = new ArrayList<>();
    String os = osName.toLowerCase(java.util.Locale.ROOT);
    for (String inHome :
        Arrays.asList(
            ".sdkman/candidates/java",
            ".jdks",
            ".gradle/jdks",
            ".local/share/mise/installs/java",
            ".asdf/installs/java",
            ".jabba/jdk")) {
      places.add(new File(userHome, inHome));
    }
    if (os.startsWith("windows")) {
      for (String vendor :
          Arrays.asList(
              "Java",
              "Eclipse Adoptium",
              "Microsoft",
              "Zulu",
              "Amazon Corretto",
              "BellSoft",
              "SapMachine")) {
        places.add(new File("C:\\Program Files\\" + vendor));
      }
    } else if (os.startsWith("mac")) {
      places.add(new File("/Library/Java/JavaVirtualMachines"));
      places.add(new File(userHome, "Library/Java/JavaVirtualMachines"));
      places.add(new File("/opt/homebrew/opt"));
      places.add(new File("/usr/local/opt"));
    } else {
      for (String unix :
          Arrays.asList("/usr/lib/jvm", "/usr/lib64/jvm", "/usr/java", "/opt", "/opt/java")) {
        places.add(new File(unix));
      }
    }
    return places;
  }

  Result find() {
    String own = environment.get(OWN_VARIABLE);
    if (own != null && !own.isEmpty()) {
      JavaInstallation named = homeOf(new File(own));
      return named != null && named.canRunTheProgram()
          ? new Result(named, null)
          : new Result(null, explainOwn(own, named));
    }
    JavaInstallation running = JavaInstallation.read(runningHome);
    if (running != null && running.canRunTheProgram()) {
      return new Result(running, null);
    }
    for (Map.Entry<String, String> variable : variables().entrySet()) {
      JavaInstallation named = homeOf(new File(variable.getValue()));
      if (named != null && named.canRunTheProgram()) {
        return new Result(named, null);
      }
    }
    JavaInstallation best = null;
    for (File home : installed()) {
      JavaInstallation candidate = homeOf(home);
      if (candidate != null
          && candidate.canRunTheProgram()
          && (best == null || candidate.feature < best.feature)) {
        best = candidate;
      }
    }
    return best == null ? new Result(null, explainNothing()) : new Result(best, null);
  }

  private static String explainOwn(String own, @Nullable JavaInstallation named) {
    return "diffusion: "
        + OWN_VARIABLE
        + "="
        + own
        + (named == null
            ? " is no Java installation"
            : " is Java "
                + named.version
                + (named.feature >= NEEDED ? " without the module jdk.incubator.vector" : ""))
        + "; it must name the folder of a Java "
        + NEEDED
        + " or newer.";
  }

  private String explainNothing() {
    return "diffusion: needs Java "
        + NEEDED
        + " or newer with the module jdk.incubator.vector; this is Java "
        + runningVersion
        + " ("
        + runningHome
        + "), and none was found in "
        + (variables().isEmpty() ? "JAVA_HOME (not set)" : variables().keySet().toString())
        + ", on the PATH or below "
        + places
        + ". Install a JDK "
        + NEEDED
        + ", or set "
        + OWN_VARIABLE
        + " to its folder.";
  }

  /** JAVA_HOME first, then JAVA_HOME_25_X64, JDK_25, JAVA25_HOME and the like, by name. */
  private Map<String, String> variables() {
    Map<String, String> result = new TreeMap<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      if (variable.getKey().matches("JAVA_HOME|(JAVA|JDK)_?(HOME_?)?[0-9].*")
          && !variable.getValue().isEmpty()) {
        result.put(variable.getKey(), variable.getValue());
      }
    }
    return result;
  }

  private List<File> installed() {
    List<File> homes = new ArrayList<>();
    String path = environment.get("PATH");
    if (path != null) {
      for (String folder : path.split(File.pathSeparator)) {
        File java = new File(folder, File.separatorChar == '\\' ? "java.exe" : "java");
        if (java.isFile()) {
          File bin = canonical(java).getParentFile();
          if (bin != null && bin.getParentFile() != null) {
            homes.add(bin.getParentFile());
          }
        }
      }
    }
    for (File place : places) {
      File[] folders = place.listFiles();
      if (folders != null) {
        Arrays.sort(folders);
        homes.addAll(Arrays.asList(folders));
      }
    }
    return homes;
  }

  /** The installation at a folder, or inside it where macOS bundles and Homebrew keep theirs. */
  private static @Nullable JavaInstallation homeOf(File folder) {
    for (File home :
        Arrays.asList(
            folder,
            new File(folder, "Contents/Home"),
            new File(folder, "libexec/openjdk.jdk/Contents/Home"))) {
      JavaInstallation installation = JavaInstallation.read(home);
      if (installation != null) {
        return installation;
      }
    }
    return null;
  }

  private static File canonical(File file) {
    try {
      return file.getCanonicalFile();
    } catch (IOException e) {
      return file.getAbsoluteFile();
    }
  }
}
