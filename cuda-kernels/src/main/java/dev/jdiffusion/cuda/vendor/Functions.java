package dev.jdiffusion.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jdiffusion.cuda.driver.GpuException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Arrays;

/** A library's functions, by name. */
@SuppressWarnings("restricted")
final class Functions {
  private final SymbolLookup symbols;

  Functions(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  MemorySegment find(String function) {
    return symbols
        .find(function)
        .orElseThrow(() -> new GpuException("the library has no function " + function));
  }

  /**
   * Calls a function that returns a status, by a way too slow for what happens often.
   *
   * @param arguments ints, longs (sizes and handles) and pointers
   */
  int call(String function, Object... arguments) {
    try {
      return (int)
          Linker.nativeLinker()
              .downcallHandle(find(function), FunctionDescriptor.of(JAVA_INT, layouts(arguments)))
              .invokeWithArguments(arguments);
    } catch (GpuException e) {
      throw e;
    } catch (Throwable e) {
      throw failure(function, e);
    }
  }

  static IllegalStateException failure(String function, Throwable cause) {
    return new IllegalStateException(function + " cannot be called", cause);
  }

  private static MemoryLayout[] layouts(Object[] arguments) {
    return Arrays.stream(arguments)
        .map(each ->
            each instanceof MemorySegment ? ADDRESS : each instanceof Long ? JAVA_LONG : JAVA_INT)
        .toArray(MemoryLayout[]::new);
  }
}
