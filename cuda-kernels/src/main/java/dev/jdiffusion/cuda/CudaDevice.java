package dev.jdiffusion.cuda;

/**
 * One GPU as the driver describes it.
 *
 * @param ordinal the driver's number of it, from 0
 * @param name the product name
 * @param memoryBytes all memory on board, used or not
 * @param computeCapabilityMajor 9 of 9.0
 * @param computeCapabilityMinor 0 of 9.0
 */
public record CudaDevice(
    int ordinal,
    String name,
    long memoryBytes,
    int computeCapabilityMajor,
    int computeCapabilityMinor) {

  /** For example {@code cuda:0 NVIDIA H200, 139.8 GiB, compute capability 9.0}. */
  @Override
  public String toString() {
    return "cuda:%d %s, %s, compute capability %d.%d"
        .formatted(
            ordinal, name, gibibytes(memoryBytes), computeCapabilityMajor, computeCapabilityMinor);
  }

  private static String gibibytes(long bytes) {
    long tenths = Math.round(bytes / (double) (1L << 30) * 10);
    return tenths / 10 + "." + tenths % 10 + " GiB";
  }
}
