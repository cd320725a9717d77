package dev.jdiffusion.cuda.emulator;

/** {@code bfi} and {@code lop3}. */
final class BitFields {
  private BitFields() {}

  /** Puts the lower bits of one number into another. */
  static final class Insert extends Instruction {
    private final boolean wide;
    private final int d;
    private final int field;
    private final int value;
    private final int position;
    private final int length;

    Insert(boolean wide, int d, int field, int value, int position, int length) {
      this.wide = wide;
      this.d = d;
      this.field = field;
      this.value = value;
      this.position = position;
      this.length = length;
    }

    @Override
    void execute(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = warp.first + Integer.numberOfTrailingZeros(rest);
        int from = warp.narrow[position][lane];
        int bits = warp.narrow[length][lane];
        if (wide) {
          warp.wide[d][lane] =
              Integers64.insert(warp.wide[field][lane], warp.wide[value][lane], from, bits);
        } else {
          warp.narrow[d][lane] =
              Integers32.insert(warp.narrow[field][lane], warp.narrow[value][lane], from, bits);
        }
      }
    }
  }

  /** The bitwise function of three arguments whose results for all eight cases are given. */
  static Lanes.Narrow logic3(int table) {
    return (d, a, b, c, from, to) -> {
      for (int i = from; i < to; i++) {
        int result = 0;
        for (int entry = 0; entry < 8; entry++) {
          if ((table >>> entry & 1) != 0) {
            result |=
                ((entry & 4) != 0 ? a[i] : ~a[i])
                    & ((entry & 2) != 0 ? b[i] : ~b[i])
                    & ((entry & 1) != 0 ? c[i] : ~c[i]);
          }
        }
        d[i] = result;
      }
    };
  }
}
