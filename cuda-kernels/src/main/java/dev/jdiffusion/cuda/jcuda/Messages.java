package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static jcuda.driver.JCudaDriver.cuGetErrorName;
import static jcuda.driver.JCudaDriver.cuGetErrorString;

import java.lang.foreign.MemorySegment;
import java.util.stream.Collectors;
import jcuda.driver.CUresult;

/** What the driver says, in words for one line. */
final class Messages {
  private Messages() {}

  /** For example {@code CUDA_ERROR_INVALID_VALUE (invalid argument)}. */
  static String describe(int result) {
    String[] name = new String[1];
    String[] text = new String[1];
    if (cuGetErrorName(result, name) != CUresult.CUDA_SUCCESS || name[0] == null) {
      return "error " + result;
    }
    return cuGetErrorString(result, text) == CUresult.CUDA_SUCCESS && text[0] != null
        ? name[0] + " (" + text[0] + ")"
        : name[0];
  }

  /** A log in one line. */
  static String line(MemorySegment log) {
    byte[] bytes = log.toArray(JAVA_BYTE);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, UTF_8)
        .lines()
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining("; "));
  }

  static String mebibytes(long bytes) {
    return bytes < 1 << 20 ? bytes + " bytes" : (bytes >> 20) + " MiB";
  }
}
