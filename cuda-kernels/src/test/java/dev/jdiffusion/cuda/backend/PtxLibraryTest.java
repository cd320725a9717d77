package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The PTX library")
final class PtxLibraryTest {
  /** Of the test's own resources: the program has no file in two tiers yet. */
  private static final String IN_TWO_TIERS = "in_two_tiers";

  private static final String MISSING = "missing";

  /** The targets of the PTX that was loaded, in order. */
  private final List<String> loaded = new ArrayList<>();

  /**
   * The library of a made-up device.
   *
   * @param refused the targets whose PTX the device does not take
   */
  private PtxLibrary library(int driverVersion, int major, int minor, String... refused) {
    GpuDriver driver =
        (GpuDriver)
            Proxy.newProxyInstance(
                GpuDriver.class.getClassLoader(),
                new Class<?>[] {GpuDriver.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "device" ->
                          new GpuDevice("some GPU", driverVersion, major, minor, 1, 49152);
                      case "load" -> {
                        String ptx = (String) arguments[1];
                        String target =
                            ptx.lines()
                                .filter(line -> line.startsWith(".target "))
                                .findFirst()
                                .orElseThrow()
                                .substring(".target ".length());
                        loaded.add(target);
                        if (List.of(refused).contains(target)) {
                          throw new GpuException(arguments[0] + ": line 1 is wrong for " + target);
                        }
                        yield module();
                      }
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    return new PtxLibrary(driver, new GpuStream(1));
  }

  private static GpuModule module() {
    return new GpuModule() {
      @Override
      public GpuFunction function(String name) {
        if (name.equals(MISSING)) {
          throw new GpuException("there is no kernel '" + name + "'");
        }
        return () -> name;
      }

      @Override
      public void close() {}
    };
  }

  @Test
  @DisplayName("loads a file once, and gives the same kernel for the same name")
  void loadsOnce() {
    PtxLibrary library = library(12060, 7, 5);
    Kernel sum = library.get("reduction", "reduction_rows");
    assertSame(sum, library.get("reduction", "reduction_rows"));
    assertNotSame(sum, library.get("reduction", "reduction_columns"));
    assertEquals(List.of("sm_75"), loaded);
  }

  @Test
  @DisplayName("refuses a GPU that is older than all PTX")
  void refusesOldDevices() {
    GpuException refusal = assertThrows(GpuException.class, () -> library(12060, 7, 0));
    assertEquals(
        "some GPU has compute capability 7.0 and a driver for CUDA 12.6; the kernels need 7.5 and"
            + " 10.0",
        refusal.getMessage());
  }

  @Test
  @DisplayName("refuses a driver that is older than all PTX")
  void refusesOldDrivers() {
    GpuException refusal = assertThrows(GpuException.class, () -> library(9020, 7, 5));
    assertTrue(String.valueOf(refusal.getMessage()).contains("CUDA 9.2"), refusal::getMessage);
  }

  @Test
  @DisplayName("gives the assembler's words when no tier is taken")
  void saysWhyPtxWasRefused() {
    PtxLibrary library = library(12060, 9, 0, "sm_75");
    BackendUnavailableException refusal =
        assertThrows(
            BackendUnavailableException.class, () -> library.get("reduction", "reduction_rows"));
    assertEquals("reduction: line 1 is wrong for sm_75 (the PTX for sm_75)", refusal.getMessage());
  }

  @Test
  @DisplayName("takes the newest tier that a file and the device have")
  void takesTheNewestTier() {
    library(12060, 9, 0).get(IN_TWO_TIERS, "x");
    library(12060, 7, 5).get(IN_TWO_TIERS, "x");
    library(10020, 8, 0).get(IN_TWO_TIERS, "x");
    assertEquals(List.of("sm_80", "sm_75", "sm_75"), loaded);
  }

  @Test
  @DisplayName("takes the next older tier when one is refused")
  void fallsBackToAnOlderTier() {
    library(12060, 8, 0, "sm_80").get(IN_TWO_TIERS, "x");
    assertEquals(List.of("sm_80", "sm_75"), loaded);
  }

  @Test
  @DisplayName("says why the oldest tier was refused when all are")
  void saysWhyTheOldestTierWasRefused() {
    PtxLibrary library = library(12060, 8, 0, "sm_80", "sm_75");
    BackendUnavailableException refusal =
        assertThrows(BackendUnavailableException.class, () -> library.get(IN_TWO_TIERS, "x"));
    assertEquals(
        "in_two_tiers: line 1 is wrong for sm_75 (the PTX for sm_75)", refusal.getMessage());
    assertEquals(List.of("sm_80", "sm_75"), loaded);
  }

  @Test
  @DisplayName("gives the reason when a kernel is refused only when it is looked up")
  void saysWhyAKernelWasRefused() {
    PtxLibrary library = library(12060, 7, 5);
    BackendUnavailableException refusal =
        assertThrows(BackendUnavailableException.class, () -> library.get("reduction", MISSING));
    assertEquals("there is no kernel 'missing' (the PTX for sm_75)", refusal.getMessage());
  }

  @Test
  @DisplayName("names a file that does not exist")
  void namesMissingFiles() {
    GpuException refusal =
        assertThrows(GpuException.class, () -> library(12060, 9, 0).get("nothing", "x"));
    assertEquals("there is no PTX of nothing for some GPU", refusal.getMessage());
  }
}
