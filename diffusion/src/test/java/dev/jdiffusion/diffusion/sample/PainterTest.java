package dev.jdiffusion.diffusion.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.tensor.Shape;
import org.junit.jupiter.api.Test;

class PainterTest {
  @Test
  void moreThanAGridHoldsIsRefusedBeforeItIsDrawn() {
    Shape shape = Shape.of(256, 256, 3);
    Painter.checkCount("--count", 10_093, shape);
    UserError error =
        assertThrows(UserError.class, () -> Painter.checkCount("--count", 10_094, shape));
    assertEquals(
        "--count 10094: so many pictures of 256x256x3 do not fit one grid; at most 10093 do",
        error.getMessage());
  }
}
