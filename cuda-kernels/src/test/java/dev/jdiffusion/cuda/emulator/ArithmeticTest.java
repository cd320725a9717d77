package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Instructions at the corners of their definitions in the PTX manual. */
class ArithmeticTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final float NAN = Float.NaN;

  /** Of {@code %r10 = a}, {@code %r11 = b}, {@code %r12 = c}. */
  private static int integer(String instruction, int a, int b, int c) {
    String body =
        """
        ld.global.u32 %r10, [%d0];
        ld.global.u32 %r11, [%d0+4];
        ld.global.u32 %r12, [%d0+8];
        """;
    return Emulated.results(body + instruction, 1, a, b, c)[0];
  }

  private static float floating(String instruction, float a, float b, float c) {
    return Float.intBitsToFloat(
        integer(
            "mov.b32 %f0, %r10; mov.b32 %f1, %r11; mov.b32 %f2, %r12;"
                + instruction
                + "mov.b32 %r9, %f9;",
            Float.floatToRawIntBits(a),
            Float.floatToRawIntBits(b),
            Float.floatToRawIntBits(c)));
  }

  /** Of {@code %d10} and {@code %d11}; the result is {@code %d9}. */
  private static long wide(String instruction, long a, long b) {
    String body =
        """
        ld.global.u64 %d10, [%d0];
        ld.global.u64 %d11, [%d0+8];
        INSTRUCTION
        mov.b64 {%r9, %r8}, %d9;
        setp.eq.u32 %p0, %r0, 1;
        @%p0 mov.u32 %r9, %r8;
        """
            .replace("INSTRUCTION", instruction);
    int[] halves = Emulated.results(body, 2, (int) a, (int) (a >>> 32), (int) b, (int) (b >>> 32));
    return Integer.toUnsignedLong(halves[0]) | (long) halves[1] << 32;
  }

  static Stream<Arguments> integers() {
    return Stream.of(
        Arguments.of("shl.b32 %r9, %r10, %r11;", 1, 31, 0, 1 << 31),
        Arguments.of("shl.b32 %r9, %r10, %r11;", 1, 32, 0, 0),
        Arguments.of("shr.u32 %r9, %r10, %r11;", -1, 40, 0, 0),
        Arguments.of("shr.s32 %r9, %r10, %r11;", -8, 40, 0, -1),
        Arguments.of("shr.s32 %r9, %r10, %r11;", -8, 1, 0, -4),
        Arguments.of("shf.l.wrap.b32 %r9, %r10, %r11, %r12;", 0x80000000, 1, 33, 3),
        Arguments.of("shf.r.clamp.b32 %r9, %r10, %r11, %r12;", 5, 7, 40, 7),
        Arguments.of("div.s32 %r9, %r10, %r11;", -7, 2, 0, -3),
        Arguments.of("rem.s32 %r9, %r10, %r11;", -7, 2, 0, -1),
        Arguments.of("div.s32 %r9, %r10, %r11;", Integer.MIN_VALUE, -1, 0, Integer.MIN_VALUE),
        Arguments.of("div.u32 %r9, %r10, %r11;", -2, 2, 0, 0x7fffffff),
        Arguments.of("rem.u32 %r9, %r10, %r11;", -1, 10, 0, 5),
        Arguments.of("mul.hi.s32 %r9, %r10, %r11;", -1, 5, 0, -1),
        Arguments.of("mul.hi.u32 %r9, %r10, %r11;", -1, 5, 0, 4),
        Arguments.of("mad.lo.s32 %r9, %r10, %r11, %r12;", 3, -4, 5, -7),
        Arguments.of("mad.hi.u32 %r9, %r10, %r11, %r12;", -1, -1, 1, -1),
        Arguments.of("min.u32 %r9, %r10, %r11;", -1, 1, 0, 1),
        Arguments.of("min.s32 %r9, %r10, %r11;", -1, 1, 0, -1),
        Arguments.of("abs.s32 %r9, %r10;", -6, 0, 0, 6),
        Arguments.of("popc.b32 %r9, %r10;", 0xf0f0, 0, 0, 8),
        Arguments.of("clz.b32 %r9, %r10;", 0, 0, 0, 32),
        Arguments.of("brev.b32 %r9, %r10;", 1, 0, 0, 1 << 31),
        Arguments.of("bfind.u32 %r9, %r10;", 0, 0, 0, -1),
        Arguments.of("bfind.shiftamt.u32 %r9, %r10;", 1, 0, 0, 31),
        Arguments.of("bfe.u32 %r9, %r10, %r11, %r12;", 0xabcd, 4, 8, 0xbc),
        Arguments.of("bfe.s32 %r9, %r10, %r11, %r12;", 0xabcd, 4, 8, 0xffffffbc),
        Arguments.of("bfi.b32 %r9, %r10, %r11, 8, 4;", 0x5, -1, 0, 0xfffff5ff),
        Arguments.of("prmt.b32 %r9, %r10, %r11, %r12;", 0x33221180, 0x77665544, 0x7418, 0x774411ff),
        Arguments.of("lop3.b32 %r9, %r10, %r11, %r12, 0xca;", 0xff00, 0x1234, 0x5678, 0x1278),
        Arguments.of("not.b32 %r9, %r10;", 0, 0, 0, -1),
        Arguments.of(
            "cvt.u16.u32 %h0, %r10; cvt.u16.u32 %h1, %r11; add.s16 %h2, %h0, %h1; cvt.s32.s16"
                + " %r9, %h2;",
            0x7fff, 1, 0, -0x8000),
        Arguments.of(
            "cvt.u16.u32 %h0, %r10; shr.s16 %h1, %h0, 4; cvt.u32.u16 %r9, %h1;",
            0x8000, 0, 0, 0xf800),
        Arguments.of(
            "cvt.u16.u32 %h0, %r10; setp.lt.s16 %p0, %h0, 0; selp.b32 %r9, 1, 2, %p0;",
            0xffff, 0, 0, 1),
        Arguments.of("cvt.u16.u32 %h0, %r10; mul.wide.s16 %r9, %h0, %h0;", 0xfffe, 0, 0, 4),
        Arguments.of("add.cc.u32 %r8, %r10, %r11; addc.u32 %r9, %r12, 0;", -1, 1, 5, 6),
        Arguments.of("sub.cc.u32 %r8, %r10, %r11; subc.u32 %r9, %r12, 0;", 0, 1, 5, 4),
        Arguments.of(
            "mad.lo.cc.u32 %r8, %r10, %r11, %r12; madc.hi.u32 %r9, %r10, %r11, 0;", -1, -1, -1, -1),
        Arguments.of("setp.lo.u32 %p0, %r10, %r11; selp.u32 %r9, 1, 0, %p0;", 1, -1, 0, 1),
        Arguments.of("setp.lt.s32 %p0, %r10, %r11; selp.u32 %r9, 1, 0, %p0;", 1, -1, 0, 0),
        Arguments.of(
            "setp.eq.s32 %p1, %r12, 0; setp.lt.or.s32 %p0|%p2, %r10, %r11, !%p1;"
                + "selp.u32 %r8, 2, 0, %p2; selp.u32 %r9, 1, 0, %p0; or.b32 %r9, %r9, %r8;",
            2, 1, 0, 2),
        Arguments.of("set.gt.u32.s32 %r9, %r10, %r11;", 2, 1, 0, -1));
  }

  @ParameterizedTest
  @MethodSource("integers")
  void integerInstructions(String instruction, int a, int b, int c, int expected) {
    assertEquals(expected, integer(instruction, a, b, c));
  }

  static Stream<Arguments> floats() {
    float tiny = Float.MIN_VALUE;
    float one = Math.nextUp(1f);
    return Stream.of(
        Arguments.of("fma.rn.f32 %f9, %f0, %f1, %f2;", one, one, -1f, Math.fma(one, one, -1f)),
        Arguments.of("div.rn.f32 %f9, %f0, %f1;", 1f, 3f, 0f, 1f / 3f),
        Arguments.of("div.rn.f32 %f9, %f0, %f1;", 1f, 0f, 0f, INFINITY),
        Arguments.of("add.rz.f32 %f9, %f0, %f1;", 1f, 0x1.8p-24f, 0f, 1f),
        Arguments.of("add.rp.f32 %f9, %f0, %f1;", 1f, 0x1p-60f, 0f, one),
        Arguments.of("add.rm.f32 %f9, %f0, %f1;", 1f, -0x1p-60f, 0f, Math.nextDown(1f)),
        Arguments.of("fma.rm.f32 %f9, %f0, %f1, %f2;", one, one, -0x1p-100f, 0x1.000004p0f),
        Arguments.of("fma.rz.f32 %f9, %f0, %f1, %f2;", -one, one, 0f, -0x1.000004p0f),
        Arguments.of("mul.rz.f32 %f9, %f0, %f1;", one, one, 0f, 0x1.000004p0f),
        Arguments.of("mul.f32 %f9, %f0, %f1;", tiny, 2f, 0f, 2 * tiny),
        Arguments.of("mul.ftz.f32 %f9, %f0, %f1;", tiny, 2f, 0f, 0f),
        Arguments.of("mul.ftz.f32 %f9, %f0, %f1;", -Float.MIN_NORMAL, 0.5f, 0f, -0f),
        Arguments.of("add.sat.f32 %f9, %f0, %f1;", 1f, 1f, 0f, 1f),
        Arguments.of("add.sat.f32 %f9, %f0, %f1;", NAN, 1f, 0f, 0f),
        Arguments.of("min.f32 %f9, %f0, %f1;", NAN, 1f, 0f, 1f),
        Arguments.of("max.f32 %f9, %f0, %f1;", 1f, NAN, 0f, 1f),
        Arguments.of("max.NaN.f32 %f9, %f0, %f1;", 1f, NAN, 0f, NAN),
        Arguments.of("min.f32 %f9, %f0, %f1;", 0f, -0f, 0f, -0f),
        Arguments.of("neg.f32 %f9, %f0;", 0f, 0f, 0f, -0f),
        Arguments.of("abs.f32 %f9, %f0;", -2f, 0f, 0f, 2f),
        Arguments.of("copysign.f32 %f9, %f0, %f1;", -2f, 3f, 0f, -3f),
        Arguments.of("sqrt.rn.f32 %f9, %f0;", 2f, 0f, 0f, (float) Math.sqrt(2)),
        Arguments.of("sqrt.rn.f32 %f9, %f0;", -1f, 0f, 0f, NAN),
        Arguments.of("ex2.approx.ftz.f32 %f9, %f0;", 10f, 0f, 0f, 1024f),
        Arguments.of("ex2.approx.ftz.f32 %f9, %f0;", -140f, 0f, 0f, 0f),
        Arguments.of("ex2.approx.f32 %f9, %f0;", -140f, 0f, 0f, 0x1p-140f),
        Arguments.of("lg2.approx.f32 %f9, %f0;", 1024f, 0f, 0f, 10f),
        Arguments.of("rcp.approx.ftz.f32 %f9, %f0;", 4f, 0f, 0f, 0.25f),
        Arguments.of("rsqrt.approx.f32 %f9, %f0;", 4f, 0f, 0f, 0.5f),
        Arguments.of("cvt.rni.f32.f32 %f9, %f0;", 2.5f, 0f, 0f, 2f),
        Arguments.of("cvt.rzi.f32.f32 %f9, %f0;", -2.7f, 0f, 0f, -2f),
        Arguments.of("cvt.rmi.f32.f32 %f9, %f0;", -2.2f, 0f, 0f, -3f),
        Arguments.of("cvt.sat.f32.f32 %f9, %f0;", -2f, 0f, 0f, 0f),
        Arguments.of("setp.lt.f32 %p0, %f0, %f1; selp.f32 %f9, %f1, %f2, %p0;", NAN, 1f, 2f, 2f),
        Arguments.of("setp.ltu.f32 %p0, %f0, %f1; selp.f32 %f9, %f1, %f2, %p0;", NAN, 1f, 2f, 1f),
        Arguments.of("setp.neu.f32 %p0, %f0, %f0; selp.f32 %f9, %f1, %f2, %p0;", NAN, 1f, 2f, 1f),
        Arguments.of("setp.ne.f32 %p0, %f0, %f0; selp.f32 %f9, %f1, %f2, %p0;", NAN, 1f, 2f, 2f),
        Arguments.of("setp.nan.f32 %p0, %f0, %f1; selp.f32 %f9, %f1, %f2, %p0;", NAN, 1f, 2f, 1f),
        Arguments.of(
            "cvt.rn.bf16.f32 %h0, %f0; mov.b32 %f9, {0, %h0};", 0x1.018p0f, 0f, 0f, 0x1.02p0f),
        Arguments.of("cvt.rn.f16.f32 %h0, %f0; cvt.f32.f16 %f9, %h0;", 70000f, 0f, 0f, INFINITY),
        Arguments.of(
            "cvt.rn.bf16x2.f32 %r8, %f0, %f1; and.b32 %r8, %r8, -65536;" + "mov.b32 %f9, %r8;",
            1.5f, 9f, 0f, 1.5f),
        Arguments.of(
            "cvt.f64.f32 %g0, %f0; rcp.rn.f64 %g1, %g0; cvt.rn.f32.f64 %f9, %g1;",
            3f, 0f, 0f, (float) (1 / 3.0)),
        Arguments.of("cvt.f64.f32 %g0, %f0; cvt.rz.f32.f64 %f9, %g0;", 3f, 0f, 0f, 3f),
        Arguments.of(
            "cvt.f64.f32 %g0, %f0; fma.rn.f64 %g1, %g0, %g0, %g0;"
                + "sqrt.rn.f64 %g1, %g1; cvt.rn.f32.f64 %f9, %g1;",
            2f, 0f, 0f, (float) Math.sqrt(6)));
  }

  @ParameterizedTest
  @MethodSource("floats")
  void floatInstructions(String instruction, float a, float b, float c, float expected) {
    assertEquals(expected, floating(instruction, a, b, c));
  }

  @ParameterizedTest
  @CsvSource({
    "cvt.rzi.s32.f32, 2.9, 2",
    "cvt.rzi.s32.f32, -2.9, -2",
    "cvt.rni.s32.f32, 2.5, 2",
    "cvt.rmi.s32.f32, -2.1, -3",
    "cvt.rpi.s32.f32, 2.1, 3",
    "cvt.rzi.s32.f32, 1e20, 2147483647",
    "cvt.rni.s32.f32, -1e20, -2147483648",
    "cvt.rzi.u32.f32, -5, 0",
    "cvt.rzi.u32.f32, 4e9, -294967296",
    "cvt.rzi.u32.f32, 1e20, -1",
    "cvt.rzi.s32.f32, NaN, 0",
    "cvt.rni.u32.f32, NaN, 0"
  })
  void conversionsToIntegersSaturate(String opcode, float value, int expected) {
    assertEquals(
        expected,
        integer(
            "mov.b32 %f0, %r10; " + opcode + " %r9, %f0;", Float.floatToRawIntBits(value), 0, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "'shl.b64 %d9, %d10, 64;', 1, 0, 0",
    "'shr.s64 %d9, %d10, 70;', -5, 0, -1",
    "'shr.u64 %d9, %d10, 63;', -5, 0, 1",
    "'mul.hi.u64 %d9, %d10, %d11;', -1, 3, 2",
    "'mul.hi.s64 %d9, %d10, %d11;', -1, 3, -1",
    "'div.u64 %d9, %d10, %d11;', -2, 2, 9223372036854775807",
    "'rem.s64 %d9, %d10, %d11;', -7, 3, -1",
    "'bfi.b64 %d9, %d10, %d11, 8, 4;', 5, -1, -2561",
    "'bfe.u64 %d9, %d10, 4, 8;', 43981, 0, 188",
    "'popc.b64 %r8, %d10; cvt.u64.u32 %d9, %r8;', -1, 0, 64",
    "'clz.b64 %r8, %d10; cvt.u64.u32 %d9, %r8;', 1, 0, 63",
    "'cvt.u32.u64 %r8, %d10; cvt.s64.s32 %d9, %r8;', 4294967295, 0, -1",
    "'cvt.s64.s8 %d9, %d10;', 255, 0, -1",
    "'cvt.u32.u64 %r8, %d10; mul.wide.s32 %d9, %r8, -2;', 2147483647, 0, -4294967294",
    "'cvt.u32.u64 %r8, %d10; mad.wide.u32 %d9, %r8, %r8, %d11;', 4294967295, 1, -8589934590",
    "'cvt.rn.f32.u64 %f0, %d10; cvt.rzi.u64.f32 %d9, %f0;', -1, 0, -1",
    "'cvt.rn.f64.s64 %g0, %d10; cvt.rzi.s64.f64 %d9, %g0;', -12345678901, 0, -12345678901",
    "'setp.lt.u64 %p0, %d10, %d11; selp.b64 %d9, %d10, %d11, %p0;', 1, -1, 1",
    "'mov.b64 {%r8, %r7}, %d10; mov.b64 %d9, {%r7, %r8};', 1, 0, 4294967296"
  })
  void instructionsOf64Bits(String instruction, long a, long b, long expected) {
    assertEquals(expected, wide(instruction, a, b));
  }

  @Test
  void directedRoundingAgreesWithExactSums() {
    var random = new java.util.Random(7);
    for (int i = 0; i < 2000; i++) {
      float a = random.nextFloat() * (1 << random.nextInt(20));
      float b = random.nextFloat() - 0.5f;
      var exact = new java.math.BigDecimal(a).add(new java.math.BigDecimal(b));
      float down = Float.intBitsToFloat(Rounding.sum(a, b, Rounding.DOWN));
      float up = Float.intBitsToFloat(Rounding.sum(a, b, Rounding.UP));
      String what = a + " + " + b + " (seed 7)";
      assertEquals(true, new java.math.BigDecimal(down).compareTo(exact) <= 0, what);
      assertEquals(true, new java.math.BigDecimal(up).compareTo(exact) >= 0, what);
      assertEquals(true, up == down || up == Math.nextUp(down), what);
    }
  }
}
