package dev.jdiffusion.cuda.emulator;

import java.util.Arrays;

/** Local memory of the threads of a warp, one frame behind the other. */
final class LocalMemory {
  private static final int ALL_BYTES = 15;

  final int[] words;
  private final byte[] written;
  private final int frameWords;
  private final int frameBytes;

  LocalMemory(int frameBytes) {
    this.frameBytes = frameBytes;
    frameWords = (frameBytes + 3) / Integer.BYTES;
    words = new int[frameWords * Lanes.COUNT];
    written = new byte[words.length];
  }

  /** Undefines its contents. */
  void forget() {
    Arrays.fill(written, (byte) 0);
  }

  /** Checks an access of some lanes and sets {@link Warp#places}. */
  void access(Warp warp, int lanes, int size, boolean write) {
    String act = write ? "writes" : "reads";
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long offset = warp.addresses[lane];
      if (offset < 0 || offset > frameBytes - size) {
        throw new Fault(
            lane,
            "%s %d bytes at byte %d of local memory (%d bytes)"
                .formatted(act, size, offset, frameBytes));
      }
      if ((offset & size - 1) != 0) {
        throw new Fault(
            lane,
            "%s %d bytes at byte %d of local memory, which is not a multiple of %d"
                .formatted(act, size, offset, size));
      }
      int place = lane * frameWords + (int) (offset >>> 2);
      warp.places[lane] = place;
      int touched = size >= Integer.BYTES ? ALL_BYTES : (1 << size) - 1 << (offset & 3);
      for (int i = place; i < place + (size + 3 >>> 2); i++) {
        if (write) {
          written[i] |= (byte) touched;
        } else if ((written[i] & touched) != touched) {
          throw new Fault(
              lane,
              "reads %d bytes at byte %d of local memory, which nobody wrote"
                  .formatted(size, offset));
        }
      }
    }
  }
}
