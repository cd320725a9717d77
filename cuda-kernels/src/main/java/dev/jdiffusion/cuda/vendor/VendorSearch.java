package dev.jdiffusion.cuda.vendor;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.jdiffusion.cuda.driver.GpuException;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks for cuBLAS and cuDNN: by name where the system's loader looks, then in the folders of a
 * CUDA toolkit, then where Python's packages have them (PyTorch brings both). What is found stays
 * loaded, and whatever asks the loader for it by name later, such as JCuda's native code, gets it.
 */
@SuppressWarnings("restricted")
public final class VendorSearch {
  /** Of {@code libraryPropertyType}, which counts from 0: major, minor and patch level. */
  private static final int VERSION_PARTS = 3;

  /** The major versions that are known here, in the order in which they are wanted. */
  private static final List<Integer> CUBLAS_VERSIONS = List.of(12, 13, 11);

  private static final List<Integer> CUDNN_VERSIONS = List.of(8, 9);

  /** How a library is loaded. For good: what NVIDIA's libraries start must not be unloaded. */
  interface Loader {
    /**
     * Loads by a name without folders, or by a path.
     *
     * @throws IllegalArgumentException if that cannot be done
     */
    SymbolLookup load(String name);
  }

  private final Loader loader;
  private final Map<String, String> environment;
  private final boolean windows;
  private final Path toolkits;
  private final Path home;

  /** Looks on this machine. */
  public VendorSearch() {
    this(
        name -> SymbolLookup.libraryLookup(name, Arena.global()),
        System.getenv(),
        System.getProperty("os.name"),
        Path.of("/usr/local"),
        Path.of(System.getProperty("user.home")));
  }

  /**
   * @param toolkits where folders named {@code cuda*} are
   */
  VendorSearch(
      Loader loader, Map<String, String> environment, String os, Path toolkits, Path home) {
    this.loader = loader;
    this.environment = environment;
    this.windows = os.startsWith("Windows");
    this.toolkits = toolkits;
    this.home = home;
  }

  /** cuBLAS. Version 12 comes first: JCuda calls it. */
  public VendorLibrary cublas() {
    return find("cuBLAS", "cublas", CUBLAS_VERSIONS);
  }

  /** cuDNN. Version 8 comes first: JCuda calls it. */
  public VendorLibrary cudnn() {
    // Its parts ask the loader for cuBLAS by name, and find it if it is loaded already.
    cublas();
    return find("cuDNN", "cudnn", CUDNN_VERSIONS);
  }

  private VendorLibrary find(String name, String base, List<Integer> versions) {
    List<String> files = versions.stream().map(version -> file(base, version)).toList();
    Set<Path> folders = folders();
    List<Path> broken = new ArrayList<>();
    try {
      for (String file : files) {
        Optional<Loaded> loaded = load(file, folders, broken);
        if (loaded.isPresent()) {
          return found(name, base, loaded.get());
        }
      }
    } catch (IllegalCallerException e) {
      return new VendorLibrary.Missing(
          "native access is not allowed, so "
              + name
              + " was not looked for (--enable-native-access=ALL-UNNAMED)");
    }
    if (!broken.isEmpty()) {
      return new VendorLibrary.Missing(join(broken) + " cannot be loaded, and no other is there");
    }
    return new VendorLibrary.Missing(
        "none of %s is on the loader's path %s"
            .formatted(
                String.join(", ", files),
                folders.isEmpty()
                    ? "(nor is there a CUDA toolkit or a Python package nvidia or torch)"
                    : "or in " + join(folders)));
  }

  private static String join(Collection<Path> paths) {
    return paths.stream().map(Path::toString).collect(Collectors.joining(", "));
  }

  private record Loaded(String file, SymbolLookup symbols) {}

  /** Loads a library by its name, or from the first folder where that can be done. */
  private Optional<Loaded> load(String file, Set<Path> folders, List<Path> broken) {
    Optional<Loaded> byName = tryToLoad(file);
    if (byName.isPresent()) {
      return byName;
    }
    for (Path folder : folders) {
      Path path = folder.resolve(file);
      if (Files.exists(path)) {
        Optional<Loaded> byPath = tryToLoad(path.toString());
        if (byPath.isPresent()) {
          return byPath;
        }
        broken.add(path);
      }
    }
    return Optional.empty();
  }

  private Optional<Loaded> tryToLoad(String name) {
    try {
      return Optional.of(new Loaded(name, loader.load(name)));
    } catch (IllegalArgumentException cannotBeLoaded) {
      return Optional.empty();
    }
  }

  private String file(String base, int version) {
    return windows ? base + "64_" + version + ".dll" : "lib" + base + ".so." + version;
  }

  private static VendorLibrary found(String name, String base, Loaded loaded) {
    Functions functions = new Functions(loaded.symbols());
    String call = base + "GetProperty";
    List<String> version = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      for (int part = 0; part < VERSION_PARTS; part++) {
        int status = functions.call(call, part, value);
        if (status != 0) {
          throw new GpuException(call + " failed with status " + status);
        }
        version.add(String.valueOf(value.get(JAVA_INT, 0)));
      }
    } catch (GpuException e) {
      return new VendorLibrary.Missing(loaded.file() + ": " + e.getMessage());
    }
    return new VendorLibrary.Found(
        name, String.join(".", version), loaded.file(), loaded.symbols());
  }

  /** All folders that are there and may have the libraries. */
  Set<Path> folders() {
    Set<Path> folders = new LinkedHashSet<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      path(environment.get(variable)).ifPresent(toolkit -> addToolkit(folders, toolkit));
    }
    list(toolkits, "cuda*").forEach(toolkit -> addToolkit(folders, toolkit));
    for (Path packages : pythonPackages()) {
      for (Path part : list(packages.resolve("nvidia"), "*")) {
        add(folders, part.resolve(windows ? "bin" : "lib"));
      }
      add(folders, packages.resolve("torch").resolve("lib"));
    }
    return folders;
  }

  private void addToolkit(Set<Path> folders, Path toolkit) {
    add(folders, toolkit.resolve(windows ? "bin" : "lib64"));
    add(folders, windows ? toolkit.resolve("bin").resolve("x64") : toolkit.resolve("lib"));
  }

  /** Of each Python on the path, of its environment, and of the user. */
  private List<Path> pythonPackages() {
    Set<Path> roots = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      path(environment.get(variable)).ifPresent(roots::add);
    }
    for (String entry : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
      path(entry)
          .filter(folder -> Files.exists(folder.resolve(windows ? "python.exe" : "python3")))
          .ifPresent(folder -> {
            roots.add(folder);
            Path parent = folder.getParent();
            if (parent != null) {
              roots.add(parent);
            }
          });
    }
    roots.add(home.resolve(".local"));
    List<Path> packages = new ArrayList<>();
    for (Path root : roots) {
      if (windows) {
        packages.add(root.resolve("Lib").resolve("site-packages"));
        continue;
      }
      for (Path python : list(root.resolve("lib"), "python3*")) {
        packages.add(python.resolve("site-packages"));
        packages.add(python.resolve("dist-packages"));
      }
    }
    return packages;
  }

  private static void add(Set<Path> folders, Path folder) {
    if (Files.isDirectory(folder)) {
      folders.add(folder);
    }
  }

  /** A path that somebody wrote into the environment. */
  private static Optional<Path> path(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static List<Path> list(Path folder, String pattern) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
      found.forEach(entries::add);
    } catch (IOException unreadable) {
      // As good as not there: nothing in it can be loaded.
      return List.of();
    }
    entries.sort(null);
    return entries;
  }
}
