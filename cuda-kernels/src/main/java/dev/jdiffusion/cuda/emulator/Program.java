package dev.jdiffusion.cuda.emulator;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoded kernel.
 *
 * @param maximumThreads of a block, 0 if the kernel does not say
 * @param parameterOffsets where each parameter begins in the block of parameters
 * @param parameterBytes the size of each parameter
 * @param narrow what the slots of up to 32 bits hold
 * @param wide the constants of 64-bit slots; an empty array stands for a register
 * @param single the same of slots of type {@code .f32}
 * @param localBytes local memory of a thread
 * @param sharedBytes shared memory of a block without what the launch adds
 */
record Program(
    String name,
    int maximumThreads,
    int[] parameterOffsets,
    int[] parameterBytes,
    Instruction[] code,
    List<Slot> narrow,
    List<long[]> wide,
    List<float[]> single,
    int predicates,
    int localBytes,
    int sharedBytes) {

  /** A register, a constant or a special register. */
  record Slot(int @Nullable [] constant, @Nullable Special special) {
    static final Slot REGISTER = new Slot(null, null);
  }
}
