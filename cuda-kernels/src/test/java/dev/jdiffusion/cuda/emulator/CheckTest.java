package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.KernelArguments;
import java.lang.foreign.MemorySegment;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every check, with a kernel that does the forbidden thing and the message that must come. */
class CheckTest {
  /** What each message begins with: the kernel, the line of PTX, the block and the thread. */
  private static final Pattern WHERE =
      Pattern.compile(
          "kernel, line \\d+ \\(.+\\), block \\(\\d+,0,0\\), thread \\(\\d+,0,0\\): .+");

  private final Emulated gpu = new Emulated();

  @AfterEach
  void close() {
    gpu.close();
  }

  private void fails(String message, String body, int blocks, int threads) {
    long in = gpu.buffer("in", new int[64]);
    long out = gpu.buffer("out", new int[64]);
    String failure = gpu.failure(body, blocks, threads, in, out);
    assertTrue(failure.endsWith(message), failure);
    assertTrue(WHERE.matcher(failure).matches(), failure);
  }

  @Test
  void aMessageNamesKernelLineBlockAndThread() {
    long out = gpu.buffer("out", new int[64]);
    assertEquals(
        "kernel, line %d (st.global.u32 [%%d2], %%r0), block (1,0,0), thread (0,0,0): "
                .formatted(Emulated.FIRST_LINE)
            + "writes 4 bytes 0 bytes behind the end of 'out' (256 bytes)",
        gpu.failure("st.global.u32 [%d2], %r0;", 2, 32 + 16, out, out + 64));
  }

  @Test
  void readsBehindABufferAreReportedWithTheirDistance() {
    fails(
        "reads 4 bytes 44 bytes behind the end of 'in' (256 bytes)",
        "ld.global.u32 %r9, [%d0+300];",
        1,
        1);
  }

  @Test
  void readsBeforeABufferAreReportedWithTheirDistance() {
    fails(
        "reads 4 bytes 8 bytes before the start of 'in' (256 bytes)",
        "ld.global.u32 %r9, [%d0+-8];",
        1,
        1);
  }

  @Test
  void anAccessAcrossTheEndIsReported() {
    long in = gpu.empty("short", 4);
    assertTrue(
        gpu.failure("ld.global.u64 %d9, [%d0];", 1, 1, in, in)
            .endsWith("reads 8 bytes across the end of 'short' (4 bytes)"));
  }

  @Test
  void onlyTheNamedPartOfABlockIsValid() {
    long block = gpu.driver.allocate(512);
    gpu.driver.name(block, 100, "part");
    assertTrue(
        gpu.failure("st.global.u32 [%d0+100], %r0;", 1, 1, block, block)
            .endsWith("writes 4 bytes 0 bytes behind the end of 'part' (100 bytes)"));
  }

  @Test
  void aNullPointerIsReported() {
    assertTrue(
        gpu.failure("ld.global.u32 %r9, [%d0];", 1, 1, 0, 0)
            .endsWith("reads 4 bytes at 0x0, where no memory is"));
  }

  @Test
  void freedMemoryIsReported() {
    long in = gpu.buffer("in", 1, 2, 3);
    gpu.driver.free(in);
    String failure = gpu.failure("ld.global.u32 %r9, [%d0];", 1, 1, in, in);
    assertTrue(failure.contains("'in' (12 bytes), which was freed"), failure);
  }

  @Test
  void sharedMemoryHasAnEnd() {
    fails(
        "writes 4 bytes 0 bytes behind the end of shared memory (256 bytes)",
        "st.shared.u32 [tile+256], %r0;",
        1,
        1);
  }

  @Test
  void localMemoryHasAnEnd() {
    fails(
        "reads 4 bytes at byte 64 of local memory (64 bytes)",
        "ld.local.u32 %r9, [frame+64];",
        1,
        1);
  }

  @Test
  void readingGlobalMemoryThatNobodyWroteIsReported() {
    long in = gpu.empty("fresh", 256);
    assertTrue(
        gpu.failure("ld.global.u32 %r9, [%d0+8];", 1, 1, in, in)
            .endsWith("reads 4 bytes at byte 8 of 'fresh' (256 bytes), which nobody wrote"));
  }

  @Test
  void namingABlockAgainMakesItsContentsUndefined() {
    long in = gpu.buffer("first", 1, 2, 3);
    gpu.driver.name(in, 12, "second");
    assertTrue(
        gpu.failure("ld.global.u32 %r9, [%d0];", 1, 1, in, in)
            .endsWith("reads 4 bytes at byte 0 of 'second' (12 bytes), which nobody wrote"));
  }

  @Test
  void copiesOfUndefinedMemoryToTheHostAreReported() {
    long in = gpu.empty("fresh", 8);
    gpu.driver.fill(in, 7, 1, gpu.stream);
    assertEquals(
        "copyToHost: nobody wrote 4 of the 8 bytes from byte 0 of 'fresh' (8 bytes)",
        assertThrows(GpuException.class, () -> gpu.ints(in, 2)).getMessage());
  }

  @Test
  void sharedMemoryIsUndefinedInEachBlock() {
    String body =
        """
        setp.eq.s32 %p0, %r1, 0;
        @%p0 st.shared.u32 [tile], %r0;
        ld.shared.u32 %r9, [tile];
        """;
    fails(
        "block (1,0,0), thread (0,0,0): reads 4 bytes at byte 0 of shared memory (256 bytes),"
            + " which nobody wrote",
        body,
        2,
        1);
  }

  @Test
  void localMemoryIsUndefinedAtFirst() {
    fails(
        "reads 4 bytes at byte 0 of local memory, which nobody wrote",
        "ld.local.u32 %r9, [frame];",
        1,
        1);
  }

  @Test
  void aWordIsWrittenWhenAllItsBytesAre() {
    long out = gpu.empty("bytes", 4);
    String half = "st.global.u16 [%d0], %h0; ld.global.u16 %h1, [%d0];";
    assertDoesNotThrow(() -> gpu.run("mov.u16 %h0, 5;" + half, 1, 1, out, out));
    assertTrue(
        gpu.failure("ld.global.u32 %r9, [%d0];", 1, 1, out, out).endsWith("which nobody wrote"));
    assertDoesNotThrow(
        () -> gpu.run("mov.u16 %h0, 5; st.global.u16 [%d0+2], %h0;", 1, 1, out, out));
    assertDoesNotThrow(() -> gpu.run("ld.global.u32 %r9, [%d0];", 1, 1, out, out));
    assertArrayEquals(new int[] {5 << 16 | 5}, gpu.ints(out, 1));
  }

  @Test
  void misalignedAccessesAreReported() {
    fails(
        "reads 4 bytes at byte 2 of 'in' (256 bytes), which is not a multiple of 4",
        "ld.global.u32 %r9, [%d0+2];",
        1,
        1);
    fails(
        "writes 16 bytes at byte 8 of shared memory (256 bytes), which is not a multiple of 16",
        "st.shared.v4.u32 [tile+8], {%r0, %r0, %r0, %r0};",
        1,
        1);
    fails(
        "writes 8 bytes at byte 4 of local memory, which is not a multiple of 8",
        "st.local.u64 [frame+4], %d0;",
        1,
        1);
  }

  // Races

  @Test
  void twoWarpsThatWriteAWordOfSharedMemoryRace() {
    fails(
        "thread (32,0,0): race: writes byte 0 of shared memory (256 bytes), which warp 0 wrote"
            + " with no barrier between",
        "st.shared.u32 [tile], %r1;",
        1,
        64);
  }

  @Test
  void twoLanesThatWriteDifferentNumbersToAWordOfSharedMemoryRace() {
    fails(
        "kernel, line %d (st.shared.u32 [tile], %%r0), block (0,0,0), thread (1,0,0): "
                .formatted(Emulated.FIRST_LINE)
            + "race: writes byte 0 of shared memory (256 bytes), which lane 0 of the same warp wrote"
            + " with no barrier between",
        "st.shared.u32 [tile], %r0;",
        1,
        32);
    long out = gpu.buffer("out", 0);
    gpu.run(
        "st.shared.u32 [tile], 7; ld.shared.u32 %r9, [tile]; @%p0 st.global.u32 [%d0], %r9;"
            .replace("ld.shared", "bar.warp.sync -1; ld.shared")
            .replace("@%p0", "setp.eq.u32 %p0, %r0, 0; @%p0"),
        1,
        32,
        out,
        out);
    assertArrayEquals(new int[] {7}, gpu.ints(out, 1));
  }

  /** Each thread of a warp reads what the thread beside it wrote, with something in between. */
  private String readsItsNeighbour(String between) {
    return """
    shl.b32 %r4, %r0, 2;
    st.shared.u32 [%r4], %r0;
    BETWEEN
    xor.b32 %r5, %r4, 4;
    ld.shared.u32 %r9, [%r5];
    st.global.u32 [%d2], %r9;
    """
        .replace("BETWEEN", between);
  }

  @Test
  void readingWhatAnotherLaneOfTheWarpWroteNeedsABarrierOfTheWarp() {
    String race =
        "thread (0,0,0): race: reads byte 4 of shared memory (256 bytes), which lane 1 of the same"
            + " warp wrote with no barrier between";
    fails(race, readsItsNeighbour(""), 1, 32);
    // A shuffle makes lanes wait, but says nothing about what they see in memory.
    fails(race, readsItsNeighbour("shfl.sync.bfly.b32 %r9, %r0, 1, 31, -1;"), 1, 32);
    for (String barrier : new String[] {"bar.warp.sync -1;", "bar.sync 0;"}) {
      long out = gpu.buffer("out", new int[32]);
      gpu.run(readsItsNeighbour(barrier), 1, 32, out, out);
      assertEquals(1, gpu.ints(out, 32)[0]);
    }
  }

  @Test
  void allLanesAreLookedAtWhereTheyReadOneWordThatOneOfThemWrote() {
    fails(
        "thread (1,0,0): race: reads byte 0 of shared memory (256 bytes), which lane 0 of the same"
            + " warp wrote with no barrier between",
        "setp.eq.u32 %p0, %r0, 0; @%p0 st.shared.u32 [tile], %r0; ld.shared.u32 %r9, [tile];",
        1,
        32);
  }

  private static final String NEIGHBOUR =
      """
      shl.b32 %r4, %r0, 2;
      st.shared.u32 [%r4], %r0;
      BARRIER
      xor.b32 %r5, %r4, 128;
      ld.shared.u32 %r9, [%r5];
      st.global.u32 [%d2], %r9;
      """;

  @Test
  void readingWhatAnotherWarpWroteNeedsABarrier() {
    fails(
        "race: reads byte 0 of shared memory (256 bytes), which warp 0 wrote with no barrier"
            + " between",
        // The first warp reads what it wrote itself.
        NEIGHBOUR
            .replace("BARRIER", "")
            .replace("xor.b32 %r5, %r4, 128;", "and.b32 %r5, %r4, 127;"),
        1,
        64);
    long out = gpu.buffer("out", new int[64]);
    gpu.run(NEIGHBOUR.replace("BARRIER", "bar.sync 0;"), 1, 64, out, out);
    int[] swapped = gpu.ints(out, 64);
    assertEquals(32, swapped[0]);
    assertEquals(31, swapped[63]);
  }

  @Test
  void readingAWordOfWhichAnotherWarpWroteHalfNeedsABarrier() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 32;
        shl.b32 %r4, %r0, 1;
        mov.u16 %h0, 7;
        st.shared.u16 [%r4], %h0;
        BARRIER
        ld.shared.u32 %r9, [tile+64];
        """;
    fails(
        "thread (0,0,0): race: reads byte 64 of shared memory (256 bytes), which warp 1 wrote with"
            + " no barrier between",
        body.replace("BARRIER", ""),
        1,
        64);
    assertDoesNotThrow(() -> gpu.run(body.replace("BARRIER", "bar.sync 0;"), 1, 64, 0, 0));
  }

  @Test
  void writingWhatAnotherWarpReadNeedsABarrier() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 32;
        @!%p0 st.shared.u32 [tile], %r1;
        bar.sync 0;
        @!%p0 ld.shared.u32 %r9, [tile];
        @%p0 st.shared.u32 [tile], %r1;
        """;
    fails(
        "race: writes byte 0 of shared memory (256 bytes), which warp 0 read with no barrier"
            + " between",
        body,
        1,
        64);
  }

  @Test
  void twoBlocksThatWriteAWordOfGlobalMemoryRace() {
    long out = gpu.buffer("out", 1);
    for (int threads = 1; threads < 3; threads++) {
      try (Emulated other = new Emulated(threads, false)) {
        long word = other.buffer("out", 1);
        String failure = other.failure("st.global.u32 [%d0], %r0;", 2, 1, word, word);
        assertTrue(
            failure.contains("race: writes byte 0 of 'out' (4 bytes), which block ("), failure);
        assertTrue(failure.endsWith("wrote with no end of a launch between"), failure);
      }
    }
    assertDoesNotThrow(() -> gpu.run("st.global.u32 [%d0], %r0;", 1, 64, out, out));
    assertDoesNotThrow(() -> gpu.run("st.global.u32 [%d0], %r0;", 1, 64, out, out));
  }

  @Test
  void readingWhatAnotherBlockWritesIsARace() {
    long out = gpu.buffer("out", 1, 2);
    String body =
        """
        setp.eq.u32 %p0, %r1, 0;
        @%p0 st.global.u32 [%d0], %r0;
        @!%p0 ld.global.u32 %r9, [%d0];
        """;
    String failure = gpu.failure(body, 2, 1, out, out);
    assertTrue(failure.contains("race: "), failure);
  }

  @Test
  void blocksMayReadAWordTogetherAndUpdateItAtomically() {
    long out = gpu.buffer("out", 5);
    long results = gpu.empty("results", 32);
    gpu.run("ld.global.u32 %r9, [%d0]; st.global.u32 [%d2], %r9;", 8, 1, out, results);
    assertArrayEquals(new int[] {5, 5, 5, 5, 5, 5, 5, 5}, gpu.ints(results, 8));
    gpu.run("atom.global.add.u32 %r9, [%d0], 2;", 8, 64, out, out);
    assertArrayEquals(new int[] {5 + 2 * 8 * 64}, gpu.ints(out, 1));
  }

  // Threads together

  @Test
  void aBarrierThatSomeThreadsOfAWarpPassIsReported() {
    fails(
        "divergent barrier: 8 of the warp's 32 running threads are there",
        "setp.lt.u32 %p0, %r0, 8; @%p0 bar.sync 0;",
        1,
        32);
  }

  @Test
  void differentBarriersAreReported() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 32;
        @%p0 bra SECOND;
        bar.sync 0;
        bra END;
        SECOND:
        bar.sync 1;
        END:
        """;
    fails(
        "waits at barrier 1 while warp 0 waits at barrier 0 of line " + (Emulated.FIRST_LINE + 2),
        body,
        1,
        64);
  }

  @Test
  void threadsThatHaveEndedAreNotWaitedFor() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 40;
        @%p0 ret;
        bar.sync 0;
        st.global.u32 [%d2], 7;
        """;
    long out = gpu.buffer("out", new int[64]);
    gpu.run(body, 1, 64, out, out);
    int[] written = gpu.ints(out, 64);
    assertEquals(7, written[39]);
    assertEquals(0, written[40]);
  }

  @Test
  void aShuffleThatNamesThreadsThatAreElsewhereIsReported() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 16;
        @%p0 bra END;
        shfl.sync.bfly.b32 %r9, %r0, 1, 31, -1;
        END:
        """;
    fails("names lanes 0xffffffff, of which 0xffff0000 are not there", body, 1, 32);
  }

  @Test
  void aShuffleFromAThreadThatIsNotNamedIsReported() {
    String body =
        """
        setp.ge.u32 %p0, %r0, 16;
        @%p0 bra END;
        shfl.sync.idx.b32 %r9, %r0, 20, 31, 65535;
        END:
        """;
    fails("asks for the value of lane 20, which is not there", body, 1, 32);
  }

  @Test
  void aVoteOfThreadsThatNameDifferentLanesIsReported() {
    fails(
        "thread (1,0,0): names lanes 0x00000001 while lane 0 names 0x00000000",
        "vote.sync.any.pred %p1, %p0, %r0;",
        1,
        32);
  }

  @Test
  void aLoopWithoutEndIsReported() {
    fails("executes more than 268435456 instructions without a barrier", "AGAIN: bra AGAIN;", 1, 1);
  }

  // Launches

  @Test
  void argumentsMustFitTheParameters() {
    GpuFunction kernel = gpu.driver.load("test", Emulated.ptx("")).function("kernel");
    KernelArguments arguments = new KernelArguments(3);
    arguments.add(0L);
    assertEquals("kernel: 1 arguments for 2 parameters", refusal(kernel, 1, 1, 0, arguments));
    arguments.add(0);
    assertEquals(
        "kernel: argument 1 has 4 bytes, the parameter 8", refusal(kernel, 1, 1, 0, arguments));
  }

  @Test
  void launchesMustFitTheDevice() {
    GpuFunction kernel = gpu.driver.load("test", Emulated.ptx("")).function("kernel");
    KernelArguments arguments = new KernelArguments(2);
    arguments.add(0L);
    arguments.add(0L);
    assertEquals(
        "kernel: a grid of 1 x 65536 x 1 blocks; at least 1 each, y and z at most 65535",
        refusal(kernel, 65_536, 32, 0, arguments));
    assertEquals(
        "kernel: a block of 1025 x 1 x 1 threads; at least 1 each, z at most 64, all at most 1024",
        refusal(kernel, 1, 1025, 0, arguments));
    assertTrue(
        refusal(kernel, 1, 32, 1 << 20, arguments)
            .startsWith("kernel: 256 bytes of shared memory and 1048576 more at launch;"));
  }

  private String refusal(
      GpuFunction kernel, int gridY, int threads, int sharedBytes, KernelArguments arguments) {
    return assertThrows(
            GpuException.class,
            () ->
                gpu.driver.launch(
                    kernel, 1, gridY, 1, threads, 1, 1, sharedBytes, arguments, gpu.stream))
        .getMessage();
  }

  @Test
  void memoryThatIsNotThereIsNotHandedOut() {
    String message =
        assertThrows(GpuException.class, () -> gpu.driver.allocate(1L << 50)).getMessage();
    assertTrue(
        message.startsWith("allocate: out of memory: 1125899906842624 bytes asked for, 0 in use"),
        message);
  }

  @Test
  void whatIsNotSupportedIsNamedWithItsLine() {
    assertEquals(
        "test, kernel: line %d: 'dp4a.u32.u32' is not supported: dp4a.u32.u32 %%r9, %%r0, %%r0, %%r0"
            .formatted(Emulated.FIRST_LINE),
        gpu.failure("dp4a.u32.u32 %r9, %r0, %r0, %r0;", 1, 1, 0, 0));
  }

  @Test
  void anInstructionWithoutItsOperandsIsNamedWithItsLine() {
    assertEquals(
        "test, kernel: line %d: operands or modifiers are missing: add.s32 %%r9"
            .formatted(Emulated.FIRST_LINE),
        gpu.failure("add.s32 %r9;", 1, 1, 0, 0));
  }

  @Test
  void textThatIsNotPtxIsRefusedWithItsLine() {
    assertEquals(
        "broken: the PTX cannot be read: line 2: '?' is not expected here",
        assertThrows(GpuException.class, () -> gpu.driver.load("broken", ".version 6.3\n ? \n"))
            .getMessage());
  }

  // Order

  @Test
  void aGraphDoesAgainWhatWasCapturedWithTheArgumentsOfThen() {
    long out = gpu.buffer("out", 1);
    long copy = gpu.buffer("copy", 0);
    GpuFunction kernel =
        gpu.driver
            .load(
                "test",
                Emulated.ptx(
                    "ld.global.u32 %r9, [%d0]; add.s32 %r9, %r9, 1; st.global.u32 [%d0], %r9;"))
            .function("kernel");
    KernelArguments arguments = new KernelArguments(2);
    arguments.add(out);
    arguments.add(0L);
    gpu.driver.beginCapture(gpu.stream);
    gpu.driver.launch(kernel, 1, 1, 1, 1, 1, 1, 0, arguments, gpu.stream);
    gpu.driver.copy(out, copy, 4, gpu.stream);
    var graph = gpu.driver.endCapture(gpu.stream);
    arguments.clear();
    arguments.add(copy);
    arguments.add(0L);
    assertArrayEquals(new int[] {1}, gpu.ints(out, 1));
    for (int i = 0; i < 3; i++) {
      gpu.driver.launch(graph, gpu.stream);
    }
    assertArrayEquals(new int[] {4}, gpu.ints(out, 1));
    assertArrayEquals(new int[] {4}, gpu.ints(copy, 1));
  }

  @Test
  void partsOfBuffersAreCopied() {
    long out = gpu.buffer("out", 1, 2, 3, 4);
    int[] two = {8, 9};
    gpu.driver.copyToDevice(MemorySegment.ofArray(two), out + 4, gpu.stream);
    assertArrayEquals(new int[] {1, 8, 9, 4}, gpu.ints(out, 4));
    assertArrayEquals(new int[] {9, 4}, gpu.ints(out + 8, 2));
    assertEquals(
        "copyToDevice: bytes 12 to 20 of 'out' (16 bytes)",
        assertThrows(
                GpuException.class,
                () -> gpu.driver.copyToDevice(MemorySegment.ofArray(two), out + 12, gpu.stream))
            .getMessage());
  }
}
