package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is wrong gets one line that says what, where and what to do, exit code 2, no lost work. */
class BadInputTest {
  private static final String TRAIN = "train " + Program.TINY + " --steps 1 ";

  @TempDir private static Path shared;

  private static Path run;

  @TempDir private Path folder;

  @BeforeAll
  static void train() {
    run = shared.resolve("run");
    Program.Result result = Program.call(TRAIN + "--out " + run);
    assertEquals(0, result.code(), result.toString());
  }

  private static void assertRefused(String line, String... expected) {
    Program.Result result = Program.call(line);
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().startsWith("diffusion: "), result.toString());
    for (String part : expected) {
      assertTrue(result.err().getFirst().contains(part), part + " missing in " + result);
    }
  }

  private void assertTrainingRefused(String flags, String... expected) {
    Path out = folder.resolve("out");
    assertRefused(TRAIN + "--out " + out + " " + flags, expected);
    assertFalse(Files.exists(out), "a folder was left");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "~ no command given; use train, sample, info",
        "trian ~ unknown command 'trian', use one of train, sample, info, emulate; did you mean train?",
        "train --epoch 3 ~ unknown flag --epoch; did you mean --epochs?",
        "train --lr-decay=cosin ~ did you mean cosine?",
        "train --profile=layer ~ 'layer' is unknown, use one of operations, layers; did you mean layers?",
        "train --batch ~ Missing required parameter for option '--batch'",
        "train runs ~ 'runs' does not belong to any flag",
        "train --epochs 1 --steps 1 ~ give either epochs or steps, not both",
        "sample --chekpoint x ~ did you mean --checkpoint?",
        "sample --count 3 ~ sample needs --checkpoint",
        "sample --checkpoint none ~ none: no such file or folder",
        "info --verbose ~ unknown flag --verbose",
      })
  void aWrongCommandLineIsExplained(String line, String expected) {
    assertRefused(line == null ? "" : line, expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "--preset anotated ~ unknown preset 'anotated' ~ did you mean annotated?",
        "--dataset mnits ~ mnits ~ mnist",
        "--batch 0 ~ --batch: 0 is not between 1 and 65536 ~ ",
        "--seed -1 ~ --seed: -1 is not at least 0 ~ ",
        "--device gpu ~ --device gpu ~ cpu",
        "--precision half ~ 'half' is unknown ~ fp32",
        "--precision bf16 ~ --device cpu --precision bf16: ~ does not compute in bf16, only GPUs do",
        "--matmul nvidia ~ 'nvidia' is unknown ~ vendor",
        "--matmul vendor ~ --device cpu --matmul vendor: ~ 'cpu' has no vendor's library",
        "--matmul vendor --device reference ~ --device reference --matmul vendor: ~ 'reference' has no vendor's library",
        "--matmul vendor --device cuda:emulator ~ --device cuda:emulator --matmul vendor: ~ run on GPUs alone",
        "--image-size 9 ~ image size 9 ~ multiple of 2",
        "--groups 3 ~ 3 groups ~ 8 channels",
        "--dim 4096 --multipliers 64 ~ multipliers [64] is too large ~ choose smaller ones",
        "--dim 2048 --multipliers 1,2,4 ~ multipliers [1, 2, 4] is too large ~ parameters",
        "--schedule linear ~ timestep 19 ~ cosine",
        "--sampler dpm ~ did you mean ddpm? ~ ",
        "--config nowhere.json ~ nowhere.json: no such configuration file ~ ",
      })
  void aWrongSettingIsExplained(String flags, String first, String second) {
    assertTrainingRefused(flags, first, second == null ? "" : second);
  }

  @Test
  void aConfigurationFileIsCheckedLikeTheFlags() throws IOException {
    Path file = folder.resolve("my.json");
    Files.writeString(file, "{\"batchs\": 3}");
    assertTrainingRefused("--config " + file, "my.json", "'batchs'; did you mean batch?");
    Files.writeString(file, "{\"dim\": \"wide\"}");
    assertTrainingRefused("--config " + file, "my.json", "'wide' is not a whole number");
  }

  @Test
  void noControlCharacterReachesTheTerminal() {
    assertRefused("sample --checkpoint \u001b[2Jnone", "diffusion: ?[2Jnone: no such file");
  }

  @Test
  void aDatasetMustBeThere() throws IOException {
    assertTrainingRefused("--dataset " + folder.resolve("none"), "none");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertTrainingRefused("--dataset " + empty, "empty");
  }

  private static byte[] idx(int magic, int count, int height, int width, int pixels) {
    return ByteBuffer.allocate(16 + pixels)
        .putInt(magic)
        .putInt(count)
        .putInt(height)
        .putInt(width)
        .array();
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  @Test
  void idxFilesMustBeWhole() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    Path file = data.resolve("train-images-idx3-ubyte");
    Path zipped = data.resolve("train-images-idx3-ubyte.gz");
    Files.write(file, idx(0x801, 2, 8, 8, 128));
    assertTrainingRefused("--dataset " + data, file.toString());
    Files.write(file, idx(0x803, 3, 8, 8, 128));
    assertTrainingRefused("--dataset " + data, file.toString());
    Files.write(file, idx(0x803, Integer.MAX_VALUE, 30_000, 30_000, 128));
    assertTrainingRefused("--dataset " + data, file.toString());
    Files.delete(file);
    byte[] good = gzip(idx(0x803, 2, 8, 8, 128));
    Files.write(zipped, Arrays.copyOf(good, good.length - 12));
    assertTrainingRefused("--dataset " + data, zipped.toString());
  }

  @Test
  void allPicturesDamagedIsAnErrorThatNamesOne() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    Files.write(data.resolve("cat.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', 1, 2, 3});
    Files.write(data.resolve("dog.jpg"), new byte[] {(byte) 0xff, (byte) 0xd8, 1, 2, 3});
    assertTrainingRefused("--dataset " + data, "data");
  }

  @Test
  void aDamagedPictureAmongGoodOnesIsNamedAndLeftOut() throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    for (int i = 0; i < 4; i++) {
      BufferedImage image = new BufferedImage(9, 12, BufferedImage.TYPE_INT_RGB);
      image.setRGB(i, i, 0xffffff);
      ImageIO.write(image, "png", data.resolve("good" + i + ".png").toFile());
    }
    Files.write(data.resolve("bad.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', 1, 2, 3});
    Program.Result result =
        Program.call(TRAIN + "--dataset " + data + " --out " + folder.resolve("out"));
    assertEquals(0, result.code(), result.toString());
    String text = String.join("\n", result.out());
    assertTrue(text.contains("4 pictures of 8x8"), text);
    assertTrue(text.contains("bad.png"), text);
  }

  @Test
  void anOutputFolderMustBeWritable() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "mine");
    assertRefused(TRAIN + "--out " + file, "file", "choose another --out");
    assertRefused(TRAIN + "--out " + file.resolve("run"), "file", "choose another --out");
    assertEquals("mine", Files.readString(file));
  }

  @Test
  void anExistingRunIsNotOverwritten() throws IOException {
    byte[] metrics = Files.readAllBytes(run.resolve("metrics.jsonl"));
    assertRefused(TRAIN + "--out " + run, run.toString(), "continue it with --resume");
    assertEquals(
        new String(metrics, StandardCharsets.UTF_8),
        Files.readString(run.resolve("metrics.jsonl")));
  }

  @Test
  void thereMustBeARunToResume() {
    assertRefused("train --resume --out " + folder.resolve("none"), "none", "no run to resume");
    assertRefused("train --resume --out " + folder, "has no checkpoint to resume from");
  }

  @Test
  void aResumedRunKeepsItsNetwork() {
    assertRefused("train --resume --dim 16 --out " + run, "has dim 8, not 16", "leave --dim out");
    assertRefused("train --resume --preset annotated --out " + run, "has preset quick");
    assertRefused("train --resume --dataset mnist --out " + run, "has dataset strokes");
    assertRefused("train --resume --multipliers 1,2,4 --out " + run, "multipliers 1,2, not 1,2,4");
  }

  private Path checkpoint() throws IOException {
    return Files.copy(
        run.resolve("checkpoints/step-000001.safetensors"), folder.resolve("copy.safetensors"));
  }

  private void assertSampleRefused(Path checkpoint, String... expected) {
    Path out = folder.resolve("out.png");
    assertRefused("sample --checkpoint " + checkpoint + " --out " + out, expected);
    assertFalse(Files.exists(out));
  }

  @Test
  void aTruncatedCheckpointIsNamed() throws IOException {
    Path copy = checkpoint();
    byte[] whole = Files.readAllBytes(copy);
    for (int length : new int[] {0, 5, 8, 100, whole.length / 2, whole.length - 1}) {
      Files.write(copy, Arrays.copyOf(whole, length));
      assertSampleRefused(copy, "copy.safetensors");
    }
  }

  @Test
  void aFlippedBitInACheckpointIsNoticed() throws IOException {
    Path copy = checkpoint();
    byte[] bytes = Files.readAllBytes(copy);
    bytes[bytes.length * 3 / 4] ^= 4;
    Files.write(copy, bytes);
    assertSampleRefused(copy, "copy.safetensors: is damaged: its checksum is");
  }

  @Test
  void somethingElseIsNoCheckpoint() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.txt"), "these are only my notes");
    assertSampleRefused(text, "notes.txt: not a safetensors file");
    Path header = folder.resolve("empty.safetensors");
    Files.write(
        header,
        ByteBuffer.allocate(10)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(2)
            .put((byte) '{')
            .put((byte) '}')
            .array());
    assertSampleRefused(header, "not a checkpoint of this program");
    assertSampleRefused(folder, "has no checkpoint in it");
  }

  /** A checkpoint with another configuration, of the same length, so that no offset moves. */
  private Path checkpointWith(String setting, String other) throws IOException {
    Path copy = checkpoint();
    String text = new String(Files.readAllBytes(copy), StandardCharsets.ISO_8859_1);
    assertTrue(text.contains(setting), "the configuration is in the metadata");
    Files.write(copy, text.replace(setting, other).getBytes(StandardCharsets.ISO_8859_1));
    return copy;
  }

  @Test
  void aCheckpointOfAnotherShapeIsNamed() throws IOException {
    Path copy = checkpointWith("\\\"head-dim\\\":4,", "\\\"head-dim\\\":8,");
    assertSampleRefused(copy, "copy.safetensors", "has shape", "expected");
  }

  @Test
  void aCheckpointWhoseConfigurationContradictsItselfIsNamed() throws IOException {
    Path copy = checkpointWith("\\\"dim\\\":8,", "\\\"dim\\\":6,");
    assertSampleRefused(copy, copy + ": is damaged: its configuration does not fit: 4 groups");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "--steps 21 ~ 21 steps",
        "--sampler dmpm ~ did you mean ddpm?",
        "--count 0 ~ --count: 0",
        "--weights best ~ use one of ema, raw",
        "--out none/x.png ~ there is no folder",
        "--out grid.JPG ~ --out grid.JPG: is written as PNG; name a file that ends in .png",
        "--out grid.gif ~ --out grid.gif: is written as PNG",
        "--gif film.png ~ --gif film.png: is written as GIF; name a file that ends in .gif",
        "--out grid --gif ./grid ~ --out and --gif are the same file, grid; name two",
      })
  void aWrongFlagOfSampleIsExplained(String flags, String expected) {
    assertRefused("sample --checkpoint " + run + " " + flags, expected);
  }

  /** A program whose output fails in some way. */
  private static Program.Result infoInto(OutputStream out) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(new String[] {"info"}, new PrintStream(out), new PrintStream(err, true), () -> {});
    return new Program.Result(
        code, List.of(), err.toString(StandardCharsets.UTF_8).lines().toList());
  }

  @Test
  void outputThatGetsLostIsAnError() {
    Program.Result result =
        infoInto(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException("No space left on device");
              }
            });
    assertEquals(2, result.code(), result.toString());
    assertEquals(
        List.of(
            "diffusion: cannot write to the standard output: the disk is full, or nobody reads it"),
        result.err());
  }

  static List<Error> errorsForWantOfMemory() {
    OutOfMemoryError cause = new OutOfMemoryError("Java heap space");
    NoClassDefFoundError later = new NoClassDefFoundError("Could not initialize class X");
    later.initCause(
        new ExceptionInInitializerError("Exception " + cause + " [in thread \"main\"]"));
    return List.of(
        cause, new BootstrapMethodError(cause), new ExceptionInInitializerError(cause), later);
  }

  @ParameterizedTest
  @MethodSource("errorsForWantOfMemory")
  void wantOfMemoryIsNoInternalErrorWhateverItIsWrappedIn(Error error) {
    Program.Result result =
        infoInto(
            new OutputStream() {
              @Override
              public void write(int b) {
                throw error;
              }
            });
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains("out of memory"), result.toString());
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void whatIsThereAndNoFileIsNotReplaced() {
    assertRefused("sample --checkpoint " + run + " --out /dev/null", "/dev/null: it is a device");
    assertTrue(Files.exists(Path.of("/dev/null")) && !Files.isRegularFile(Path.of("/dev/null")));
  }
}
