package dev.jdiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  private static final Backend BACKEND = Backends.open(Device.REFERENCE, 1);

  @TempDir Path folder;

  @Test
  void whatIsWrittenIsReadBack() {
    Path file = folder.resolve("weights.safetensors");
    try (Scope scope = Scope.open()) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("down.0.weight", Tensor.of(BACKEND, Shape.of(2, 3), 1, -2, 3.5f, 0, -0f, 1e-40f));
      tensors.put("scalar", Tensor.of(BACKEND, Shape.of(), 7));
      tensors.put("none", Tensor.of(BACKEND, Shape.of(0, 4)));
      tensors.put("\u00fcml\"aut\n", Tensor.of(BACKEND, Shape.of(1), Float.NaN));
      Safetensors.write(file, Map.of("step", "12", "config", "{\"dim\": 28}"), tensors);

      try (SafetensorsFile read = Safetensors.open(file)) {
        assertEquals(Map.of("step", "12", "config", "{\"dim\": 28}"), read.metadata());
        assertEquals(List.copyOf(tensors.keySet()), List.copyOf(read.tensors().keySet()));
        assertArrayEquals(
            new float[] {1, -2, 3.5f, 0, -0f, 1e-40f}, read.readFloats("down.0.weight"));
        assertEquals(List.of(2L, 3L), read.entry("down.0.weight").extents());
        assertArrayEquals(new float[] {Float.NaN}, read.readFloats("\u00fcml\"aut\n"));
        assertEquals(0, read.readDoubles("none").length);
        Tensor target = Tensor.zeros(BACKEND, Shape.of(2, 3));
        read.read("down.0.weight", target);
        assertArrayEquals(tensors.get("down.0.weight").toFloats(), target.toFloats());
      }
    }
    assertFalse(Files.exists(folder.resolve("weights.safetensors.tmp")));
  }

  @Test
  void tensorsLongerThanOneChunkSurvive() {
    Path file = folder.resolve("long.safetensors");
    float[] values = new float[(1 << 18) + 70_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 0.37f;
    }
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> i / 3.0);
    try (Scope scope = Scope.open()) {
      Tensor tensor = Tensor.of(BACKEND, Shape.of(values.length), values);
      Tensor exact = Tensor.of(BACKEND, Shape.of(doubles.length), doubles);
      Safetensors.write(file, Map.of(), map("x", tensor));
      try (SafetensorsFile read = Safetensors.open(file)) {
        assertArrayEquals(values, read.readFloats("x"));
        Tensor target = Tensor.zeros(BACKEND, Shape.of(values.length));
        read.read("x", target);
        assertArrayEquals(values, target.toFloats());
      }
      Safetensors.write(file, Map.of(), map("x", exact), DataType.F64);
      try (SafetensorsFile read = Safetensors.open(file)) {
        assertArrayEquals(doubles, read.readDoubles("x"));
      }
    }
  }

  @Test
  void theFileHasTheLayoutThatOtherToolsExpect() throws IOException {
    Path file = folder.resolve("layout.safetensors");
    try (Scope scope = Scope.open()) {
      SequencedMap<String, Tensor> tensors = map("a", Tensor.of(BACKEND, Shape.of(1, 2), 1, 2));
      tensors.put("b", Tensor.of(BACKEND, Shape.of(1), -3));
      Safetensors.write(file, Map.of("k", "v"), tensors);
    }
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) buffer.getLong(0);
    assertEquals(0, length % 8);
    assertEquals(8 + length + 12, bytes.length);
    assertEquals(
        "{\"__metadata__\":{\"k\":\"v\"},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
        new String(bytes, 8, length, StandardCharsets.UTF_8).stripTrailing());
    assertEquals(1f, buffer.getFloat(8 + length));
    assertEquals(2f, buffer.getFloat(8 + length + 4));
    assertEquals(-3f, buffer.getFloat(8 + length + 8));
  }

  /** The resource was written by the format's own Python library, version 0.8.0. */
  @Test
  void aFileOfAnotherToolIsRead() throws IOException {
    Path file = folder.resolve("from-python.safetensors");
    try (InputStream resource =
        Objects.requireNonNull(getClass().getResourceAsStream("/golden/from-python.safetensors"))) {
      Files.copy(resource, file);
    }
    try (SafetensorsFile read = Safetensors.open(file)) {
      assertEquals(Map.of("x", "y"), read.metadata());
      assertEquals(Set.of("a", "b", "c", "d", "e", "z"), read.tensors().keySet());
      assertArrayEquals(new double[] {0, 1, 2, 3}, read.readDoubles("a"));
      assertArrayEquals(new double[] {1.5, 2}, read.readDoubles("b"));
      assertEquals(List.of(1L, 2L), read.entry("b").extents());
      assertEquals(DataType.BOOL, read.entry("c").dataType());
      assertArrayEquals(new double[] {-3}, read.readDoubles("d"));
      assertArrayEquals(new float[] {2}, read.readFloats("e"));
      assertEquals(List.of(0L, 2L), read.entry("z").extents());
    }
  }

  @Test
  void equalContentsGiveEqualFiles() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path two = folder.resolve("two.safetensors");
    SequencedMap<String, String> metadata = new LinkedHashMap<>(Map.of("a", "1"));
    metadata.putFirst("b", "2");
    Safetensors.write(one, metadata, new LinkedHashMap<>());
    Safetensors.write(two, metadata.reversed(), new LinkedHashMap<>());
    assertEquals(-1, Files.mismatch(one, two));
  }

  @Test
  void everyNumericTypeIsConverted() throws IOException {
    assertArrayEquals(new double[] {1.5, -2}, numbers("F16", 0x00, 0x3e, 0x00, 0xc0));
    assertArrayEquals(new double[] {1.5, -2}, numbers("BF16", 0xc0, 0x3f, 0x00, 0xc0));
    assertArrayEquals(new double[] {1, 255}, numbers("U8", 1, 255));
    assertArrayEquals(new double[] {1, -1}, numbers("I8", 1, 255));
    assertArrayEquals(new double[] {258, 65535}, numbers("U16", 2, 1, 255, 255));
    assertArrayEquals(new double[] {258, -1}, numbers("I16", 2, 1, 255, 255));
    assertArrayEquals(new double[] {4294967295.0}, numbers("U32", 255, 255, 255, 255));
    assertArrayEquals(new double[] {-1}, numbers("I32", 255, 255, 255, 255));
    assertArrayEquals(new double[] {-2}, numbers("I64", 254, 255, 255, 255, 255, 255, 255, 255));
    assertArrayEquals(new double[] {1}, numbers("F64", 0, 0, 0, 0, 0, 0, 0xf0, 0x3f));
  }

  @ParameterizedTest
  @ValueSource(strings = {"BOOL", "F8_E4M3", "F8_E5M2", "U64"})
  void typesWithoutConversionAreReportedWhenRead(String type) throws IOException {
    int count = type.equals("U64") ? 8 : 1;
    Path file = file(header(type, "1", "0," + count), new byte[count]);
    try (SafetensorsFile read = Safetensors.open(file)) {
      SafetensorsException e =
          assertThrows(SafetensorsException.class, () -> read.readDoubles("x"));
      assertTrue(e.getMessage().contains(type), e.getMessage());
    }
  }

  @Test
  void aMissingTensorAndAnotherShapeAreNamed() throws IOException {
    Path file = file(header("F32", "2", "0,8"), new byte[8]);
    try (Scope scope = Scope.open();
        SafetensorsFile read = Safetensors.open(file)) {
      SafetensorsException missing =
          assertThrows(SafetensorsException.class, () -> read.readFloats("y"));
      assertTrue(missing.getMessage().contains("no tensor 'y'"), missing.getMessage());
      Tensor target = Tensor.zeros(BACKEND, Shape.of(2, 1));
      SafetensorsException shape =
          assertThrows(SafetensorsException.class, () -> read.read("x", target));
      assertTrue(
          shape.getMessage().contains("'x' has shape [2], expected [2, 1]"), shape.getMessage());
    }
  }

  static Stream<String> hostileHeaders() {
    return Stream.of(
        "[]",
        "{",
        "{}x",
        "{} {}",
        "{\"x\":1}",
        "{\"x\":{}}",
        "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":\"a\"}",
        "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}",
        header("F32", "2", "0,8").replace("F32", "F31"),
        header("F32", "2", "0,7"),
        header("F32", "2", "0,12"),
        header("F32", "1", "4,8"),
        header("F32", "1", "0,4"),
        header("F32", "2", "8,0"),
        header("F32", "2", "-8,0"),
        header("F32", "2", "0"),
        header("F32", "2", "0,8,8"),
        header("F32", "2", "0,8.0"),
        header("F32", "2", "\"0\",8"),
        header("F32", "-2", "0,8"),
        header("F32", "-2,-1", "0,8"),
        header("F32", "2e0", "0,8"),
        header("F32", "4294967296,4294967296,2", "0,8"),
        header("F32", "99999999999999999999", "0,8"),
        header("F32", "2", "0,99999999999999999999"),
        header("F32", "2", "0,9223372036854775807"),
        header("F32", "1,".repeat(80) + "2", "0,8"),
        "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        twice("x", "0,4", "x", "4,8"),
        twice("x", "0,4", "y", "0,4"),
        twice("x", "0,8", "y", "4,8"));
  }

  @ParameterizedTest
  @MethodSource("hostileHeaders")
  void hostileHeadersAreRejectedInOneLine(String header) throws IOException {
    assertRejected(file(header, new byte[8]));
  }

  @Test
  void textThatIsNotUtf8IsRejected() throws IOException {
    byte[] header = header("F32", "2", "0,8").getBytes(StandardCharsets.UTF_8);
    header[2] = (byte) 0xff;
    assertRejected(file(header, new byte[8]));
    byte[] wide = header("F32", "2", "0,8").getBytes(StandardCharsets.UTF_16LE);
    assertRejected(file(wide, new byte[8]));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, 1000, 100_000_000, 100_000_001, Integer.MAX_VALUE, -1, Long.MIN_VALUE})
  void headerLengthsThatCannotBeAreRejected(long length) throws IOException {
    Path file = folder.resolve("length.safetensors");
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Files.write(file, bytes.put((byte) '{').put((byte) '}').array());
    // The length is refused as such, before it drives an allocation.
    String message = assertRejected(file);
    assertTrue(message.contains("header claims " + Long.toUnsignedString(length)), message);
  }

  @Test
  void everyTruncationIsRejected() throws IOException {
    Path whole = sample();
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = folder.resolve("cut.safetensors");
    for (int length = 0; length < bytes.length; length++) {
      Files.write(cut, Arrays.copyOf(bytes, length));
      assertRejected(cut);
    }
    Files.write(cut, Arrays.copyOf(bytes, bytes.length + 1));
    assertRejected(cut);
  }

  @Test
  void randomDamageIsRejectedOrHarmlessButNeverAnotherException() throws IOException {
    byte[] bytes = Files.readAllBytes(sample());
    Path file = folder.resolve("damaged.safetensors");
    long seed = 20260101;
    Random random = new Random(seed);
    int rejected = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = bytes.clone();
      if (round % 3 == 0) {
        random.nextBytes(damaged);
        if (round % 2 == 0) {
          ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong(damaged.length - 20L);
          damaged[8] = '{';
        }
      } else {
        for (int hits = random.nextInt(4); hits >= 0; hits--) {
          damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
        }
      }
      Files.write(file, damaged);
      try (SafetensorsFile read = Safetensors.open(file)) {
        for (String name : read.tensors().keySet()) {
          read.readDoubles(name);
        }
      } catch (SafetensorsException e) {
        rejected++;
        assertOneLine(e);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + " round " + round, e);
      }
    }
    assertTrue(rejected > 1500, "only " + rejected + " of 3000 were noticed");
  }

  @Test
  void aFileThatShrinksAfterItWasOpenedIsReported() throws IOException {
    Path file = sample();
    try (SafetensorsFile read = Safetensors.open(file)) {
      Files.write(file, new byte[16]);
      SafetensorsException e =
          assertThrows(SafetensorsException.class, () -> read.readFloats("first"));
      assertTrue(e.getMessage().contains("truncated"), e.getMessage());
    }
  }

  @Test
  void missingFilesAndFoldersAreReported() {
    assertRejected(folder.resolve("absent.safetensors"));
    assertRejected(folder);
    SafetensorsException e =
        assertThrows(
            SafetensorsException.class,
            () -> Safetensors.write(folder.resolve("no/such/x"), Map.of(), new LinkedHashMap<>()));
    assertTrue(e.getMessage().contains("does not exist"), e.getMessage());
  }

  @Test
  void aFailedWriteLeavesTheOldFileAndNoRest() throws IOException {
    Path file = folder.resolve("target");
    Files.createDirectories(file.resolve("occupied"));
    assertThrows(
        SafetensorsException.class, () -> Safetensors.write(file, Map.of(), new LinkedHashMap<>()));
    assertTrue(Files.isDirectory(file.resolve("occupied")));
    assertFalse(Files.exists(folder.resolve("target.tmp")));
  }

  private double[] numbers(String type, int... bytes) throws IOException {
    byte[] data = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      data[i] = (byte) bytes[i];
    }
    int count = data.length / DataType.parse(type).orElseThrow().bytes();
    try (SafetensorsFile read =
        Safetensors.open(file(header(type, "" + count, "0," + data.length), data))) {
      float[] floats = read.readFloats("x");
      double[] doubles = read.readDoubles("x");
      for (int i = 0; i < count; i++) {
        assertEquals((float) doubles[i], floats[i]);
      }
      return doubles;
    }
  }

  private Path sample() {
    Path file = folder.resolve("sample.safetensors");
    try (Scope scope = Scope.open()) {
      SequencedMap<String, Tensor> tensors =
          map("first", Tensor.of(BACKEND, Shape.of(2, 2), 1, 2, 3, 4));
      tensors.put("second", Tensor.of(BACKEND, Shape.of(3), 5, 6, 7));
      Safetensors.write(file, Map.of("step", "3"), tensors);
    }
    return file;
  }

  private static SequencedMap<String, Tensor> map(String name, Tensor tensor) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(name, tensor);
    return tensors;
  }

  private static String header(String type, String shape, String offsets) {
    return "{\"x\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s]}}"
        .formatted(type, shape, offsets);
  }

  private static String twice(String name1, String offsets1, String name2, String offsets2) {
    String entry = "\"%s\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[%s]}";
    return "{"
        + entry.formatted(name1, offsets1.equals("0,8") ? 2 : 1, offsets1)
        + ","
        + entry.formatted(name2, 1, offsets2)
        + "}";
  }

  private Path file(String header, byte[] data) throws IOException {
    return file(header.getBytes(StandardCharsets.UTF_8), data);
  }

  private Path file(byte[] header, byte[] data) throws IOException {
    Path file = folder.resolve("case.safetensors");
    Files.write(
        file,
        ByteBuffer.allocate(8 + header.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .put(data)
            .array());
    return file;
  }

  private static String assertRejected(Path file) {
    return assertOneLine(
        assertThrows(SafetensorsException.class, () -> Safetensors.open(file).close()));
  }

  private static String assertOneLine(SafetensorsException e) {
    String message = e.getMessage();
    assertTrue(message.lines().count() == 1 && message.length() < 1000, message);
    return message;
  }
}
