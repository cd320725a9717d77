package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DeviceTest {
  @ParameterizedTest
  @CsvSource({
    "cpu,cpu,''",
    "reference,reference,''",
    "cuda:0,cuda,0",
    "CUDA:Emulator,cuda,emulator",
    "' cpu ',cpu,''"
  })
  void parsesKindAndIndex(String text, String kind, String index) {
    assertEquals(new Device(kind, index), Device.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", "cuda:", ":0"})
  void refusesWhatIsNoDevice(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Device.parse(text)).getMessage();
    assertEquals("device '" + text + "' is not of the form kind or kind:index", message);
  }

  @Test
  void itsTextIsWhatWasParsed() {
    assertEquals("cuda:0", Device.parse("cuda:0").toString());
    assertEquals("cpu", Device.CPU.toString());
  }

  @Test
  void anUnknownDeviceIsRefusedWithTheKnownOnes() {
    String message =
        assertThrows(BackendUnavailableException.class, () -> Backends.open(Device.parse("abacus")))
            .getMessage();
    assertTrue(message.startsWith("no device 'abacus'; available kinds: "), message);
    assertTrue(message.contains("cpu") && message.contains("reference"), message);
  }

  @Test
  void theReferenceHasNoIndex() {
    assertEquals(
        "no device 'reference:1': there is one reference device, 'reference'",
        assertThrows(
                BackendUnavailableException.class, () -> Backends.open(Device.parse("reference:1")))
            .getMessage());
  }

  @Test
  void aBackendHasAtLeastOneThread() {
    assertEquals(
        "threads must be at least 1, got 0",
        assertThrows(IllegalArgumentException.class, () -> Backends.open(Device.REFERENCE, 0))
            .getMessage());
  }
}
