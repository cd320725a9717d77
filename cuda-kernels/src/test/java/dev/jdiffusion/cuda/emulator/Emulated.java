package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.driver.KernelArguments;
import java.lang.foreign.MemorySegment;

/**
 * An emulated GPU for one test. Kernels are given as the inside of a function with these registers:
 * predicates {@code %p0..9}, {@code %h0..9} of 16 bits, {@code %r0..39} and {@code %f0..19} of 32
 * bits, {@code %d0..19} and {@code %g0..9} of 64 bits. Before their first line stand
 *
 * <pre>
 * %d0, %d1   the first two parameters, addresses of global memory
 * %r0        the index of the thread in its block
 * %r1        the index of the block
 * %d2        %d1 + 4 * (the index of the thread in the grid)
 * </pre>
 *
 * <p>There are 256 bytes of shared memory, {@code tile}, and 64 of local memory, {@code frame}.
 */
final class Emulated implements AutoCloseable {
  private static final String BEFORE =
      """
      .version 7.0
      .target sm_80
      .address_size 64
      .visible .entry kernel(.param .u64 p0, .param .u64 p1)
      {
      .reg .pred %p<10>;
      .reg .b16 %h<10>;
      .reg .b32 %r<40>;
      .reg .f32 %f<20>;
      .reg .b64 %d<20>;
      .reg .f64 %g<10>;
      .shared .align 16 .b8 tile[256];
      .local .align 16 .b8 frame[64];
      ld.param.u64 %d0, [p0];
      ld.param.u64 %d1, [p1];
      mov.u32 %r0, %tid.x;
      mov.u32 %r1, %ctaid.x;
      mov.u32 %r2, %ntid.x;
      mad.lo.s32 %r3, %r1, %r2, %r0;
      mul.wide.u32 %d2, %r3, 4;
      add.s64 %d2, %d1, %d2;
      """;

  /** The line of a kernel's first own instruction. */
  static final int FIRST_LINE = (int) BEFORE.lines().count() + 1;

  final EmulatorDriver driver;
  final GpuStream stream;

  Emulated() {
    this(2, false);
  }

  Emulated(int threads, boolean countMemory) {
    driver = new EmulatorDriver(threads, countMemory);
    stream = driver.createStream();
  }

  /** Memory with undefined contents. */
  long empty(String name, long bytes) {
    long address = driver.allocate(bytes);
    driver.name(address, bytes, name);
    return address;
  }

  long buffer(String name, int... values) {
    long address = empty(name, 4L * values.length);
    driver.copyToDevice(MemorySegment.ofArray(values), address, stream);
    return address;
  }

  int[] ints(long address, int count) {
    int[] values = new int[count];
    driver.copyToHost(address, MemorySegment.ofArray(values), stream);
    return values;
  }

  static String ptx(String body) {
    return BEFORE + body + "\nret;\n}\n";
  }

  /** Runs a body on a line of blocks. */
  void run(String body, int blocks, int threads, long first, long second) {
    GpuModule module = driver.load("test", ptx(body));
    KernelArguments arguments = new KernelArguments(2);
    arguments.add(first);
    arguments.add(second);
    driver.launch(module.function("kernel"), blocks, 1, 1, threads, 1, 1, 0, arguments, stream);
  }

  /** The message of what a body does wrong. */
  String failure(String body, int blocks, int threads, long first, long second) {
    return assertThrows(GpuException.class, () -> run(body, blocks, threads, first, second))
        .getMessage();
  }

  /** What {@code %r9} is after a body, for each of some threads. */
  static int[] results(String body, int threads, int... input) {
    try (Emulated gpu = new Emulated()) {
      long out = gpu.empty("out", 4L * threads);
      gpu.run(body + "\nst.global.u32 [%d2], %r9;", 1, threads, gpu.buffer("in", input), out);
      return gpu.ints(out, threads);
    }
  }

  @Override
  public void close() {
    driver.close();
  }
}
