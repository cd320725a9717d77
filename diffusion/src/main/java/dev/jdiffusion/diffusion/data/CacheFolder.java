package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Where downloads are kept: the place that the platform sets aside for caches. */
final class CacheFolder {
  private CacheFolder() {}

  static Path ofThisMachine() {
    return of(
        System.getenv(), System.getProperty("os.name", ""), System.getProperty("user.home", ""));
  }

  /**
   * {@code XDG_CACHE_HOME/jdiffusion} where set, on Windows {@code LOCALAPPDATA\jdiffusion},
   * otherwise {@code ~/.cache/jdiffusion}.
   *
   * @throws UserError when there is no home folder either
   */
  static Path of(Map<String, String> environment, String osName, String home) {
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    String local = environment.getOrDefault("LOCALAPPDATA", "");
    try {
      // The XDG specification has relative paths ignored.
      if (!xdg.isEmpty() && Path.of(xdg).isAbsolute()) {
        return Path.of(xdg, "jdiffusion");
      }
      if (osName.toLowerCase(Locale.ROOT).startsWith("windows") && !local.isEmpty()) {
        return Path.of(local, "jdiffusion");
      }
      // Java says "?" where the user has no home.
      if (!home.isEmpty() && !home.equals("?") && Path.of(home).isAbsolute()) {
        return Path.of(home, ".cache", "jdiffusion");
      }
    } catch (InvalidPathException e) {
      throw new UserError("the cache folder has an impossible name: " + e.getMessage(), e);
    }
    throw new UserError(
        "there is no home folder to keep downloads in: set XDG_CACHE_HOME to a folder,"
            + " or pass a folder with IDX files with --dataset FOLDER");
  }
}
