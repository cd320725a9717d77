package dev.jdiffusion.cuda.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PtxParserTest {
  private static final Pattern LINE = Pattern.compile("line (\\d+): .");
  private static final String TEXT =
      """
      // A comment
      .version 6.3
      .target sm_75, debug
      .address_size 64
      .const .align 4 .b8 table[4] = {0, 0, 128, 63};
      .extern .shared .align 16 .b8 dynamic[];
      .func (.param .b32 result) helper(.param .b32 a);
      .visible .entry kernel(
        .param .u64 .ptr .global .align 4 first,
        .param .align 8 .b8 second[12]
      )
      .maxntid 16, 8, 1
      {
        .reg .pred %p<2>;
        .reg .b32 %r<3>;
        .local .align 8 .b8 frame[24];
        /* two
           lines */
        @!%p1 ld.global.v2.f32 {%r1, _}, [%r2+-8];
        {
          .reg .b32 %r1;
          mov.b32 %r1, 0f3F800000;
        }
      $LOOP:
        setp.lt.and.s32 %p0|%p1, %r0, -5, !%p1;
        bra $LOOP;
      targets: .branchtargets $LOOP, $LOOP;
      }
      """;

  private final PtxModule module = PtxParser.parse(TEXT);
  private final PtxFunction kernel = module.functions().get("kernel");

  @Test
  void aModuleHasAVersionATargetVariablesAndTheFunctionsWithBodies() {
    assertEquals("6.3", module.version());
    assertEquals("sm_75", module.target());
    assertEquals(List.of("kernel"), List.copyOf(module.functions().keySet()));
    PtxVariable table = module.variables().getFirst();
    assertEquals("const", table.space());
    assertArrayEquals(new byte[] {0, 0, (byte) 128, 63}, table.data());
    PtxVariable dynamic = module.variables().get(1);
    assertEquals(0, dynamic.bytes());
    assertEquals(16, dynamic.align());
  }

  @Test
  void aKernelHasParametersRegistersVariablesLabelsAndTables() {
    assertEquals(128, kernel.maximumThreads());
    assertEquals(List.of(8L, 12L), kernel.parameters().stream().map(PtxVariable::bytes).toList());
    assertEquals(8, kernel.parameters().get(1).align());
    assertEquals("pred", kernel.registers().get("%p1"));
    assertEquals(24, kernel.variables().getFirst().bytes());
    assertEquals(Map.of("$LOOP", 2), kernel.labels());
    assertEquals(Map.of("targets", List.of("$LOOP", "$LOOP")), kernel.branchTargets());
  }

  @Test
  void instructionsKeepTheirLineGuardAndOperands() {
    PtxInstruction load = kernel.body().getFirst();
    assertEquals(19, load.line());
    assertEquals("@!%p1 ld.global.v2.f32 {%r1, _}, [%r2+-8]", load.toString());
    assertEquals("setp.lt.and.s32 %p0|%p1, %r0, -5, !%p1", kernel.body().get(2).toString());
  }

  @Test
  void registersOfInnerBlocksAreTheirOwn() {
    assertEquals("mov.b32 %r1#1, 1.0", kernel.body().get(1).toString());
    assertEquals("b32", kernel.registers().get("%r1#1"));
  }

  @Test
  void whatIsNotPtxIsRefusedWithItsLine() {
    assertEquals(
        "line 2: 'entry' is not expected here", message(".version 6.3\nentry kernel() {}"));
    assertEquals("line 1: the text ends too early", message(".entry kernel() {"));
    assertEquals("line 3: the label A stands twice", message(".entry kernel() {\nA:\nA:\n}"));
    assertEquals("line 1: a comment that does not end", message("/* .version"));
  }

  @Test
  void whatIsTooMuchIsRefusedWithItsLine() {
    assertEquals(
        "line 1: 4000000000 is too much; at most 1048576",
        message(".entry kernel() { .reg .b32 %r<4000000000>; }"));
    assertEquals(
        "line 2: 9999999999 is too much; at most 536870911",
        message(".version 6.3\n.global .b32 all[9999999999];"));
    assertEquals(
        "line 1: more values than the variable has room for",
        message(".const .b8 table[2] = {1, 2, 3};"));
    assertEquals("line 1: the variable x has no type", message(".global .align 4 x;"));
    assertEquals(
        "line 1: operands are nested too deeply",
        message(".entry kernel() { mov.b32 " + "{".repeat(10_000)));
  }

  /** Parses a text, which may be PTX or not; if not, the message must name a line of it. */
  private static boolean isPtx(String text, String what) {
    try {
      PtxParser.parse(text);
      return true;
    } catch (PtxException e) {
      Matcher line = LINE.matcher(String.valueOf(e.getMessage()));
      assertTrue(line.lookingAt(), what + ": " + e.getMessage());
      int number = Integer.parseInt(line.group(1));
      assertTrue(number >= 1 && number <= text.lines().count() + 1, what + ": " + e.getMessage());
      return false;
    }
  }

  @Test
  void aTextThatEndsAnywhereIsRefusedWithALineOrIsWhole() {
    int refused = 0;
    for (int end = 0; end < TEXT.length(); end++) {
      refused += isPtx(TEXT.substring(0, end), "the first " + end + " characters") ? 0 : 1;
    }
    assertTrue(refused > TEXT.length() / 2, refused + " of " + TEXT.length());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void damagedTextIsRefusedWithALineOrIsStillPtx(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    for (int i = 0; i < 5000; i++) {
      StringBuilder text = new StringBuilder(TEXT);
      for (int j = random.nextInt(1, 5); j > 0; j--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, (char) random.nextInt(1, 256));
          case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(1, 20)));
          default -> {
            int from = random.nextInt(text.length());
            text.insert(at, text, from, Math.min(text.length(), from + random.nextInt(1, 20)));
          }
        }
      }
      refused += isPtx(text.toString(), "seed " + seed + ", text " + i + "\n" + text) ? 0 : 1;
    }
    assertTrue(refused > 1000, "seed " + seed + ": " + refused);
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void randomBytesAreRefusedWithALine(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = new byte[random.nextInt(1, 300)];
      random.nextBytes(bytes);
      String text = "x" + new String(bytes, StandardCharsets.ISO_8859_1);
      assertFalse(isPtx(text, "seed " + seed + ", text " + i));
    }
  }

  private static String message(String text) {
    return assertThrows(PtxException.class, () -> PtxParser.parse(text)).getMessage();
  }
}
