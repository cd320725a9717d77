package dev.jdiffusion.nn.io;

import java.util.Optional;

/** The element types of a safetensors file, by the names that its header uses. */
public enum DataType {
  /** One byte, 0 or 1. */
  BOOL(1, false),
  /** Eight bits: 4 exponent, 3 mantissa; stored but not converted. */
  F8_E4M3(1, false),
  /** Eight bits: 5 exponent, 2 mantissa; stored but not converted. */
  F8_E5M2(1, false),
  /** Unsigned byte. */
  U8(1, true),
  /** Signed byte. */
  I8(1, true),
  /** Unsigned 16 bits. */
  U16(2, true),
  /** Signed 16 bits. */
  I16(2, true),
  /** IEEE 754 half precision. */
  F16(2, true),
  /** The upper half of a float. */
  BF16(2, true),
  /** Unsigned 32 bits. */
  U32(4, true),
  /** Signed 32 bits. */
  I32(4, true),
  /** IEEE 754 single precision. */
  F32(4, true),
  /** Unsigned 64 bits; stored but not converted. */
  U64(8, false),
  /** Signed 64 bits. */
  I64(8, true),
  /** IEEE 754 double precision. */
  F64(8, true);

  private final int bytes;
  private final boolean numeric;

  DataType(int bytes, boolean numeric) {
    this.bytes = bytes;
    this.numeric = numeric;
  }

  /** Size of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether {@link SafetensorsFile} turns its elements into numbers. */
  public boolean numeric() {
    return numeric;
  }

  static Optional<DataType> parse(String name) {
    for (DataType type : values()) {
      if (type.name().equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
