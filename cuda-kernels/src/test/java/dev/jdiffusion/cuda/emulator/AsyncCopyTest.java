package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Copies to shared memory that go on beside the program, and what forgets to wait for them. */
class AsyncCopyTest {
  /** Two copies in a group each; the first is read after WAIT. */
  private static final String COPY =
      """
      shl.b32 %r4, %r0, 2;
      mul.wide.u32 %d5, %r0, 4;
      add.s64 %d5, %d0, %d5;
      cp.async.ca.shared.global [%r4], [%d5], 4;
      cp.async.commit_group;
      cp.async.ca.shared.global [%r4+128], [%d5+128], 4;
      cp.async.commit_group;
      WAIT
      ld.shared.u32 %r9, [%r4+OFFSET];
      """;

  private static final int[] INPUT = IntStream.range(0, 64).map(i -> 10 * i).toArray();

  private static String copy(String wait, int offset) {
    return COPY.replace("WAIT", wait).replace("OFFSET", Integer.toString(offset));
  }

  private static String failure(String body) {
    try (Emulated gpu = new Emulated()) {
      return gpu.failure(body, 1, 32, gpu.buffer("in", INPUT), gpu.buffer("out", INPUT));
    }
  }

  @Test
  void aGroupThatWasWaitedForIsThere() {
    int[] first = Emulated.results(copy("cp.async.wait_group 1;", 0), 32, INPUT);
    assertArrayEquals(IntStream.range(0, 32).map(i -> 10 * i).toArray(), first);
    int[] second = Emulated.results(copy("cp.async.wait_all;", 128), 32, INPUT);
    assertArrayEquals(IntStream.range(32, 64).map(i -> 10 * i).toArray(), second);
  }

  @Test
  void readingWithoutAWaitIsReported() {
    String failure = failure(copy("", 0));
    assertTrue(
        failure.endsWith(
            "reads 4 bytes at byte 0 of shared memory (256 bytes),"
                + " which a cp.async copies that nobody waited for"),
        failure);
  }

  @Test
  void readingAGroupThatMayStayOpenIsReported() {
    String failure = failure(copy("cp.async.wait_group 1;", 128));
    assertTrue(failure.endsWith("which a cp.async copies that nobody waited for"), failure);
  }

  @Test
  void aCopyWithoutABarrierIsNotSeenByOtherWarps() {
    String body =
        copy("cp.async.wait_all; BARRIER xor.b32 %r4, %r4, 128;", 0)
            .replace("cp.async.ca.shared.global [%r4+128], [%d5+128], 4;", "");
    try (Emulated gpu = new Emulated()) {
      long in = gpu.buffer("in", INPUT);
      long out = gpu.empty("out", 256);
      String failure = gpu.failure(body.replace("BARRIER", ""), 1, 64, in, out);
      assertTrue(
          failure.endsWith(
              "race: reads byte 128 of shared memory (256 bytes), which warp 1 wrote with no"
                  + " barrier between"),
          failure);
      gpu.run(body.replace("BARRIER", "bar.sync 0;") + "st.global.u32 [%d2], %r9;", 1, 64, in, out);
      assertEquals(320, gpu.ints(out, 64)[0]);
    }
  }

  @Test
  void aCopyThatMustNotReadFillsWithZeros() {
    String body =
        """
        shl.b32 %r4, %r0, 4;
        setp.eq.u32 %p0, %r0, 1;
        selp.u32 %r5, 0, 16, %p0;
        cp.async.cg.shared.global.L2::128B [%r4], [%d0], 16, %r5;
        cp.async.wait_all;
        ld.shared.u32 %r9, [%r4+4];
        """;
    assertArrayEquals(new int[] {10, 0, 10}, Emulated.results(body, 3, INPUT));
  }

  @Test
  void matricesAreLoadedWithTwoNeighboursForEachLane() {
    // Row r of matrix m holds the 16-bit numbers 64 m + 8 r + column; each lane stores one row.
    String fill =
        """
        shl.b32 %r4, %r0, 4;
        shl.b32 %r5, %r0, 3;
        mad.lo.u32 %r6, %r5, 65537, 65536;
        st.shared.u32 [%r4], %r6;
        add.u32 %r6, %r6, 131074;
        st.shared.u32 [%r4+4], %r6;
        add.u32 %r6, %r6, 131074;
        st.shared.u32 [%r4+8], %r6;
        add.u32 %r6, %r6, 131074;
        st.shared.u32 [%r4+12], %r6;
        bar.sync 0;
        """;
    int[] rows =
        Emulated.results(
            "setp.gt.u32 %p0, %r0, 15; @%p0 bra LOADED;"
                + fill.replace("bar.sync 0;", "LOADED: shl.b32 %r4, %r0, 4; and.b32 %r4, %r4, 255;")
                + "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r8, %r9}, [%r4];",
            32,
            0);
    int[] columns =
        Emulated.results(
            "setp.gt.u32 %p0, %r0, 15; @%p0 bra LOADED;"
                + fill.replace("bar.sync 0;", "LOADED: shl.b32 %r4, %r0, 4; and.b32 %r4, %r4, 255;")
                + "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r9}, [%r4];",
            32,
            0);
    for (int lane = 0; lane < 32; lane++) {
      int element = 64 + lane / 4 * 8 + lane % 4 * 2;
      assertEquals(element | element + 1 << 16, rows[lane], "lane " + lane);
      int transposed = lane % 4 * 16 + lane / 4;
      assertEquals(transposed | transposed + 8 << 16, columns[lane], "lane " + lane);
    }
  }
}
