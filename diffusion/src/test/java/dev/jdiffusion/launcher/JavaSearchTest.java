package dev.jdiffusion.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The search for a Java")
final class JavaSearchTest {
  private static final String WITH_VECTOR = "java.base jdk.incubator.vector jdk.unsupported";

  @TempDir Path folder;

  @Test
  @DisplayName("takes the running Java when it is new enough")
  void takesRunningJava() throws IOException {
    Path running = java("running", "25.0.1", WITH_VECTOR);
    Path other = java("places/other", "25", WITH_VECTOR);
    assertFinds(running, search(Map.of("JAVA_HOME", other.toString()), running));
  }

  @Test
  @DisplayName("takes the Java that the user names before all others")
  void takesNamedJava() throws IOException {
    Path running = java("running", "25.0.1", WITH_VECTOR);
    Path named = java("named", "26-ea", WITH_VECTOR);
    assertFinds(named, search(Map.of("JDIFFUSION_JAVA", named.toString()), running));
  }

  @Test
  @DisplayName("never replaces the Java that the user names, even when it will not do")
  void refusesNamedJava() throws IOException {
    Path running = java("running", "25.0.1", WITH_VECTOR);
    Path named = java("named", "21.0.4", WITH_VECTOR);
    JavaSearch.Result result = search(Map.of("JDIFFUSION_JAVA", named.toString()), running).find();
    assertNull(result.installation);
    assertEquals(
        "diffusion: JDIFFUSION_JAVA="
            + named
            + " is Java 21.0.4; it must name the folder of a Java 25 or newer.",
        result.problem);
  }

  @Test
  @DisplayName("looks at JAVA_HOME and at numbered variables when the running Java is too old")
  void readsVariables() throws IOException {
    Path running = java("running", "17.0.15", WITH_VECTOR);
    Path home = java("home", "25.0.2", WITH_VECTOR);
    assertFinds(home, search(Map.of("JAVA_HOME", home.toString()), running));
    for (String variable : List.of("JDK_25", "JDK25", "JAVA_HOME_25_X64", "JAVA25_HOME")) {
      assertFinds(
          home,
          search(Map.of("JAVA_HOME", running.toString(), variable, home.toString()), running));
    }
  }

  @Test
  @DisplayName("takes the oldest new enough Java of the usual places")
  void takesOldestNewEnough() throws IOException {
    Path running = java("running", "1.8.0_402", "");
    java("places/a-26", "26.0.1", WITH_VECTOR);
    Path wanted = java("places/b-25", "25", WITH_VECTOR);
    java("places/c-21", "21.0.4", WITH_VECTOR);
    assertFinds(wanted, search(Map.of(), running));
  }

  @Test
  @DisplayName("looks into the bundles of macOS")
  void looksIntoBundles() throws IOException {
    Path running = java("running", "17", WITH_VECTOR);
    Path wanted = java("places/temurin-25.jdk/Contents/Home", "25.0.1", WITH_VECTOR);
    assertFinds(wanted, search(Map.of(), running));
  }

  @Test
  @DisplayName("finds the Java on the PATH through a link")
  void followsPath() throws IOException {
    Path running = java("running", "17", WITH_VECTOR);
    Path wanted = java("hidden", "25.0.1", WITH_VECTOR);
    Path bin = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("java"), wanted.resolve("bin/java"));
    String path = folder.resolve("nowhere") + File.pathSeparator + bin;
    assertFinds(wanted.toRealPath(), search(Map.of("PATH", path), running));
  }

  @Test
  @DisplayName("passes over a Java without the vector module and over folders that are no Java")
  void passesOverUnfit() throws IOException {
    Path running = java("running", "25", "java.base java.desktop");
    Files.createDirectories(folder.resolve("places/empty"));
    Files.writeString(
        Files.createDirectories(folder.resolve("places/broken")).resolve("release"), "\\u00zz");
    JavaSearch.Result result = search(Map.of("JAVA_HOME", "/does/not/exist"), running).find();
    assertNull(result.installation);
    String problem = String.valueOf(result.problem);
    assertFalse(problem.contains("\n"), problem);
    for (String said :
        List.of(
            "needs Java 25 or newer",
            "this is Java 25 (" + running + ")",
            "[JAVA_HOME]",
            folder.resolve("places").toString())) {
      assertTrue(problem.contains(said), () -> said + " is not in: " + problem);
    }
  }

  @ParameterizedTest
  @CsvSource({"1.8.0_402,8", "9,9", "17.0.15,17", "25,25", "25-ea,25", "25.0.3+9-LTS,25", "x,0"})
  @DisplayName("reads the feature number of a version")
  void readsFeature(String version, int feature) {
    assertEquals(feature, Launcher.feature(version));
  }

  private static void assertFinds(Path home, JavaSearch search) {
    JavaSearch.Result result = search.find();
    assertTrue(result.installation != null, result.problem);
    assertEquals(home.toFile(), result.installation.home);
  }

  private JavaSearch search(Map<String, String> environment, Path running) {
    JavaInstallation java = JavaInstallation.read(running.toFile());
    assertTrue(java != null);
    return new JavaSearch(
        environment, java.version, running.toFile(), List.of(folder.resolve("places").toFile()));
  }

  private Path java(String name, String version, String modules) throws IOException {
    Path home = folder.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.createFile(home.resolve("bin/java"));
    Files.writeString(
        home.resolve("release"),
        "IMPLEMENTOR=\"Somebody\"\nJAVA_VERSION=\"%s\"\nMODULES=\"%s\"\n"
            .formatted(version, modules));
    return home;
  }
}
