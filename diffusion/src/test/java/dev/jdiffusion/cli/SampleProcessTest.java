package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The sample command: a checkpoint is all it needs, and a picture is the same in any company. */
class SampleProcessTest {
  /** As the training draws. */
  private static final String GRID = "--count 3 --steps 3 --sampler ddim --seed 0";

  @TempDir private static Path shared;

  private static Path checkpoint;
  private static byte[] grid;

  @TempDir private Path folder;

  @BeforeAll
  static void train() throws IOException {
    Path run = shared.resolve("run");
    Program.Result result =
        Program.call("train " + Program.TINY + " --steps 3 --lr 0.01 --out " + run);
    assertEquals(0, result.code(), result.toString());
    grid = Files.readAllBytes(run.resolve("samples/step-000003.png"));
    // Alone in another folder: nothing else of the run may be needed.
    checkpoint =
        Files.move(
            run.resolve("checkpoints/step-000003.safetensors"),
            shared.resolve("alone.safetensors"));
  }

  private Path draw(String name, String flags) {
    Path file = folder.resolve(name);
    Program.Result result =
        Program.call("sample --checkpoint " + checkpoint + " --out " + file + " " + flags);
    assertEquals(0, result.code(), result.toString());
    return file;
  }

  private static void assertSameFile(Path expected, Path actual) throws IOException {
    assertArrayEquals(Files.readAllBytes(expected), Files.readAllBytes(actual));
  }

  @Test
  void batchAndThreadsChangeNoPicture() throws IOException {
    Path expected = draw("a.png", "--count 5 --seed 7 --threads 1");
    assertSameFile(expected, draw("b.png", "--count 5 --seed 7 --batch 2 --threads 2"));
    assertSameFile(expected, draw("c.png", "--count 5 --seed 7 --batch 1"));
  }

  @Test
  void theTrainingDrewItsGridWithTheAverageOfItsCheckpoint() throws IOException {
    assertArrayEquals(grid, Files.readAllBytes(draw("a.png", GRID)));
    assertFalse(Arrays.equals(grid, Files.readAllBytes(draw("b.png", GRID + " --weights raw"))));
  }

  @Test
  void aPictureIsTheSameHoweverManyFollow() throws IOException {
    // Both counts fill a row of at least two, so the first two pictures lie at the same places.
    BufferedImage few = ImageIO.read(draw("few.png", "--count 2 --seed 3").toFile());
    BufferedImage many = ImageIO.read(draw("many.png", "--count 4 --seed 3").toFile());
    assertEquals(few.getWidth(), many.getWidth());
    assertArrayEquals(pixels(few, few.getHeight()), pixels(many, few.getHeight()));
  }

  private static int[] pixels(BufferedImage image, int rows) {
    return image.getRGB(0, 0, image.getWidth(), rows, null, 0, image.getWidth());
  }

  @Test
  void seedSamplerAndWeightsMakeOtherPictures() throws IOException {
    byte[] first = Files.readAllBytes(draw("a.png", ""));
    assertFalse(Arrays.equals(first, Files.readAllBytes(draw("b.png", "--seed 1"))));
    assertFalse(Arrays.equals(first, Files.readAllBytes(draw("c.png", "--sampler ddim"))));
    assertFalse(Arrays.equals(first, Files.readAllBytes(draw("d.png", "--weights raw"))));
  }

  @Test
  void fewerStepsAreDrawnWithDdim() throws IOException {
    assertSameFile(draw("a.png", "--steps 5"), draw("b.png", "--steps 5 --sampler ddim"));
    assertFalse(
        Arrays.equals(
            Files.readAllBytes(draw("c.png", "--steps 5 --sampler ddpm")),
            Files.readAllBytes(draw("d.png", "--steps 5"))));
  }

  @Test
  void aFilmShowsTheSamePicturesEmerge() throws IOException {
    Path gif = folder.resolve("film.gif");
    Path still = draw("a.png", "--count 3 --batch 2 --gif " + gif);
    BufferedImage first = ImageIO.read(gif.toFile());
    assertEquals(ImageIO.read(still.toFile()).getWidth(), first.getWidth());
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aSymbolicLinkIsWrittenThrough() throws IOException {
    Path target = Files.createDirectory(folder.resolve("elsewhere")).resolve("real.png");
    Files.createSymbolicLink(folder.resolve("link.png"), Path.of("elsewhere/real.png"));
    byte[] expected = Files.readAllBytes(draw("a.png", "--count 1"));
    for (int i = 0; i < 2; i++) {
      Path link = draw("link.png", "--count 1");
      assertTrue(Files.isSymbolicLink(link));
      assertArrayEquals(expected, Files.readAllBytes(target));
      Files.writeString(target, "what the link led to before");
    }
  }

  @Test
  void theProcessDrawsIntoItsFolder() throws IOException {
    Program.Result result = Program.in(folder).run("sample --count 2 --checkpoint " + checkpoint);
    assertEquals(0, result.code(), result.toString());
    assertTrue(Files.size(folder.resolve("sample.png")) > 0);
    assertTrue(String.join("\n", result.out()).contains("step 1/20"), result.toString());
    assertTrue(result.out().contains("pictures: sample.png"), result.toString());
  }

  @Test
  void infoTellsWhatIsUsedAndWhatIsNot() {
    Program.Result result = Program.in(folder).run("info");
    assertEquals(0, result.code(), result.toString());
    String text = String.join("\n", result.out());
    for (String part : new String[] {"cpu", "-bit vectors", "reference", "cuda", "heap"}) {
      assertTrue(text.contains(part), text);
    }
  }
}
