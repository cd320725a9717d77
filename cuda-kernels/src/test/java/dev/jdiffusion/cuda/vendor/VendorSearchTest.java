package dev.jdiffusion.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The search for NVIDIA's libraries")
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
final class VendorSearchTest {
  @TempDir private static Path libraries;
  private static SymbolLookup cublas;
  private static SymbolLookup cudnn;

  @TempDir private Path root;
  private final Map<String, String> environment = new HashMap<>();
  private final Set<String> onTheLoadersPath = new HashSet<>();
  private final Set<String> broken = new HashSet<>();
  private final List<String> asked = new ArrayList<>();

  @BeforeAll
  static void makeLibraries() throws IOException {
    cublas = new FakeCublas(libraries, "cublas-to-be-found.so", 12).symbols();
    cudnn = new FakeCudnn(libraries, "cudnn-to-be-found.so", 9).symbols();
  }

  @BeforeEach
  void clear() {
    asked.clear();
  }

  private SymbolLookup load(String name) {
    asked.add(name);
    boolean isPath = name.contains("/");
    if (isPath ? broken.contains(name) : !onTheLoadersPath.contains(name)) {
      throw new IllegalArgumentException("Cannot open library: " + name);
    }
    return name.contains("cudnn") ? cudnn : cublas;
  }

  private VendorSearch search(String os) {
    return new VendorSearch(
        this::load, environment, os, root.resolve("local"), root.resolve("home"));
  }

  private VendorSearch search() {
    return search("Linux");
  }

  private String file(String path) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "");
    return file.toString();
  }

  private void assertFound(String description, VendorLibrary library) {
    assertEquals(description, assertInstanceOf(VendorLibrary.Found.class, library).toString());
  }

  private void assertMissing(String reason, VendorLibrary library) {
    assertEquals(
        reason.replace("ROOT", root.toString()),
        assertInstanceOf(VendorLibrary.Missing.class, library).reason());
  }

  @Test
  @DisplayName("begins where the loader looks, with the versions that JCuda calls")
  void loadersPath() throws IOException {
    file("local/cuda/lib64/libcublas.so.12");
    onTheLoadersPath.addAll(List.of("libcublas.so.12", "libcublas.so.13", "libcudnn.so.9"));
    VendorLibrary found = search().cublas();
    assertFound("cuBLAS 12.6.4 (libcublas.so.12)", found);
    assertEquals(12, ((VendorLibrary.Found) found).major());
    assertFound("cuDNN 9.1.2 (libcudnn.so.9)", search().cudnn());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toolkit/lib64/",
        "local/cuda-12.6/lib64/",
        "venv/lib/python3.12/site-packages/nvidia/cublas/lib/",
        "venv/lib/python3.13/site-packages/nvidia/cu13/lib/",
        "home/.local/lib/python3.11/site-packages/torch/lib/",
        "python/lib/python3/dist-packages/torch/lib/"
      })
  @DisplayName("goes on in toolkits and in Python's packages")
  void folders(String folder) throws IOException {
    environment.put("CUDA_HOME", root.resolve("toolkit").toString());
    environment.put("VIRTUAL_ENV", root.resolve("venv").toString());
    file("python/bin/python3");
    environment.put("PATH", "/nowhere:" + root.resolve("python/bin"));
    String file = file(folder + "libcublas.so.12");
    assertFound("cuBLAS 12.6.4 (" + file + ")", search().cublas());
  }

  @Test
  @DisplayName("takes other names and folders on Windows")
  void windows() throws IOException {
    environment.put("CUDA_PATH", root.resolve("toolkit").toString());
    String file = file("toolkit/bin/cublas64_12.dll");
    assertFound("cuBLAS 12.6.4 (" + file + ")", search("Windows 11").cublas());
  }

  @Test
  @DisplayName("takes what can be loaded, and names what cannot")
  void brokenFiles() throws IOException {
    String bad = file("local/cuda-12/lib64/libcublas.so.12");
    broken.add(bad);
    assertMissing(bad + " cannot be loaded, and no other is there", search().cublas());
    String good = file("local/cuda-13/lib64/libcublas.so.13");
    assertFound("cuBLAS 12.6.4 (" + good + ")", search().cublas());
  }

  @Test
  @DisplayName("says in one line what it looked for, and where")
  void missing() throws IOException {
    assertMissing(
        "none of libcublas.so.12, libcublas.so.13, libcublas.so.11 is on the loader's path (nor is"
            + " there a CUDA toolkit or a Python package nvidia or torch)",
        search().cublas());
    file("local/cuda/lib64/libother.so");
    assertMissing(
        "none of libcudnn.so.8, libcudnn.so.9 is on the loader's path or in ROOT/local/cuda/lib64",
        search().cudnn());
  }

  @Test
  @DisplayName("loads cuBLAS before cuDNN, which looks for it by name")
  void order() {
    onTheLoadersPath.addAll(List.of("libcublas.so.12", "libcudnn.so.8"));
    VendorLibrary unused = search().cudnn();
    assertEquals(List.of("libcublas.so.12", "libcudnn.so.8"), asked);
  }

  @Test
  @DisplayName("does not take a library that lacks its functions, or says no")
  void wrongLibrary() {
    VendorSearch search =
        new VendorSearch(name -> symbol -> Optional.empty(), Map.of(), "Linux", root, root);
    assertMissing(
        "libcublas.so.12: the library has no function cublasGetProperty", search.cublas());
  }

  @Test
  @DisplayName("says so where native access is not allowed")
  void noNativeAccess() {
    VendorSearch search =
        new VendorSearch(
            name -> {
              throw new IllegalCallerException("no");
            },
            Map.of(),
            "Linux",
            root,
            root);
    assertMissing(
        "native access is not allowed, so cuBLAS was not looked for"
            + " (--enable-native-access=ALL-UNNAMED)",
        search.cublas());
  }
}
