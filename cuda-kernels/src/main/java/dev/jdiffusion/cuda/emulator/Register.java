package dev.jdiffusion.cuda.emulator;

/** Where a register is kept: with those of up to 32 bits, of 64 bits, or of type {@code .f32}. */
enum Register {
  NARROW,
  WIDE,
  SINGLE;

  /** The kind of a register of a type such as {@code b32}. */
  static Register ofType(String type) {
    return type.equals("f32") ? SINGLE : type.endsWith("64") ? WIDE : NARROW;
  }
}
