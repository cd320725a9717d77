package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxOperand;
import java.util.List;

/**
 * {@code mma.sync} of 16 x 8 results in single precision: {@code m16n8k8} of TF32 numbers and
 * {@code m16n8k16} of bfloat16 numbers, two in a register. The whole warp multiplies; lane {@code 4
 * * g + t} holds
 *
 * <ul>
 *   <li>of the left matrix the registers {@code t} and {@code t + 4} of rows {@code g} and {@code g
 *       + 8}, in the order (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4),
 *   <li>of the right matrix the registers {@code t} and {@code t + 4} of column {@code g},
 *   <li>of the result columns {@code 2 * t} and {@code 2 * t + 1} of row {@code g}, then of {@code
 *       g + 8}.
 * </ul>
 *
 * <p>Sums are exact and rounded once; hardware rounds more often, in an order that NVIDIA does not
 * state.
 */
final class MatrixMultiply extends Instruction {
  /** Registers along K of one row. */
  private static final int REGISTERS = 8;

  private static final int ROWS = 16;
  private static final int COLUMNS = 8;

  private final boolean pairs;
  private final int[] d;
  private final int[] a;
  private final int[] b;
  private final int[] c;

  private MatrixMultiply(boolean pairs, int[] d, int[] a, int[] b, int[] c) {
    this.pairs = pairs;
    this.d = d;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  /**
   * Decodes it.
   *
   * @throws IllegalArgumentException if it is of another shape or type
   */
  static Instruction decode(String opcode, List<PtxOperand> operands, Frame frame) {
    boolean pairs =
        switch (opcode) {
          case "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" -> false;
          case "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" -> true;
          default -> throw Decoder.unsupported("'" + opcode + "'");
        };
    return new MatrixMultiply(
        pairs,
        registers(operands.getFirst(), 4, frame),
        registers(operands.get(1), 4, frame),
        registers(operands.get(2), 2, frame),
        registers(operands.get(3), 4, frame));
  }

  private static int[] registers(PtxOperand operand, int count, Frame frame) {
    if (operand instanceof PtxOperand.Vector vector && vector.elements().size() == count) {
      return vector.elements().stream().mapToInt(frame::narrow).toArray();
    }
    throw Decoder.unsupported("operand " + operand);
  }

  @Override
  void execute(Warp warp, int mask) {
    if (mask != Lanes.ALL) {
      throw new Fault(
          Integer.numberOfTrailingZeros(~mask),
          "does not take part in a matrix multiplication of the whole warp");
    }
    double[][] left = new double[ROWS][];
    double[][] right = new double[COLUMNS][];
    for (int row = 0; row < ROWS; row++) {
      left[row] = gather(warp, row % 8, a[row / 8], a[row / 8 + 2]);
    }
    for (int column = 0; column < COLUMNS; column++) {
      right[column] = gather(warp, column, b[0], b[1]);
    }
    float[][] results = new float[d.length][Lanes.COUNT];
    for (int lane = 0; lane < Lanes.COUNT; lane++) {
      for (int i = 0; i < d.length; i++) {
        double[] x = left[lane / 4 + i / 2 * 8];
        double[] y = right[lane % 4 * 2 + i % 2];
        double sum = Float.intBitsToFloat(warp.narrow[c[i]][warp.first + lane]);
        for (int k = 0; k < x.length; k++) {
          sum += x[k] * y[k];
        }
        results[i][lane] = (float) sum;
      }
    }
    for (int i = 0; i < d.length; i++) {
      int[] target = warp.narrow[d[i]];
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        target[warp.first + lane] = Float.floatToRawIntBits(results[i][lane]);
      }
    }
  }

  /** The numbers along K that four lanes hold of one row or column. */
  private double[] gather(Warp warp, int row, int lower, int upper) {
    double[] numbers = new double[pairs ? 2 * REGISTERS : REGISTERS];
    for (int register = 0; register < REGISTERS; register++) {
      int bits = warp.narrow[register < 4 ? lower : upper][warp.first + 4 * row + register % 4];
      if (pairs) {
        numbers[2 * register] = Float.intBitsToFloat(bits << 16);
        numbers[2 * register + 1] = Float.intBitsToFloat(bits & 0xffff0000);
      } else {
        // The unit does not look at the lowest bits.
        numbers[register] = Float.intBitsToFloat(bits & 0xffffe000);
      }
    }
    return numbers;
  }

  /** {@code cvt.rna.tf32.f32}: to 10 bits after the point, ties away from zero. */
  static void roundToTf32(int[] d, int[] a, int[] b, int[] c, int from, int to) {
    for (int i = from; i < to; i++) {
      boolean finite = (a[i] & 0x7f800000) != 0x7f800000;
      d[i] = finite ? a[i] + 0x1000 & 0xffffe000 : a[i];
    }
  }
}
