package dev.jdiffusion.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import java.util.Optional;

/** A driver made of upcalls: functions of cuda.h with a CUDA 12.6 and any number of GPUs. */
@SuppressWarnings("restricted")
final class FakeDriver {
  private static final int NO_DEVICE = 100;

  private final int devices;
  private final String failing;
  private final MemorySegment errorName;

  private FakeDriver(int devices, String failing, Arena arena) {
    this.devices = devices;
    this.failing = failing;
    this.errorName = arena.allocateFrom("FAKE_ERROR");
  }

  /** What the probe makes of this driver when the function named {@code failing} returns 100. */
  static CudaDriver probe(int devices, String failing) {
    try (Arena arena = Arena.ofConfined()) {
      FakeDriver driver = new FakeDriver(devices, failing, arena);
      return CudaDriverProbe.probe("fake", name -> driver.find(name, arena), arena);
    }
  }

  private Optional<MemorySegment> find(String name, Arena arena) {
    return Arrays.stream(FakeDriver.class.getDeclaredMethods())
        .filter(method -> method.getName().equals(name))
        .findAny()
        .map(method -> {
          try {
            MemoryLayout[] arguments =
                Arrays.stream(method.getParameterTypes())
                    .map(type -> type == int.class ? JAVA_INT : ADDRESS)
                    .toArray(MemoryLayout[]::new);
            return Linker.nativeLinker()
                .upcallStub(
                    MethodHandles.lookup().unreflect(method).bindTo(this),
                    FunctionDescriptor.of(JAVA_INT, arguments),
                    arena);
          } catch (IllegalAccessException e) {
            throw new AssertionError(e);
          }
        });
  }

  private int result(String function) {
    return function.equals(failing) ? NO_DEVICE : 0;
  }

  int cuInit(int flags) {
    return flags == 0 ? result("cuInit") : 1;
  }

  int cuDriverGetVersion(MemorySegment version) {
    version.reinterpret(4).set(JAVA_INT, 0, 12060);
    return result("cuDriverGetVersion");
  }

  int cuDeviceGetCount(MemorySegment count) {
    count.reinterpret(4).set(JAVA_INT, 0, devices);
    return result("cuDeviceGetCount");
  }

  int cuDeviceGet(MemorySegment device, int ordinal) {
    device.reinterpret(4).set(JAVA_INT, 0, 70 + ordinal);
    return result("cuDeviceGet");
  }

  int cuDeviceGetName(MemorySegment name, int length, int device) {
    MemorySegment.copy(
        MemorySegment.ofArray(("Fake GPU " + (device - 70) + "\0").getBytes(UTF_8)),
        0,
        name.reinterpret(length),
        0,
        11);
    return result("cuDeviceGetName");
  }

  int cuDeviceTotalMem_v2(MemorySegment bytes, int device) {
    bytes.reinterpret(8).set(JAVA_LONG, 0, device >= 70 ? 1L << 33 : 0);
    return result("cuDeviceTotalMem_v2");
  }

  int cuDeviceGetAttribute(MemorySegment value, int attribute, int device) {
    int answer = device < 70 ? 0 : attribute == 75 ? 8 : attribute == 76 ? 6 : 0;
    value.reinterpret(4).set(JAVA_INT, 0, answer);
    return result("cuDeviceGetAttribute");
  }

  int cuGetErrorName(int error, MemorySegment text) {
    text.reinterpret(ADDRESS.byteSize()).set(ADDRESS, 0, errorName);
    return error == NO_DEVICE ? 0 : 1;
  }
}
