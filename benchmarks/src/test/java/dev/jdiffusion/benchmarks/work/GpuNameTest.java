package dev.jdiffusion.benchmarks.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GpuNameTest {
  @Test
  void aNameIsALibraryAGpuAndAPrecision() {
    assertEquals(
        Optional.of(new GpuName("cublas", "1", Precision.TF32)), GpuName.of("cublas:1-tf32"));
    assertEquals(Optional.of(new GpuName("cuda", "", Precision.FP32)), GpuName.of("cuda"));
    assertEquals(new Device("cuda", "1"), GpuName.of("cudnn:1").orElseThrow().device());
    for (String name : List.of("cuda", "cuda:1", "cudnn-tf32", "cuda:emulator-bf16")) {
      assertEquals(name, GpuName.of(name).orElseThrow().toString());
    }
    for (String name : List.of("cpu", "libtorch", "cuda:", "cuda:x", "cuda-fp16", "cpu-tf32")) {
      assertEquals(Optional.empty(), GpuName.of(name), name);
    }
  }

  @Test
  void ours() {
    assertEquals("cuda:1-tf32", GpuName.of("cublas:1-tf32").orElseThrow().ours().toString());
  }

  @Test
  void everyNumberOfAGpuIsInThisBuild() {
    for (String device : List.of("cuda:1", "cuda:1-tf32", "cublas:1", "cudnn:3-tf32")) {
      assertTrue(Contenders.has(device), device);
    }
    assertFalse(Contenders.has("cuda:first"));
    assertTrue(Contenders.isOurs("cuda:1-tf32"));
    assertFalse(Contenders.isOurs("cublas:1"));
  }

  @Test
  void cudnnIsNotComparedInAPrecisionThatItDoesNotHave() {
    assertThrows(BackendUnavailableException.class, () -> Contenders.open("cudnn-bf16", 1));
  }

  @Test
  void aResultOfCoarserOperandsMayBeAsFarOffAsTheirLastPlace() {
    assertEquals(1, GpuName.of("cuda").orElseThrow().slack());
    assertTrue(1e-4 * GpuName.of("cuda-tf32").orElseThrow().slack() >= 2 * 0x1p-10);
    assertTrue(1e-4 * GpuName.of("cuda-bf16").orElseThrow().slack() >= 2 * 0x1p-7);
  }
}
