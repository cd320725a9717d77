package dev.jdiffusion.cuda.emulator;

/**
 * {@code ldmatrix}: loads one, two or four 8 x 8 matrices of 16-bit numbers from shared memory.
 * Lane 8 m + r gives the address of row r of matrix m; lane l gets the two neighbours of row l / 4
 * in columns 2 (l % 4) and 2 (l % 4) + 1, or of the transposed matrix.
 */
final class LoadMatrix extends Instruction {
  private static final int ROW_BYTES = 16;
  private static final int ROWS = 8;

  private final Access.Address address;
  private final boolean transposed;
  private final int[] slots;

  LoadMatrix(Access.Address address, boolean transposed, int[] slots) {
    this.address = address;
    this.transposed = transposed;
    this.slots = slots;
  }

  @Override
  void execute(Warp warp, int mask) {
    if (mask != Lanes.ALL) {
      throw new Fault(
          Integer.numberOfTrailingZeros(mask),
          "loads matrices with %d of 32 threads".formatted(Integer.bitCount(mask)));
    }
    Access.addresses(warp, address);
    int rows = ROWS * slots.length;
    int lanes = rows == Lanes.COUNT ? Lanes.ALL : (1 << rows) - 1;
    SharedMemory shared = warp.block.shared();
    warp.block.counters().shared(warp.addresses, lanes, ROW_BYTES);
    shared.checkInside(warp, lanes, shared.read(warp, lanes, ROW_BYTES), "reads", ROW_BYTES);
    for (int matrix = 0; matrix < slots.length; matrix++) {
      int[] to = warp.narrow[slots[matrix]];
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        int row = lane / 4;
        int column = lane % 4 * 2;
        to[warp.first + lane] =
            transposed
                ? element(warp, matrix, column, row) | element(warp, matrix, column + 1, row) << 16
                : element(warp, matrix, row, column) | element(warp, matrix, row, column + 1) << 16;
      }
    }
  }

  private static int element(Warp warp, int matrix, int row, int column) {
    int word = warp.block.shared().words[warp.places[matrix * ROWS + row] + column / 2];
    return word >>> 16 * (column & 1) & 0xffff;
  }
}
