package dev.jdiffusion.nn.io;

import java.util.List;

/**
 * What the header of a safetensors file says of one tensor.
 *
 * @param extents of its axes, outermost first
 * @param begin of its first byte, counted from the end of the header
 * @param end of its last byte, exclusive
 */
public record TensorEntry(
    String name, DataType dataType, List<Long> extents, long begin, long end) {
  public TensorEntry {
    extents = List.copyOf(extents);
  }

  /** Number of elements. */
  public long size() {
    return (end - begin) / dataType.bytes();
  }
}
