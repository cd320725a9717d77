package dev.jdiffusion.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The CUDA driver probe")
final class CudaDriverProbeTest {

  @Test
  @DisplayName("answers on this machine, in one line where there is no driver")
  void answersHere() {
    switch (CudaDriverProbe.probe()) {
      case CudaDriver.Available(var version, var devices) -> {
        assertTrue(version.matches("\\d+\\.\\d+"), version);
        assertFalse(devices.isEmpty());
        for (CudaDevice device : devices) {
          assertFalse(device.name().isEmpty());
          assertTrue(device.memoryBytes() > 0, device.toString());
          assertTrue(device.computeCapabilityMajor() > 0, device.toString());
        }
      }
      case CudaDriver.Unavailable(var reason) -> {
        assertTrue(
            reason.contains(CudaDriverProbe.libraryName(System.getProperty("os.name"))), reason);
        assertFalse(reason.contains("\n"), reason);
      }
    }
  }

  @Test
  @DisplayName("names the library that cannot be loaded")
  void namesMissingLibrary() {
    var result =
        assertInstanceOf(
            CudaDriver.Unavailable.class, CudaDriverProbe.probe("libno-such-driver.so.1"));
    assertEquals(
        "no NVIDIA driver: the library libno-such-driver.so.1 cannot be loaded", result.reason());
  }

  @Test
  @DisplayName("reports a library that is not the driver instead of calling into it")
  @EnabledOnOs(OS.LINUX)
  void reportsOtherLibrary() {
    var result = assertInstanceOf(CudaDriver.Unavailable.class, CudaDriverProbe.probe("libc.so.6"));
    assertEquals("libc.so.6: it has no function cuInit", result.reason());
  }

  @Test
  @DisplayName("lists what a driver tells of its GPUs")
  void listsDevices() {
    assertEquals(
        new CudaDriver.Available(
            "12.6",
            List.of(
                new CudaDevice(0, "Fake GPU 0", 1L << 33, 8, 6),
                new CudaDevice(1, "Fake GPU 1", 1L << 33, 8, 6))),
        FakeDriver.probe(2, "none"));
  }

  @Test
  @DisplayName("reports a driver without GPUs")
  void reportsNoDevices() {
    assertEquals(
        new CudaDriver.Unavailable("fake: the driver for CUDA 12.6 sees no GPU"),
        FakeDriver.probe(0, "none"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cuInit",
        "cuDriverGetVersion",
        "cuDeviceGetCount",
        "cuDeviceGet",
        "cuDeviceGetName",
        "cuDeviceTotalMem_v2",
        "cuDeviceGetAttribute"
      })
  @DisplayName("reports which call failed, with the driver's name of the error")
  void reportsFailedCall(String function) {
    assertEquals(
        new CudaDriver.Unavailable("fake: " + function + " failed with error 100 (FAKE_ERROR)"),
        FakeDriver.probe(1, function));
  }

  @Test
  @DisplayName("knows the driver's library of each system")
  void knowsLibraryNames() {
    assertEquals("libcuda.so.1", CudaDriverProbe.libraryName("Linux"));
    assertEquals("nvcuda.dll", CudaDriverProbe.libraryName("Windows 11"));
  }

  @Test
  @DisplayName("decodes versions and names as the driver writes them")
  void decodes() {
    assertEquals("12.6", CudaDriverProbe.decodeVersion(12060));
    assertEquals("13.0", CudaDriverProbe.decodeVersion(13000));
    assertEquals("11.8", CudaDriverProbe.decodeVersion(11080));
    assertEquals("NVIDIA H200", CudaDriverProbe.decodeName("NVIDIA H200\0\0junk".getBytes(UTF_8)));
    assertEquals("full", CudaDriverProbe.decodeName("full".getBytes(UTF_8)));
    assertEquals("", CudaDriverProbe.decodeName(new byte[4]));
  }

  @Test
  @DisplayName("describes a device in one line")
  void describesDevice() {
    assertEquals(
        "cuda:1 NVIDIA H200, 139.8 GiB, compute capability 9.0",
        new CudaDevice(1, "NVIDIA H200", 150_110_011_392L, 9, 0).toString());
  }
}
