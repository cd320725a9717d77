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
  /** The targets of the PTX that was loaded, in order. */
  private final List<String> loaded = new ArrayList<>();

  private PtxLibrary library(int driverVersion, int major, int minor, boolean assembles) {
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
                        loaded.add(
                            ptx.lines()
                                .filter(line -> line.startsWith(".target"))
                                .findFirst()
                                .orElseThrow());
                        if (!assembles) {
                          throw new GpuException(arguments[0] + ": line 1 is wrong");
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
        return () -> name;
      }

      @Override
      public void close() {}
    };
  }

  @Test
  @DisplayName("loads a file once, and gives the same kernel for the same name")
  void loadsOnce() {
    PtxLibrary library = library(12060, 7, 5, true);
    Kernel sum = library.get("reduction", "reduction_rows");
    assertSame(sum, library.get("reduction", "reduction_rows"));
    assertNotSame(sum, library.get("reduction", "reduction_columns"));
    assertEquals(List.of(".target sm_75"), loaded);
  }

  @Test
  @DisplayName("refuses a GPU that is older than all PTX")
  void refusesOldDevices() {
    GpuException refusal = assertThrows(GpuException.class, () -> library(12060, 7, 0, true));
    assertEquals(
        "some GPU has compute capability 7.0 and a driver for CUDA 12.6; the kernels need 7.5 and"
            + " 10.0",
        refusal.getMessage());
  }

  @Test
  @DisplayName("refuses a driver that is older than all PTX")
  void refusesOldDrivers() {
    GpuException refusal = assertThrows(GpuException.class, () -> library(9020, 7, 5, true));
    assertTrue(String.valueOf(refusal.getMessage()).contains("CUDA 9.2"), refusal::getMessage);
  }

  @Test
  @DisplayName("gives the assembler's words when no tier is taken")
  void saysWhyPtxWasRefused() {
    PtxLibrary library = library(12060, 9, 0, false);
    BackendUnavailableException refusal =
        assertThrows(
            BackendUnavailableException.class, () -> library.get("reduction", "reduction_rows"));
    assertEquals("reduction: line 1 is wrong (the PTX for sm_75)", refusal.getMessage());
    assertEquals(".target sm_75", loaded.getLast(), "the oldest tier was tried last");
  }

  @Test
  @DisplayName("names a file that does not exist")
  void namesMissingFiles() {
    GpuException refusal =
        assertThrows(GpuException.class, () -> library(12060, 9, 0, true).get("nothing", "x"));
    assertEquals("there is no PTX of nothing for some GPU", refusal.getMessage());
  }
}
