package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("emulate")
class EmulateCommandTest {
  @Test
  @DisplayName("lists its operations and their kernels where none is named")
  void listsOperations() {
    Program.Result result = Program.call("emulate");
    assertEquals(0, result.code(), result.toString());
    assertEquals(
        "matMul            [128,128] times [128,128]; --kernel usual|large|medium|tall|small|naive",
        result.out().getFirst());
    assertTrue(result.out().contains("softmax           64 rows of 256"), result.out().toString());
  }

  @Test
  @DisplayName("prints what a kernel did, and whether it is right")
  void printsCounts() {
    Program.Result result = Program.call("emulate matMul --size 32 --kernel naive");
    assertEquals(0, result.code(), result.toString());
    List<String> out = result.out();
    assertEquals(7, out.size(), result.toString());
    assertEquals("matMul: [32,32] times [32,32]", out.get(0));
    assertEquals("naive_mat_mul: 1 launch, 4 blocks x 256 threads", out.get(1));
    assertEquals(
        "  global memory   2,080 accesses of warps, 5,248 transactions of 32 bytes"
            + " (5,248 if all lay together)",
        out.get(3));
    assertEquals("  shared memory   0 accesses of warps, 0 more for bank conflicts", out.get(4));
    assertEquals("  branches        0 divergent", out.get(5));
    assertTrue(out.get(6).startsWith("agrees with reference: "), out.get(6));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          matmull                | there is no operation 'matmull'
          softmax --kernel naive | --kernel: 'naive' is unknown, use one of usual
          softmax --size 0       | --size: 0 is not between 1 and 16384
          softmax --size x       | --size
          softmax 3              | '3' does not belong to any flag
          --size 3               | emulate needs an operation before --size and --kernel
          """)
  @DisplayName("says in one line what is wrong with its arguments")
  void refusesWrongArguments(String arguments, String message) {
    Program.Result result = Program.call("emulate " + arguments);
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains(message), result.toString());
    assertEquals(List.of(), result.out());
  }
}
