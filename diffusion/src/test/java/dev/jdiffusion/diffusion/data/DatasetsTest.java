package dev.jdiffusion.diffusion.data;

import static dev.jdiffusion.diffusion.data.TestFiles.assertUserError;
import static dev.jdiffusion.diffusion.data.TestFiles.gzip;
import static dev.jdiffusion.diffusion.data.TestFiles.idxImages;
import static dev.jdiffusion.diffusion.data.TestFiles.image;
import static dev.jdiffusion.diffusion.data.TestFiles.write;
import static dev.jdiffusion.diffusion.data.TestFiles.zip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {
  @TempDir private Path folder;

  private static ImageDataset open(Object spec) {
    return Datasets.open(spec.toString(), DatasetOptions.DEFAULTS);
  }

  @Test
  void strokesAreEmbedded() {
    try (ImageDataset strokes = open("strokes")) {
      assertInstanceOf(StrokesDataset.class, strokes);
      assertEquals(28, strokes.height());
    }
    try (ImageDataset strokes =
        Datasets.open("strokes", DatasetOptions.DEFAULTS.withImageSize(32))) {
      assertEquals(32, strokes.width());
    }
  }

  @Test
  void theKindOfDatasetFollowsFromTheContent() {
    Path idx = write(folder.resolve("idx/train-images-idx3-ubyte.gz"), gzip(idxImages(2, 8, 8)));
    Path png = write(folder.resolve("images/a.png"), image("png", 8, 8, 1));
    byte[] archive = zip(Map.of("a.png", image("png", 8, 8, 1)));
    Path zip = write(folder.resolve("a.zip"), archive);
    Path unnamed = write(folder.resolve("archive"), archive);
    try (ImageDataset a = open(idx.getParent());
        ImageDataset b = open(idx);
        ImageDataset c = open(png.getParent());
        ImageDataset d = open(zip);
        ImageDataset e = open(unnamed)) {
      assertInstanceOf(IdxDataset.class, a);
      assertInstanceOf(IdxDataset.class, b);
      assertInstanceOf(ImageFolderDataset.class, c);
      assertInstanceOf(ImageFolderDataset.class, d);
      assertInstanceOf(ImageFolderDataset.class, e);
    }
  }

  @Test
  void whatIsNotThereIsNamedWithTheNearestName() {
    assertUserError(() -> open("mnits"), "'mnits'", "did you mean mnist?");
    assertUserError(() -> open("Stroke"), "did you mean strokes?");
    assertUserError(() -> open(folder.resolve("none")), "no such file or folder", "strokes, mnist");
    assertUserError(() -> open(""), "dataset ''");
    assertUserError(() -> open("a\0b"), "dataset");
  }

  @Test
  void filesOfOtherKindsAreRefused() {
    Path text = write(folder.resolve("a.txt"), new byte[] {1, 2, 3});
    assertUserError(() -> open(text), "neither a zip nor an IDX file");
    assertUserError(() -> open(write(folder.resolve("b.zip"), new byte[0])), "b.zip", "damaged");
  }

  @Test
  void greyDatasetsCannotBeHadInColour() {
    DatasetOptions colour = DatasetOptions.DEFAULTS.withChannels(3);
    assertUserError(() -> Datasets.open("strokes", colour), "strokes", "grey");
  }

  @Test
  void impossibleOptionsAreRefused() {
    assertUserError(() -> DatasetOptions.DEFAULTS.withImageSize(-3), "image size -3");
    assertUserError(() -> DatasetOptions.DEFAULTS.withImageSize(100_000), "image size 100000");
    assertUserError(() -> DatasetOptions.DEFAULTS.withChannels(2), "channels 2");
  }
}
