package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jdiffusion.cuda.driver.GpuException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * {@code cuLaunchKernel} without JCuda, whose way there asks the JVM for the types and fields of
 * three objects: about 330 ns a launch with twelve arguments, against 25 ns here (to a function
 * that returns at once, on one core of a shared server). A training step makes hundreds of
 * launches.
 */
@SuppressWarnings("restricted")
final class LaunchCall {
  /** In a constant, so that the compiler sees through it; the function's address comes first. */
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_INT, JAVA_LONG, // the kernel
                  JAVA_INT, // the grid
                  JAVA_INT, JAVA_INT, JAVA_INT, // a block
                  JAVA_INT, JAVA_INT, JAVA_INT, // dynamic shared memory
                  JAVA_LONG, // the stream
                  ADDRESS, // pointers to the arguments
                  JAVA_LONG)); // further options

  private final MemorySegment function;

  /**
   * Finds the function.
   *
   * @param library of the driver, which the probe has loaded before
   */
  LaunchCall(String library) {
    function =
        SymbolLookup.libraryLookup(library, Arena.global())
            .find("cuLaunchKernel")
            .orElseThrow(() -> new GpuException(library + " has no function cuLaunchKernel"));
  }

  int launch(
      long kernel,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      long stream,
      MemorySegment pointers) {
    try {
      return (int)
          CALL.invokeExact(
              function,
              kernel,
              gridX,
              gridY,
              gridZ,
              blockX,
              blockY,
              blockZ,
              sharedBytes,
              stream,
              pointers,
              0L);
    } catch (Throwable e) {
      throw new IllegalStateException("cuLaunchKernel cannot be called", e);
    }
  }
}
