package dev.jdiffusion.diffusion.data;

import static dev.jdiffusion.diffusion.data.TestFiles.assertUserError;
import static dev.jdiffusion.diffusion.data.TestFiles.gzip;
import static dev.jdiffusion.diffusion.data.TestFiles.idxImages;
import static dev.jdiffusion.diffusion.data.TestFiles.idxLabels;
import static dev.jdiffusion.diffusion.data.TestFiles.read;
import static dev.jdiffusion.diffusion.data.TestFiles.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdxDatasetTest {
  @TempDir private Path folder;

  private IdxDataset open() {
    return IdxDataset.ofFolder(folder, 0);
  }

  private void images(byte[] content) {
    write(folder.resolve("train-images-idx3-ubyte"), content);
  }

  @ParameterizedTest
  @CsvSource({
    "train-images-idx3-ubyte, train-labels-idx1-ubyte",
    "train-images.idx3-ubyte, train-labels.idx1-ubyte",
    "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz",
    "train-images.idx3-ubyte.gz, train-labels.idx1-ubyte",
    "Train-Images-IDX3-ubyte, Train-labels-idx1-ubyte.gz",
    "emnist-digits-train-images-idx3-ubyte, emnist-digits-train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte",
  })
  void everyUsualNameIsFoundPlainOrCompressed(String images, String labels) {
    byte[] imageFile = idxImages(12, 3, 5);
    write(folder.resolve(images), images.endsWith(".gz") ? gzip(imageFile) : imageFile);
    byte[] labelFile = idxLabels(12);
    write(folder.resolve(labels), labels.endsWith(".gz") ? gzip(labelFile) : labelFile);
    try (IdxDataset dataset = open()) {
      assertEquals(12, dataset.size());
      assertEquals(3, dataset.height());
      assertEquals(5, dataset.width());
      assertEquals(1, dataset.channels());
      assertEquals(10, dataset.classNames().size());
      for (int i = 0; i < 12; i++) {
        assertEquals(i % 10, dataset.label(i));
        float[] image = read(dataset, i);
        for (int p = 0; p < 15; p++) {
          assertEquals(((i * 15 + p) * 7 & 0xFF) / 127.5f - 1, image[p], 1e-6f);
        }
      }
    }
  }

  @Test
  void labelsAreOptional() {
    images(idxImages(3, 4, 4));
    try (IdxDataset dataset = open()) {
      assertEquals(-1, dataset.label(0));
      assertEquals(List.of(), dataset.classNames());
    }
  }

  @Test
  void theTrainingSetIsTakenWhereBothAreThere() {
    images(idxImages(3, 4, 4));
    write(folder.resolve("t10k-images-idx3-ubyte"), idxImages(2, 4, 4));
    try (IdxDataset dataset = open()) {
      assertEquals(3, dataset.size());
    }
  }

  @Test
  void severalTrainingSetsMustBeToldApart() {
    images(idxImages(3, 4, 4));
    write(folder.resolve("other-train-images-idx3-ubyte.gz"), gzip(idxImages(2, 4, 4)));
    assertUserError(this::open, "several IDX files", "other-train-images-idx3-ubyte.gz");
  }

  @Test
  void picturesAreResizedWhenAskedFor() {
    byte[] file = idxImages(1, 28, 28);
    Arrays.fill(file, 16, file.length, (byte) 200);
    images(file);
    try (IdxDataset dataset = IdxDataset.ofFolder(folder, 32)) {
      assertEquals(32, dataset.height());
      assertEquals(32, dataset.width());
      for (float value : read(dataset, 0)) {
        assertEquals(200 / 127.5f - 1, value, 1e-6f);
      }
    }
  }

  @Test
  void damageIsNamed() {
    byte[] good = idxImages(10, 4, 4);
    images(new byte[0]);
    assertUserError(this::open, "train-images-idx3-ubyte", "ends inside its header, after 0 bytes");
    images(Arrays.copyOf(good, 11));
    assertUserError(this::open, "ends inside its header, after 11 bytes");
    images(idxLabels(10));
    assertUserError(this::open, "begins with 0x00000801 instead of 0x00000803");
    images(Arrays.copyOf(good, good.length - 17));
    assertUserError(this::open, "promises 160 bytes", "has only");
    images(Arrays.copyOf(good, good.length + 1));
    assertUserError(this::open, "more data than its header promises");
    images(ByteBuffer.wrap(good.clone()).putInt(4, 0).array());
    assertUserError(this::open, "promises 0 pictures");
    images(ByteBuffer.wrap(good.clone()).putInt(8, 1 << 20).array());
    assertUserError(this::open, "10 pictures of 1048576 x 4");
  }

  @Test
  void truncatedAndDamagedGzipIsNamed() {
    Path file = folder.resolve("train-images-idx3-ubyte.gz");
    byte[] good = gzip(idxImages(1000, 8, 8));
    write(file, Arrays.copyOf(good, good.length / 2));
    assertUserError(this::open, file.toString(), "ends too early");
    byte[] bad = good.clone();
    bad[good.length - 5] ^= 1;
    write(file, bad);
    assertUserError(this::open, file.toString(), "damaged");
    write(file, gzip(Arrays.copyOf(idxImages(10, 4, 4), 16 + 5 * 16 + 3)));
    assertUserError(this::open, "ends too early, in number 6 of 10 pictures");
  }

  @Test
  void aHeaderThatPromisesTooMuchAllocatesNothing() {
    byte[] header = ByteBuffer.allocate(16).putInt(0x803).putInt(-1).putInt(4).putInt(4).array();
    images(header);
    assertUserError(this::open, "promises 4294967295 pictures");
    byte[] large = ByteBuffer.wrap(header).putInt(4, Integer.MAX_VALUE).putInt(8, 4096).array();
    images(large);
    assertUserError(this::open, "has only 16");
    write(folder.resolve("train-images-idx3-ubyte"), gzip(large));
    assertUserError(this::open, "compressed");
  }

  @Test
  void labelsMustBelongToThePictures() {
    images(idxImages(10, 4, 4));
    Path labels = folder.resolve("train-labels-idx1-ubyte");
    write(labels, idxLabels(9));
    assertUserError(this::open, labels.toString(), "9 labels", "10 pictures");
    write(labels, Arrays.copyOf(idxLabels(10), 15));
    assertUserError(this::open, "ends too early, in number 8 of 10 labels");
    write(labels, Arrays.copyOf(idxLabels(10), 19));
    assertUserError(this::open, "more data");
  }

  @Test
  void aFolderWithoutPicturesSaysWhatIsMissing() throws IOException {
    Files.createDirectories(folder.resolve("train-images-idx3-ubyte"));
    assertUserError(this::open, folder.toString(), "train-images-idx3-ubyte.gz");
  }

  @Test
  void realMnistIsReadWhole() {
    Path mnist = TestFiles.realData("mnist");
    try (IdxDataset dataset = IdxDataset.ofFolder(mnist, 0)) {
      assertEquals(60_000, dataset.size());
      assertEquals(28, dataset.height());
      assertEquals(10, dataset.classNames().size());
      assertEquals(5, dataset.label(0));
      double sum = 0;
      for (int i = 0; i < dataset.size(); i++) {
        for (float value : read(dataset, i)) {
          sum += value;
        }
      }
      // The published mean of the training set is 0.1307 on a scale of 0 to 1.
      assertEquals(0.1307, (sum / 60_000 / 784 + 1) / 2, 1e-4);
    }
    assertTrue(IdxDataset.isIdxFolder(mnist));
  }
}
