package dev.jdiffusion.cuda.jcuda;

import dev.jdiffusion.cuda.driver.GpuException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Loads the native libraries of JCuda.
 *
 * <p>JCuda on its own writes them to fixed names in the temporary directory and, worse, loads
 * whatever lies there already. Here each process writes a copy of its own, with a known checksum,
 * into a directory that only its user can enter, and removes it once it is loaded.
 */
final class JCudaNatives {
  /** Of JCuda, which all of its libraries take for their own when they look for their natives. */
  private static final String VERSION = "12.6.0";

  private static final String DIRECTORY = "jdiffusion-natives-";
  private static final Duration LEFT_BEHIND = Duration.ofDays(1);

  /** A library: the class that loads it, and its SHA-256 for each platform. */
  enum Library {
    /** Needs the NVIDIA driver's own library. */
    DRIVER(
        "JCudaDriver",
        "jcuda.driver.JCudaDriver",
        "fdc3b4b4fca4f0fab54ff12c0b4d6ad1c5e8d55015b4950834c705e5db301255",
        "4499dbe4ff61e20950a7c57e246d2ac79e9c7449087bf4e522f384c0be576ae2"),
    /** Assembles PTX without a driver. */
    ASSEMBLER(
        "JNvPTXCompiler",
        "jcuda.nvptxcompiler.JNvPTXCompiler",
        "6bce6925256b2456ab9521372a3a6ae76438488d0394dd467e32f3c0a32efa18",
        "493036fd54a6c8e0ba9cfd512fa0db4e5ec7549d1dfd484d390c61aff2af2442"),
    /** Needs cuBLAS 12. */
    CUBLAS(
        "JCublas2",
        "jcuda.jcublas.JCublas2",
        "990b2129e540a7f93d0776799d48659dc85e4f7f5bfb6473d0c8369ef8126c32",
        "b6b96ecd19889c90d95b7b4758ec4a267dbf6a38785b2f7ff1f701dff5cf7e46"),
    /** Needs cuDNN 8. */
    CUDNN(
        "JCudnn",
        "11.7.0",
        "jcuda.jcudnn.JCudnn",
        "a00257a9d05327b594fecbf9caf6e3a121bb9854f4412f91439002077595b12d",
        "2967099b5380761b29f7a0392646396da8d357b430aad3a8c2badd698fe36862");

    private final String base;
    private final String version;
    private final String user;
    private final String linux;
    private final String windows;

    Library(String base, String user, String linux, String windows) {
      this(base, VERSION, user, linux, windows);
    }

    Library(String base, String version, String user, String linux, String windows) {
      this.base = base;
      this.version = version;
      this.user = user;
      this.linux = linux;
      this.windows = windows;
    }
  }

  /** What came of each attempt; empty for success. A class that failed once can never be loaded. */
  private static final Map<Library, String> OUTCOMES = new EnumMap<>(Library.class);

  private JCudaNatives() {}

  /**
   * Loads a library, once. Look for what it needs first: without an NVIDIA driver {@link
   * Library#DRIVER} fails, and would fail for ever.
   *
   * @throws GpuException with the reason, in one line
   */
  static synchronized void load(Library library) {
    String failure =
        OUTCOMES.computeIfAbsent(
            library,
            key -> {
              try {
                Path parent = Path.of(System.getProperty("java.io.tmpdir"));
                load(
                    key,
                    System.getProperty("os.name"),
                    System.getProperty("os.arch"),
                    parent,
                    JCudaNatives::initialise);
                return "";
              } catch (GpuException e) {
                return String.valueOf(e.getMessage());
              }
            });
    if (!failure.isEmpty()) {
      throw new GpuException(failure);
    }
  }

  /** What is done with a directory that holds the library. */
  interface Loader {
    void load(Library library, Path directory);
  }

  /** Writes a checked copy into a new private directory, uses it, and removes it. */
  static void load(Library library, String os, String arch, Path parent, Loader loader) {
    boolean windows = os.startsWith("Windows");
    if (!windows && !os.equals("Linux") || !arch.equals("amd64") && !arch.equals("x86_64")) {
      throw new GpuException(
          "JCuda "
              + VERSION
              + " has natives for Linux and Windows on x86-64 alone, not for "
              + os
              + " on "
              + arch);
    }
    String platform = (windows ? "windows" : "linux") + "-x86_64";
    String prefix = (windows ? "" : "lib") + library.base + "-";
    String suffix = "-" + platform + (windows ? ".dll" : ".so");
    String name = prefix + library.version + suffix;
    byte[] content = read(name);
    String digest = sha256(content);
    String expected = windows ? library.windows : library.linux;
    if (!digest.equals(expected)) {
      throw new GpuException(
          name
              + " on the class path is not JCuda's: its SHA-256 is "
              + digest
              + ", not "
              + expected);
    }
    Path directory = null;
    try {
      removeLeftBehind(parent);
      directory = createPrivateDirectory(parent);
      Files.write(
          directory.resolve(prefix + VERSION + suffix), content, StandardOpenOption.CREATE_NEW);
    } catch (IOException e) {
      remove(directory);
      throw new GpuException(
          "JCuda's natives cannot be written to "
              + parent
              + " ("
              + e
              + "); -Djava.io.tmpdir names another directory");
    }
    try {
      loader.load(library, directory);
    } finally {
      remove(directory);
    }
  }

  /**
   * Makes JCuda load the copy: it looks into the temporary directory, whose name it reads each
   * time.
   */
  private static void initialise(Library library, Path directory) {
    String before = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", directory.toString());
    try {
      Class.forName(library.user, true, JCudaNatives.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      throw new GpuException(library.base + " cannot be loaded: " + reason(e));
    } finally {
      System.setProperty("java.io.tmpdir", before);
    }
  }

  /** The first line that says what the linker did not like. */
  private static String reason(Throwable failure) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    String text = String.valueOf(cause.getMessage());
    return text.lines()
        .filter(line -> line.contains("cannot open shared object") || line.contains("undefined"))
        .findFirst()
        .or(() -> text.lines().findFirst())
        .orElse(cause.toString())
        .strip();
  }

  private static byte[] read(String name) {
    try (InputStream stream = JCudaNatives.class.getResourceAsStream("/lib/" + name)) {
      if (stream == null) {
        throw new GpuException(name + " is not on the class path (org.jcuda)");
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new GpuException(name + " cannot be read from the class path: " + e);
    }
  }

  private static Path createPrivateDirectory(Path parent) throws IOException {
    // On Windows a user's temporary directory is the user's own.
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] attributes =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
            }
            : new FileAttribute<?>[0];
    return Files.createTempDirectory(parent, DIRECTORY, attributes);
  }

  /**
   * Windows keeps a loaded library's file from being removed, so that a later process has to. Young
   * directories stay: another process may be about to load from there.
   */
  private static void removeLeftBehind(Path parent) throws IOException {
    FileTime limit = FileTime.from(Instant.now().minus(LEFT_BEHIND));
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, DIRECTORY + "*")) {
      for (Path directory : all) {
        if (Files.getLastModifiedTime(directory).compareTo(limit) < 0) {
          remove(directory);
        }
      }
    }
  }

  /** Removes what can be removed: a file in use or of another user stays where it is. */
  private static void remove(@Nullable Path directory) {
    if (directory == null || Files.isSymbolicLink(directory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException stays) {
      directory.toFile().deleteOnExit();
    }
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
