package dev.jdiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFolderTest {
  @TempDir private Path home;

  @Test
  void thePlatformsPlaceForCachesIsUsed() {
    Path xdg = home.resolve("xdg");
    Path local = home.resolve("local");
    Map<String, String> both =
        Map.of("XDG_CACHE_HOME", xdg.toString(), "LOCALAPPDATA", local.toString());
    assertEquals(xdg.resolve("jdiffusion"), CacheFolder.of(both, "Linux", home.toString()));
    Map<String, String> windows = Map.of("LOCALAPPDATA", local.toString());
    assertEquals(
        local.resolve("jdiffusion"), CacheFolder.of(windows, "Windows 11", home.toString()));
    assertEquals(
        home.resolve(".cache").resolve("jdiffusion"),
        CacheFolder.of(Map.of(), "Linux", home.toString()));
    assertEquals(
        home.resolve(".cache").resolve("jdiffusion"),
        CacheFolder.of(Map.of("XDG_CACHE_HOME", "relative"), "Mac OS X", home.toString()));
  }

  @Test
  void withoutAHomeFolderTheErrorSaysWhatToSet() {
    for (String nowhere : new String[] {"", "?"}) {
      TestFiles.assertUserError(
          () -> CacheFolder.of(Map.of(), "Linux", nowhere), "XDG_CACHE_HOME", "--dataset FOLDER");
    }
  }
}
