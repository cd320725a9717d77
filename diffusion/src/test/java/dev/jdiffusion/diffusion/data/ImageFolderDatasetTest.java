package dev.jdiffusion.diffusion.data;

import static dev.jdiffusion.diffusion.data.TestFiles.assertUserError;
import static dev.jdiffusion.diffusion.data.TestFiles.image;
import static dev.jdiffusion.diffusion.data.TestFiles.read;
import static dev.jdiffusion.diffusion.data.TestFiles.write;
import static dev.jdiffusion.diffusion.data.TestFiles.zip;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderDatasetTest {
  private static final byte[] NO_IMAGE = "no image".getBytes(StandardCharsets.UTF_8);

  private static final DatasetOptions EIGHT = DatasetOptions.DEFAULTS.withImageSize(8);

  @TempDir private Path folder;

  /** One colour all over, so that the class of a picture shows in its first value. */
  private static byte[] plain(int rgb) {
    BufferedImage image = new BufferedImage(10, 10, BufferedImage.TYPE_INT_RGB);
    IntStream.range(0, 100).forEach(i -> image.setRGB(i % 10, i / 10, rgb));
    return TestFiles.encode("png", image);
  }

  private Path zipFile(Map<String, byte[]> entries) {
    return write(folder.resolve("images.zip"), zip(entries));
  }

  @Test
  void subFoldersAreClassesInTheOrderOfTheirNames() {
    write(folder.resolve("wolf/2.png"), plain(0x200000));
    write(folder.resolve("wolf/1.PNG"), plain(0x100000));
    write(folder.resolve("ant/deep/er/9.png"), plain(0x900000));
    write(folder.resolve("bee/5.JPG"), image("jpg", 12, 9, 1));
    write(folder.resolve("bee/notes.txt"), NO_IMAGE);
    write(folder.resolve(".hidden/1.png"), plain(0));
    write(folder.resolve("ant/._9.png"), NO_IMAGE);
    write(folder.resolve("__MACOSX/ant/9.png"), plain(0));
    try (ImageFolderDataset dataset = ImageFolderDataset.ofFolder(folder, EIGHT)) {
      assertEquals(4, dataset.size());
      assertEquals(List.of("ant", "bee", "wolf"), dataset.classNames());
      assertArrayEquals(
          new int[] {0, 1, 2, 2}, IntStream.range(0, 4).map(dataset::label).toArray());
      assertEquals(0x90 / 127.5f - 1, read(dataset, 0)[0], 1e-6f);
      assertEquals(0x10 / 127.5f - 1, read(dataset, 2)[0], 1e-6f);
      assertEquals(0x20 / 127.5f - 1, read(dataset, 3)[0], 1e-6f);
      assertEquals(3, dataset.channels());
      assertEquals(8 * 8 * 3, dataset.imageLength());
      assertEquals(List.of(), dataset.notices());
    }
  }

  @Test
  void aZipIsReadLikeItsFolderWhateverTheOrderInIt() {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("set/wolf/1.png", plain(0x300000));
    entries.put("set/ant/2.gif", image("gif", 9, 9, 1));
    entries.put("set/ant/1.png", plain(0x100000));
    entries.put("__MACOSX/set/ant/._1.png", NO_IMAGE);
    entries.put("set/.DS_Store", NO_IMAGE);
    entries.put("set/readme.md", NO_IMAGE);
    try (ImageFolderDataset dataset = ImageFolderDataset.ofZip(zipFile(entries), EIGHT)) {
      assertEquals(3, dataset.size());
      assertEquals(List.of("ant", "wolf"), dataset.classNames());
      assertEquals(0, dataset.label(1));
      assertEquals(0x10 / 127.5f - 1, read(dataset, 0)[0], 1e-6f);
      assertEquals(0x30 / 127.5f - 1, read(dataset, 2)[0], 1e-6f);
    }
  }

  @Test
  void picturesWithoutSubFoldersHaveNoClass() {
    write(folder.resolve("b.png"), plain(0x0000FF));
    write(folder.resolve("a.bmp"), image("bmp", 9, 9, 1));
    try (ImageFolderDataset dataset = ImageFolderDataset.ofFolder(folder, EIGHT)) {
      assertEquals(List.of(), dataset.classNames());
      assertEquals(-1, dataset.label(0));
    }
  }

  @Test
  void aPictureBesideTheClassFoldersHasNoClass() {
    write(folder.resolve("0.png"), plain(0));
    write(folder.resolve("a/0.png"), plain(0));
    write(folder.resolve("b/0.png"), plain(0));
    try (ImageFolderDataset dataset = ImageFolderDataset.ofFolder(folder, EIGHT)) {
      assertEquals(List.of("a", "b"), dataset.classNames());
      assertArrayEquals(new int[] {-1, 0, 1}, IntStream.range(0, 3).map(dataset::label).toArray());
    }
  }

  @Test
  void sizeAndChannelsFollowTheImagesWhereNobodySays() {
    write(folder.resolve("1.png"), image("png", BufferedImage.TYPE_BYTE_GRAY, 40, 20, 1));
    write(folder.resolve("2.png"), image("png", BufferedImage.TYPE_BYTE_GRAY, 30, 50, 2));
    try (ImageFolderDataset d = ImageFolderDataset.ofFolder(folder, DatasetOptions.DEFAULTS)) {
      assertEquals(20, d.height());
      assertEquals(20, d.width());
      assertEquals(1, d.channels());
    }
    write(folder.resolve("3.png"), image("png", 500, 500, 3));
    try (ImageFolderDataset d = ImageFolderDataset.ofFolder(folder, DatasetOptions.DEFAULTS)) {
      assertEquals(3, d.channels());
    }
    DatasetOptions grey = DatasetOptions.DEFAULTS.withChannels(1).withImageSize(32);
    try (ImageFolderDataset d = ImageFolderDataset.ofFolder(folder, grey)) {
      assertEquals(32 * 32, d.imageLength());
    }
    try (ImageFolderDataset d =
        ImageFolderDataset.ofFolder(
            write(folder.resolve("4/4.png"), image("png", 500, 400, 3)).getParent(),
            DatasetOptions.DEFAULTS)) {
      assertEquals(64, d.height());
    }
  }

  @Test
  void corruptImagesAreNamedSkippedAndCounted() {
    for (int i = 0; i < 30; i++) {
      write(folder.resolve("good%02d.png".formatted(i)), plain(i << 16 | 1));
    }
    write(folder.resolve("bad.jpg"), NO_IMAGE);
    write(folder.resolve("good05b.png"), new byte[0]);
    try (ImageFolderDataset dataset = ImageFolderDataset.ofFolder(folder, EIGHT)) {
      assertEquals(30, dataset.size());
      for (int i = 0; i < 30; i++) {
        assertEquals(i / 127.5f - 1, read(dataset, i)[0], 1e-6f);
      }
      assertEquals(
          List.of(
              "skipped bad.jpg: not a PNG, JPEG, GIF or BMP file",
              "skipped good05b.png: the file is empty",
              "skipped 2 of 32 images"),
          dataset.notices());
    }
  }

  @Test
  void whatTheSystemRefusesIsNamedWithTheReason() {
    write(folder.resolve("a/1.png"), plain(0));
    write(folder.resolve("a/2.png"), plain(0));
    try (ImageSource files = ImageSource.ofFolder(folder);
        ImageFolderDataset dataset =
            ImageFolderDataset.open(
                folder,
                new ImageSource() {
                  @Override
                  public List<String> names() {
                    return files.names();
                  }

                  @Override
                  public byte[] bytes(int index) throws IOException {
                    if (index == 1) {
                      throw new AccessDeniedException(folder + "/a/2.png");
                    }
                    return files.bytes(index);
                  }

                  @Override
                  public void close() {}
                },
                EIGHT,
                1 << 20)) {
      assertEquals("skipped a/2.png: permission denied", dataset.notices().getFirst());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    assertUserError(
        () -> {
          throw ImageSource.unreadable(folder, new AccessDeniedException(folder + "/b/c"));
        },
        "cannot read the folder " + folder + "/b/c: permission denied");
    assertUserError(
        () -> {
          throw ImageSource.unreadable(folder, new IOException("gone"));
        },
        "cannot read the folder " + folder + ": gone");
  }

  @Test
  void onlyCorruptImagesAreAnError() {
    write(folder.resolve("a.jpg"), NO_IMAGE);
    write(folder.resolve("b.jpg"), NO_IMAGE);
    assertUserError(
        () -> ImageFolderDataset.ofFolder(folder, DatasetOptions.DEFAULTS),
        folder.toString(),
        "none of its 2 images",
        "a.jpg: not a PNG");
  }

  @Test
  void picturesInOtherFormatsAreCounted() {
    Map<String, byte[]> entries = new TreeMap<>();
    for (String name : List.of("a/1.webp", "a/2.WEBP", "b/scan.tif", ".thumbs/1.webp", "b.txt")) {
      entries.put(name, NO_IMAGE);
    }
    String expected =
        "ignored files in formats that are not read (1 .tif, 2 .webp): convert them to PNG or JPEG";
    entries.forEach((name, bytes) -> write(folder.resolve("set").resolve(name), bytes));
    assertUserError(
        () -> ImageFolderDataset.ofFolder(folder.resolve("set"), EIGHT),
        "no images in it that can be read; " + expected);
    entries.put("a/3.png", plain(0));
    write(folder.resolve("set/a/3.png"), plain(0));
    try (ImageFolderDataset inFolder = ImageFolderDataset.ofFolder(folder.resolve("set"), EIGHT);
        ImageFolderDataset inZip = ImageFolderDataset.ofZip(zipFile(entries), EIGHT)) {
      assertEquals(List.of(expected), inFolder.notices());
      assertEquals(List.of(expected), inZip.notices());
    }
  }

  @Test
  void emptyFoldersAndZipsAreAnError() {
    assertUserError(
        () -> ImageFolderDataset.ofFolder(folder, EIGHT), folder.toString(), "no images in it");
    Path zip = zipFile(Map.of("readme.txt", NO_IMAGE));
    assertUserError(() -> ImageFolderDataset.ofZip(zip, EIGHT), "images.zip", "no images in it");
  }

  @Test
  void aDamagedZipIsAnError() {
    Path zip = write(folder.resolve("x.zip"), NO_IMAGE);
    assertUserError(() -> ImageFolderDataset.ofZip(zip, EIGHT), zip.toString(), "zip");
    assertUserError(
        () -> ImageFolderDataset.ofZip(folder.resolve("none.zip"), EIGHT), "no such file");
  }

  @Test
  void entryNamesThatClimbOutOfTheZipAreHarmless() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("../../evil/1.png", plain(0));
    entries.put("/abs/2.png", plain(0));
    entries.put("a\\..\\back\\3.png", plain(0));
    Path zip = zipFile(entries);
    try (ImageFolderDataset dataset = ImageFolderDataset.ofZip(zip, EIGHT)) {
      assertEquals(3, dataset.size());
      assertEquals(List.of("a", "abs", "evil"), dataset.classNames());
    }
    try (var files = Files.walk(folder)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void namesInAnotherEncodingAreRead() throws IOException {
    Path file = folder.resolve("latin.zip");
    try (ZipOutputStream zip =
        new ZipOutputStream(Files.newOutputStream(file), StandardCharsets.ISO_8859_1)) {
      for (String name : List.of("caf\u00e9/1.png", "th\u00e9/1.png")) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(plain(0));
      }
    }
    try (ImageFolderDataset dataset = ImageFolderDataset.ofZip(file, EIGHT)) {
      assertEquals(2, dataset.size());
    }
  }

  @Test
  void entriesThatInflateWithoutEndAreSkipped() {
    Map<String, byte[]> entries = new TreeMap<>();
    entries.put("bomb.png", new byte[ImageSource.MAX_FILE_BYTES + 1]);
    entries.put("good.png", plain(0));
    Path zip = zipFile(entries);
    assertTrue(zip.toFile().length() < 1 << 20);
    try (ImageFolderDataset dataset = ImageFolderDataset.ofZip(zip, EIGHT)) {
      assertEquals(1, dataset.size());
      assertEquals("skipped bomb.png: larger than 64 MB", dataset.notices().getFirst());
    }
  }

  @Test
  void symbolicLinksAreFollowedButNotInCircles() throws IOException {
    Path real = folder.resolve("elsewhere");
    write(real.resolve("1.png"), plain(0));
    Path root = Files.createDirectories(folder.resolve("root"));
    try {
      Files.createSymbolicLink(root.resolve("linked"), real);
      Files.createSymbolicLink(real.resolve("circle"), root);
    } catch (UnsupportedOperationException | IOException e) {
      Assumptions.abort("no symbolic links here: " + e);
    }
    try (ImageFolderDataset dataset = ImageFolderDataset.ofFolder(root, EIGHT)) {
      assertEquals(1, dataset.size());
    }
  }

  @Test
  void picturesBeyondTheMemoryBudgetGoToATemporaryFile() {
    for (int i = 0; i < 20; i++) {
      write(folder.resolve("%02d.png".formatted(i)), image("png", 12, 12, i));
    }
    write(folder.resolve("10b.png"), NO_IMAGE);
    try (ImageFolderDataset inMemory = ImageFolderDataset.ofFolder(folder, EIGHT);
        ImageFolderDataset onDisk =
            ImageFolderDataset.open(folder, ImageSource.ofFolder(folder), EIGHT, 100)) {
      assertEquals(20, onDisk.size());
      for (int i = 0; i < 20; i++) {
        assertArrayEquals(read(inMemory, i), read(onDisk, i));
      }
      // A thread that is being stopped must not take the file away from the others.
      Thread.currentThread().interrupt();
      read(onDisk, 0);
      assertTrue(Thread.interrupted());
      assertArrayEquals(read(inMemory, 3), read(onDisk, 3));
      onDisk.close();
      assertThrows(IllegalStateException.class, () -> read(onDisk, 0));
    }
  }

  @Test
  void realCifarImagesAreReadWhole() {
    Path zip = TestFiles.realData("cifar10-5k-images.zip");
    try (ImageFolderDataset dataset = ImageFolderDataset.ofZip(zip, DatasetOptions.DEFAULTS)) {
      assertEquals(5000, dataset.size());
      assertEquals(32, dataset.height());
      assertEquals(3, dataset.channels());
      assertEquals(10, dataset.classNames().size());
      assertEquals("airplane", dataset.classNames().getFirst());
      assertEquals(List.of(), dataset.notices());
      int[] perClass = new int[10];
      double[] sum = new double[3];
      for (int i = 0; i < 5000; i++) {
        perClass[dataset.label(i)]++;
        float[] image = read(dataset, i);
        for (int k = 0; k < image.length; k++) {
          sum[k % 3] += image[k];
        }
      }
      for (int count : perClass) {
        assertEquals(500, count);
      }
      // The published channel means of CIFAR-10 on a scale of 0 to 1.
      double[] means = {0.4914, 0.4822, 0.4465};
      for (int c = 0; c < 3; c++) {
        assertEquals(means[c], (sum[c] / 5000 / 1024 + 1) / 2, 0.01);
      }
    }
  }
}
