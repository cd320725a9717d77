package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.jdiffusion.cuda.ptx.PtxParser;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RegisterAllocationTest {
  private static Map<String, Integer> slots(String body) {
    String ptx = ".entry kernel() { .reg .pred %p<2>; .reg .b32 %r<9>; .reg .f32 %f<9>; ";
    return RegisterAllocation.of(PtxParser.parse(ptx + body + " }").functions().get("kernel"));
  }

  @Test
  void registersThatAreNeededOneAfterTheOtherShareASlot() {
    Map<String, Integer> slots =
        slots("mov.u32 %r0, 1; mov.u32 %r1, %r0; mov.u32 %r2, 3; mov.u32 %r3, %r2;");
    assertEquals(4, slots.size());
    assertEquals(Set.of(0, 1), Set.copyOf(slots.values()));
    assertNotEquals(slots.get("%r0"), slots.get("%r1"));
  }

  @Test
  void resultsDoNotShareASlotWithTheArgumentsOfTheirInstruction() {
    Map<String, Integer> slots = slots("mov.u32 %r0, 1; neg.s32 %r1, %r0; neg.s32 %r2, %r1;");
    assertNotEquals(slots.get("%r0"), slots.get("%r1"));
    assertNotEquals(slots.get("%r1"), slots.get("%r2"));
  }

  @Test
  void kindsOfRegistersAreNumberedApart() {
    Map<String, Integer> slots = slots("mov.u32 %r0, 1; mov.f32 %f0, 0f3F800000;");
    assertEquals(0, slots.get("%r0"));
    assertEquals(0, slots.get("%f0"));
  }

  @Test
  void whatIsWrittenBeforeALoopAndReadInItKeepsItsSlotToTheLoopsEnd() {
    Map<String, Integer> slots =
        slots(
            "mov.u32 %r0, 1; LOOP: mov.u32 %r1, %r0; mov.u32 %r2, %r1; mov.u32 %r3, %r2; @%p0 bra LOOP;");
    for (String other : new String[] {"%r1", "%r2", "%r3"}) {
      assertNotEquals(slots.get("%r0"), slots.get(other), other);
    }
    assertEquals(slots.get("%r1"), slots.get("%r3"));
  }

  @Test
  void whatIsReadBeforeItIsWrittenInALoopKeepsItsSlotAllThroughIt() {
    Map<String, Integer> slots =
        slots(
            "LOOP: mov.u32 %r1, 5; mov.u32 %r2, %r0; mov.u32 %r0, %r2; mov.u32 %r3, %r2; @%p0 bra LOOP;");
    assertNotEquals(slots.get("%r0"), slots.get("%r1"));
    assertNotEquals(slots.get("%r0"), slots.get("%r3"));
  }

  @Test
  void whatIsWrittenUnderAConditionInALoopKeepsItsSlotAllThroughIt() {
    // In the second round %r0 may still be what the first round made of it.
    Map<String, Integer> slots =
        slots(
            "LOOP: mov.u32 %r1, 5; mov.u32 %r4, %r1; @%p1 mov.u32 %r0, 7; mov.u32 %r2, %r0; mov.u32 %r3, 1; @%p0 bra LOOP;");
    for (String other : new String[] {"%r1", "%r3", "%r4"}) {
      assertNotEquals(slots.get("%r0"), slots.get(other), other);
    }
  }

  @Test
  void whatIsWrittenInALoopAndReadBehindItKeepsItsSlotAllThroughIt() {
    Map<String, Integer> slots =
        slots(
            "LOOP: mov.u32 %r1, 5; mov.u32 %r2, %r1; mov.u32 %r0, 7; @%p0 bra LOOP; mov.u32 %r3, %r0;");
    assertNotEquals(slots.get("%r0"), slots.get("%r1"));
    assertNotEquals(slots.get("%r0"), slots.get("%r2"));
  }
}
