package dev.jdiffusion.diffusion.data;

import static dev.jdiffusion.diffusion.data.TestFiles.gzip;
import static dev.jdiffusion.diffusion.data.TestFiles.idxImages;
import static dev.jdiffusion.diffusion.data.TestFiles.idxLabels;
import static dev.jdiffusion.diffusion.data.TestFiles.image;
import static dev.jdiffusion.diffusion.data.TestFiles.write;
import static dev.jdiffusion.diffusion.data.TestFiles.zip;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.jdiffusion.diffusion.UserError;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cut, altered and random files into every reader: each is read, or refused in one line. */
class HostileFilesTest {
  private static final int CASES = 250;

  @TempDir private Path folder;

  private enum Kind {
    IDX("train-images-idx3-ubyte", idxImages(30, 8, 8)),
    IDX_GZIP("train-images-idx3-ubyte.gz", gzip(idxImages(30, 8, 8))),
    LABELS("train-labels-idx1-ubyte", idxLabels(30)),
    PNG("a.png", image("png", 20, 16, 1)),
    JPEG("a.jpg", image("jpeg", 20, 16, 1)),
    GIF("a.gif", image("gif", 20, 16, 1)),
    BMP("a.bmp", image("bmp", 20, 16, 1)),
    ZIP("a.zip", zip(Map.of("x/1.png", image("png", 9, 9, 1), "y/2.jpg", image("jpeg", 9, 9, 2))));

    final String file;
    final byte[] good;

    Kind(String file, byte[] good) {
      this.file = file;
      this.good = good;
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyFileIsReadOrRefusedInOneLine(Kind kind) {
    if (kind == Kind.LABELS) {
      write(folder.resolve("train-images-idx3-ubyte"), idxImages(30, 8, 8));
    }
    Path file = folder.resolve(kind.file);
    String spec = (kind == Kind.ZIP ? file : folder).toString();
    write(file, kind.good);
    Datasets.open(spec, DatasetOptions.DEFAULTS).close();
    int refused = 0;
    for (int seed = 0; seed < CASES; seed++) {
      write(file, spoiled(kind.good, new SplittableRandom(seed)));
      try (ImageDataset dataset = Datasets.open(spec, DatasetOptions.DEFAULTS)) {
        float[] image = new float[dataset.imageLength()];
        for (int i = 0; i < dataset.size(); i++) {
          dataset.read(i, image, 0);
          for (float value : image) {
            assertTrue(value >= -1 && value <= 1);
          }
        }
      } catch (UserError e) {
        refused++;
        String message = String.valueOf(e.getMessage());
        assertFalse(message.isBlank() || message.contains("\n"), message);
      } catch (Throwable e) {
        fail(kind + " with seed " + seed + ": " + e, e);
      }
    }
    int least = CASES / 5;
    int refusedInAll = refused;
    assertTrue(
        refused > least, () -> kind + ": only " + refusedInAll + " of " + CASES + " refused");
  }

  private static byte[] spoiled(byte[] good, SplittableRandom random) {
    byte[] bad = good.clone();
    switch (random.nextInt(4)) {
      case 0 -> bad = Arrays.copyOf(good, random.nextInt(good.length));
      case 1 -> {
        bad = new byte[random.nextInt(200)];
        random.nextBytes(bad);
      }
      case 2 -> {
        // Headers decide what is allocated: spoil them more than the rest.
        for (int i = random.nextInt(6); i >= 0; i--) {
          bad[random.nextInt(Math.min(60, bad.length))] = (byte) random.nextInt();
        }
      }
      default -> {
        for (int i = random.nextInt(10); i >= 0; i--) {
          bad[random.nextInt(bad.length)] = (byte) random.nextInt();
        }
      }
    }
    return bad;
  }
}
