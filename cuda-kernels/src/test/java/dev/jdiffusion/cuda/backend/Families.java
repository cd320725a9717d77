package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Tensor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A backend of the families that exist so far, on the emulator. A family {@code Foo} is the class
 * {@code CudaFoo}, whose constructor takes any of Backend, Kernels and CudaMemory.
 */
final class Families {
  private Families() {}

  static Backend onEmulator(int threads) {
    GpuDriver driver;
    try {
      driver =
          (GpuDriver)
              Class.forName("dev.jdiffusion.cuda.emulator.EmulatorDriver")
                  .getConstructor(int.class)
                  .newInstance(threads);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("no emulator", e);
    }
    GpuStream stream = driver.createStream();
    CudaMemory memory = new CudaMemory(driver, stream);
    Kernels kernels = new PtxLibrary(driver, stream);
    Map<Class<?>, Object> families = new HashMap<>();
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              Backend backend = (Backend) proxy;
              switch (method.getName()) {
                case "device":
                  return new Device("cuda", "emulator");
                case "description", "toString":
                  return "families on the emulator";
                case "allocate":
                  return new CudaStorage(backend, (int) arguments[0], memory.allocator());
                case "memory":
                  return memory.allocator().statistics();
                case "write":
                  if (arguments[0] instanceof float[] floats) {
                    memory.write(floats, (int) arguments[1], (Tensor) arguments[2]);
                  } else {
                    memory.write(
                        (double[]) arguments[0], (int) arguments[1], (Tensor) arguments[2]);
                  }
                  return null;
                case "read":
                  if (arguments[1] instanceof float[] floats) {
                    memory.read((Tensor) arguments[0], floats, (int) arguments[2]);
                  } else {
                    memory.read((Tensor) arguments[0], (double[]) arguments[1], (int) arguments[2]);
                  }
                  return null;
                default:
                  return families.computeIfAbsent(
                      method.getReturnType(), type -> family(type, backend, kernels, memory));
              }
            });
  }

  private static Object family(Class<?> type, Object... available) {
    String name = "dev.jdiffusion.cuda.backend.Cuda" + type.getSimpleName();
    try {
      for (Constructor<?> constructor : Class.forName(name).getDeclaredConstructors()) {
        Object[] arguments =
            Arrays.stream(constructor.getParameterTypes())
                .flatMap(parameter -> Arrays.stream(available).filter(parameter::isInstance))
                .toArray();
        if (arguments.length == constructor.getParameterCount()) {
          constructor.setAccessible(true);
          return constructor.newInstance(arguments);
        }
      }
      throw new UnsupportedOperationException(name + " has no constructor for this");
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException(name + " is missing", e);
    }
  }
}
