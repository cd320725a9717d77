package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Threads that part and meet, exchange values, and use each kind of memory. */
class ControlTest {
  private static void expect(String body, IntUnaryOperator resultOfThread) {
    int threads = 64;
    int[] expected = IntStream.range(0, threads).map(resultOfThread).toArray();
    int[] input = IntStream.range(0, threads).toArray();
    assertArrayEquals(expected, Emulated.results(body, threads, input));
  }

  @Test
  void loopsRunAsOftenAsEachThreadWants() {
    expect(
        """
        mov.u32 %r9, 0;
        mov.u32 %r4, 0;
        LOOP:
        setp.ge.u32 %p0, %r4, %r0;
        @%p0 bra DONE;
        add.s32 %r9, %r9, %r4;
        add.s32 %r4, %r4, 1;
        bra.uni LOOP;
        DONE:
        """,
        thread -> thread * (thread - 1) / 2);
  }

  @Test
  void nestedBranchesMeetAgain() {
    // The vote at the end names all lanes: it fails if they have not met.
    expect(
        """
        and.b32 %r4, %r0, 1;
        setp.eq.u32 %p0, %r4, 0;
        setp.lt.u32 %p1, %r0, 10;
        @%p0 bra EVEN;
        @%p1 bra SMALL_ODD;
        mov.u32 %r9, 1;
        bra END;
        SMALL_ODD:
        mov.u32 %r9, 2;
        bra END;
        EVEN:
        mov.u32 %r9, 3;
        @!%p1 bra END;
        mov.u32 %r9, 4;
        END:
        vote.sync.ballot.b32 %r5, %p1, -1;
        popc.b32 %r5, %r5;
        mad.lo.s32 %r9, %r5, 10, %r9;
        """,
        thread ->
            (thread % 2 == 0 ? thread < 10 ? 4 : 3 : thread < 10 ? 2 : 1)
                + (thread < 32 ? 100 : 0));
  }

  @Test
  void tablesOfBranchesAreTaken() {
    expect(
        """
        and.b32 %r4, %r0, 3;
        TABLE: .branchtargets ZERO, ONE, TWO, ZERO;
        brx.idx %r4, TABLE;
        ZERO: mov.u32 %r9, 10; bra END;
        ONE: mov.u32 %r9, 11; bra END;
        TWO: mov.u32 %r9, 12;
        END:
        """,
        thread -> thread % 4 == 3 ? 10 : 10 + thread % 4);
  }

  @Test
  void threadsMayEndInsideBranches() {
    try (Emulated gpu = new Emulated()) {
      long out = gpu.buffer("out", new int[32]);
      gpu.run(
          """
          setp.lt.u32 %p0, %r0, 5;
          @%p0 ret;
          setp.lt.u32 %p0, %r0, 20;
          @%p0 bra MIDDLE;
          st.global.u32 [%d2], 2;
          exit;
          MIDDLE:
          st.global.u32 [%d2], 1;
          """,
          1, 32, out, out);
      int[] expected = new int[32];
      Arrays.fill(expected, 5, 20, 1);
      Arrays.fill(expected, 20, 32, 2);
      assertArrayEquals(expected, gpu.ints(out, 32));
    }
  }

  @Test
  void guardsDecideForEachThread() {
    expect(
        """
        mov.u32 %r9, 7;
        setp.lt.u32 %p0, %r0, 5;
        @%p0 mov.u32 %r9, 8;
        @!%p0 add.s32 %r9, %r9, %r0;
        """,
        thread -> thread < 5 ? 8 : 7 + thread);
  }

  @Test
  void shufflesGiveTheValueOfTheLaneThatIsMeant() {
    String pattern = "shfl.sync.%s.b32 %%r9|%%p1, %%r0, %s, %s, -1; @!%%p1 mov.u32 %%r9, -1;";
    expect(pattern.formatted("bfly", "5", "31"), thread -> thread & ~31 | thread & 31 ^ 5);
    expect(
        pattern.formatted("down", "3", "31"), thread -> (thread & 31) + 3 > 31 ? -1 : thread + 3);
    expect(pattern.formatted("up", "3", "0"), thread -> (thread & 31) < 3 ? -1 : thread - 3);
    expect(pattern.formatted("idx", "9", "31"), thread -> thread & ~31 | 9);
    // Groups of 8 lanes: the segment mask is 24.
    expect(pattern.formatted("down", "1", "6175"), thread -> thread % 8 == 7 ? -1 : thread + 1);
    expect(pattern.formatted("idx", "2", "6175"), thread -> thread & ~7 | 2);
  }

  @Test
  void votesCountEachLane() {
    expect(
        """
        setp.gt.u32 %p0, %r0, 29;
        vote.sync.all.pred %p1, %p0, -1;
        vote.sync.any.pred %p2, %p0, -1;
        selp.u32 %r8, 2, 0, %p1;
        selp.u32 %r9, 1, 0, %p2;
        add.u32 %r9, %r9, %r8;
        """,
        thread -> thread < 32 ? 1 : 3);
    expect(
        "shr.u32 %r4, %r0, 3; match.any.sync.b32 %r9, %r4, -1;",
        thread -> 0xff << (thread & 31 & ~7));
    expect(
        """
        mov.u32 %r9, 0;
        setp.gt.u32 %p0, %r0, 29;
        @%p0 activemask.b32 %r9;
        """,
        thread -> thread < 30 ? 0 : thread < 32 ? 0xc0000000 : -1);
  }

  @Test
  void specialRegistersTellTheirThread() {
    expect(
        """
        mov.u32 %r4, %laneid;
        mov.u32 %r5, %warpid;
        mov.u32 %r6, %lanemask_lt;
        popc.b32 %r6, %r6;
        mad.lo.s32 %r9, %r5, 100, %r4;
        mad.lo.s32 %r9, %r6, 1000, %r9;
        """,
        thread -> thread % 32 * 1001 + thread / 32 * 100);
  }

  @Test
  void localMemoryIsEachThreadsOwn() {
    expect(
        """
        mov.u64 %d5, frame;
        cvta.local.u64 %d6, %d5;
        st.local.u32 [frame+4], %r0;
        st.u32 [%d6+8], 5;
        ld.u32 %r4, [%d6+4];
        ld.local.u32 %r5, [%d5+8];
        add.s32 %r9, %r4, %r5;
        """,
        thread -> thread + 5);
  }

  @Test
  void sharedMemoryIsSeenThroughGenericAddresses() {
    expect(
        """
        mov.u32 %r4, tile;
        shl.b32 %r5, %r0, 2;
        add.s32 %r4, %r4, %r5;
        st.shared.u32 [%r4], %r0;
        bar.sync 0;
        mov.u64 %d5, tile;
        cvta.shared.u64 %d6, %d5;
        xor.b32 %r6, %r5, 252;
        cvt.u64.u32 %d7, %r6;
        add.s64 %d6, %d6, %d7;
        ld.u32 %r9, [%d6];
        """,
        thread -> 63 - thread);
  }

  @Test
  void smallAndVectorAccessesKeepTheirBytesApart() {
    expect(
        """
        mul.lo.u32 %r4, %r0, 4;
        cvt.u64.u32 %d5, %r4;
        add.s64 %d5, %d1, %d5;
        st.global.v4.u8 [%d5], {1, 2, 3, 255};
        ld.global.s8 %r6, [%d5+3];
        ld.global.u8 %h1, [%d5+2];
        ld.global.v2.u16 {%h2, %h3}, [%d5];
        cvt.u32.u16 %r7, %h1;
        cvt.u32.u16 %r8, %h2;
        add.s32 %r9, %r6, %r7;
        add.s32 %r9, %r9, %r8;
        """,
        thread -> -1 + 3 + 0x0201);
  }

  @Test
  void multiplyAddsThatFollowEachOtherAreEnteredWhereABranchLeads() {
    expect(
        """
        cvt.rn.f32.u32 %f0, %r0;
        mov.f32 %f1, 0f3F800000;
        setp.lt.u32 %p0, %r0, 10;
        @%p0 bra SECOND;
        fma.rn.f32 %f0, %f0, %f1, %f1;
        fma.rn.f32 %f0, %f0, %f1, %f1;
        SECOND:
        fma.rn.f32 %f0, %f0, %f1, %f1;
        fma.rn.f32 %f0, %f0, %f1, %f1;
        @%p0 fma.rn.f32 %f0, %f0, %f1, %f1;
        fma.rn.f32 %f0, %f0, %f1, %f1;
        cvt.rzi.s32.f32 %r9, %f0;
        """,
        thread -> thread + (thread < 10 ? 4 : 5));
  }

  @Test
  void multiplyAddsThatFollowEachOtherAreCountedOneByOne() {
    try (Emulated gpu = new Emulated(1, false)) {
      long out = gpu.buffer("out", new int[32]);
      gpu.run("mov.u32 %r9, 0;", 1, 32, out, out);
      Emulation without = gpu.driver.emulation();
      gpu.run(
          "mov.u32 %r9, 0; mov.f32 %f0, 0f00000000;" + "fma.rn.f32 %f0, %f0, %f0, %f0;".repeat(5),
          1,
          32,
          out,
          out);
      Emulation with = gpu.driver.emulation().since(without);
      assertEquals(without.instructions() + 6, with.instructions());
      assertEquals(without.threadInstructions() + 6 * 32, with.threadInstructions());
    }
  }

  @Test
  void countsTellAboutMemoryAndDivergence() {
    try (Emulated gpu = new Emulated(1, true)) {
      long in = gpu.buffer("in", new int[32 * 32]);
      long out = gpu.buffer("out", new int[32]);
      Emulation before = gpu.driver.emulation();
      gpu.run("ld.global.u32 %r9, [%d2];", 1, 32, in, out);
      Emulation coalesced = gpu.driver.emulation().since(before);
      assertEquals(1, coalesced.globalAccesses());
      assertEquals(4, coalesced.globalTransactions());
      assertEquals(0, coalesced.divergentBranches());
      assertEquals(32 * coalesced.instructions(), coalesced.threadInstructions());

      before = gpu.driver.emulation();
      gpu.run(
          "mul.wide.u32 %d5, %r0, 128; add.s64 %d5, %d0, %d5; ld.global.u32 %r9, [%d5];",
          1, 32, in, out);
      Emulation strided = gpu.driver.emulation().since(before);
      assertEquals(32, strided.globalTransactions());
      assertEquals(4, strided.leastTransactions());

      before = gpu.driver.emulation();
      gpu.run("and.b32 %r4, %r0, 7; shl.b32 %r4, %r4, 5; st.shared.u32 [%r4], 1;", 1, 32, in, out);
      Emulation conflicting = gpu.driver.emulation().since(before);
      assertEquals(1, conflicting.sharedAccesses());
      // Lanes 0..7 write words 0, 8, .. 56, two words of each of four banks.
      assertEquals(1, conflicting.bankConflicts());

      before = gpu.driver.emulation();
      gpu.run("setp.lt.u32 %p0, %r0, 5; @%p0 bra END; add.s32 %r9, %r0, 1; END:", 1, 32, in, out);
      assertEquals(1, gpu.driver.emulation().since(before).divergentBranches());
    }
  }
}
