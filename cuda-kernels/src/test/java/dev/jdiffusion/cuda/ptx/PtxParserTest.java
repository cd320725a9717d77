package dev.jdiffusion.cuda.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PtxParserTest {
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

  private static String message(String text) {
    return assertThrows(PtxException.class, () -> PtxParser.parse(text)).getMessage();
  }
}
