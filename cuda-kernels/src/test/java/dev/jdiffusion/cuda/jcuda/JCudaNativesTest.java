package dev.jdiffusion.cuda.jcuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.jcuda.JCudaNatives.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("JCuda's native libraries")
final class JCudaNativesTest {
  @TempDir private Path parent;

  @ParameterizedTest(name = "{0} for {1}")
  @CsvSource({
    "DRIVER, Linux, libJCudaDriver-12.6.0-linux-x86_64.so",
    "DRIVER, Windows 11, JCudaDriver-12.6.0-windows-x86_64.dll",
    "ASSEMBLER, Linux, libJNvPTXCompiler-12.6.0-linux-x86_64.so",
    "ASSEMBLER, Windows 11, JNvPTXCompiler-12.6.0-windows-x86_64.dll",
    "CUBLAS, Linux, libJCublas2-12.6.0-linux-x86_64.so",
    "CUBLAS, Windows 11, JCublas2-12.6.0-windows-x86_64.dll",
    // Version 11.7.0 in fact: JCuda looks for them by its own version.
    "CUDNN, Linux, libJCudnn-12.6.0-linux-x86_64.so",
    "CUDNN, Windows 11, JCudnn-12.6.0-windows-x86_64.dll",
  })
  @DisplayName("lie alone in a directory while they are loaded, with the checksum of the release")
  void areExtracted(Library library, String os, String name) throws IOException {
    List<Path> directories = new ArrayList<>();
    JCudaNatives.load(
        library,
        os,
        "amd64",
        parent,
        (loaded, directory) -> {
          assertEquals(library, loaded);
          directories.add(directory);
          assertEquals(List.of(directory.resolve(name)), list(directory));
        });
    assertEquals(1, directories.size());
    assertEquals(List.of(), list(parent), "nothing stays");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  @DisplayName("can be reached by their user alone")
  void arePrivate() {
    JCudaNatives.load(
        Library.DRIVER,
        "Linux",
        "amd64",
        parent,
        (library, directory) -> assertEquals("rwx------", permissions(directory)));
  }

  @Test
  @DisplayName("are written by each process for itself: two do not meet")
  void areNotShared() {
    JCudaNatives.load(
        Library.DRIVER,
        "Linux",
        "amd64",
        parent,
        (first, outer) ->
            JCudaNatives.load(
                Library.DRIVER,
                "Linux",
                "amd64",
                parent,
                (second, inner) -> assertFalse(outer.equals(inner))));
    assertEquals(List.of(), list(parent));
  }

  @Test
  @DisplayName("are removed although loading fails")
  void areRemovedAfterFailure() {
    GpuException failure =
        assertThrows(
            GpuException.class,
            () ->
                JCudaNatives.load(
                    Library.DRIVER,
                    "Linux",
                    "amd64",
                    parent,
                    (library, directory) -> {
                      throw new GpuException("no");
                    }));
    assertEquals("no", failure.getMessage());
    assertEquals(List.of(), list(parent));
  }

  @Test
  @DisplayName("of a process that could not remove them go a day later, younger ones stay")
  void oldOnesGo() throws IOException {
    Path old = Files.createDirectory(parent.resolve("jdiffusion-natives-old"));
    Files.writeString(old.resolve("a.dll"), "x");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(100_000)));
    Path young = Files.createDirectory(parent.resolve("jdiffusion-natives-young"));
    JCudaNatives.load(Library.DRIVER, "Linux", "amd64", parent, (library, directory) -> {});
    assertEquals(List.of(young), list(parent));
  }

  @Test
  @DisplayName("that cannot be written anywhere are one line with the way out")
  void unwritable() {
    Path missing = parent.resolve("missing");
    GpuException failure =
        assertThrows(
            GpuException.class,
            () -> JCudaNatives.load(Library.DRIVER, "Linux", "amd64", missing, (a, b) -> {}));
    String message = String.valueOf(failure.getMessage());
    assertEquals(1, message.lines().count());
    assertTrue(message.contains(missing.toString()), message);
    assertTrue(message.contains("-Djava.io.tmpdir"), message);
  }

  @ParameterizedTest(name = "{0} on {1}")
  @CsvSource({"Linux, aarch64", "Mac OS X, x86_64", "Windows 11, aarch64"})
  @DisplayName("are said not to exist where they do not")
  void noNatives(String os, String arch) {
    GpuException failure =
        assertThrows(
            GpuException.class,
            () -> JCudaNatives.load(Library.DRIVER, os, arch, parent, (a, b) -> {}));
    assertEquals(
        "JCuda 12.6.0 has natives for Linux and Windows on x86-64 alone, not for "
            + os
            + " on "
            + arch,
        failure.getMessage());
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String permissions(Path directory) {
    try {
      return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
