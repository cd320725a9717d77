package dev.jdiffusion.launcher;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** A Java installation as its {@code release} file describes it. */
final class JavaInstallation {
  final File home;
  final String version;
  final int feature;

  private final boolean hasVectorModule;

  private JavaInstallation(File home, String version, boolean hasVectorModule) {
    this.home = home;
    this.version = version;
    this.feature = Launcher.feature(version);
    this.hasVectorModule = hasVectorModule;
  }

  /** What lies at {@code home}, or null if that is no Java installation. */
  static @Nullable JavaInstallation read(File home) {
    Properties release = new Properties();
    try (InputStream in = new FileInputStream(new File(home, "release"))) {
      release.load(in);
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
    String version = unquote(release.getProperty("JAVA_VERSION", ""));
    String modules = unquote(release.getProperty("MODULES", ""));
    JavaInstallation result =
        new JavaInstallation(
            home,
            version,
            modules.isEmpty()
                || Arrays.asList(modules.split(" ")).contains("jdk.incubator.vector"));
    return result.feature > 0 && result.command().isFile() ? result : null;
  }

  boolean canRunTheProgram() {
    return feature >= JavaSearch.NEEDED && hasVectorModule;
  }

  File command() {
    File plain = new File(home, "bin/java");
    return plain.isFile() ? plain : new File(home, "bin/java.exe");
  }

  private static String unquote(String value) {
    return value.replace("\"", "").trim();
  }
}
