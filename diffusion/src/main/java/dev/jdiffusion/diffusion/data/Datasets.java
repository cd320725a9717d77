package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.NearestName;
import dev.jdiffusion.diffusion.config.Setting;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Opens a dataset by the name or path that {@code --dataset} takes. */
public final class Datasets {
  /** The strokes are a dataset like any other: training seeds do not change them. */
  private static final long STROKES_SEED = 0;

  private Datasets() {}

  /**
   * Opens {@code spec}: one of {@link Setting#DATASET_NAMES}, a folder with IDX files, a folder of
   * images, a .zip of one, or a single IDX file.
   *
   * @throws UserError when there is nothing of that name or it cannot be used
   */
  public static ImageDataset open(String spec, DatasetOptions options) {
    return switch (spec) {
      case "strokes" -> {
        requireGrey(spec, options);
        int imageSize =
            options.imageSize() == 0 ? StrokesDataset.DEFAULT_IMAGE_SIZE : options.imageSize();
        yield new StrokesDataset(STROKES_SEED, StrokesDataset.DEFAULT_SIZE, imageSize);
      }
      case "mnist" -> openRemote(RemoteDataset.MNIST, options);
      case "fashion-mnist" -> openRemote(RemoteDataset.FASHION_MNIST, options);
      default -> openPath(spec, options);
    };
  }

  private static ImageDataset openRemote(RemoteDataset dataset, DatasetOptions options) {
    Path folder = CacheFolder.ofThisMachine().resolve(dataset.name());
    return openRemote(dataset, folder, new Downloader(options.progress()), options);
  }

  static ImageDataset openRemote(
      RemoteDataset dataset, Path folder, Downloader downloader, DatasetOptions options) {
    requireGrey(dataset.name(), options);
    downloader.fetch(dataset, folder);
    return IdxDataset.of(
        dataset.name(),
        folder.resolve(dataset.images().name()),
        Optional.of(folder.resolve(dataset.labels().name())),
        options.imageSize(),
        dataset.classNames());
  }

  private static ImageDataset openPath(String spec, DatasetOptions options) {
    Path path;
    try {
      path = Path.of(spec);
    } catch (InvalidPathException e) {
      throw unknown(spec);
    }
    if (spec.isBlank() || !Files.exists(path)) {
      throw unknown(spec);
    }
    if (Files.isDirectory(path)) {
      if (IdxDataset.isIdxFolder(path)) {
        requireGrey(spec, options);
        return IdxDataset.ofFolder(path, options.imageSize());
      }
      return ImageFolderDataset.ofFolder(path, options);
    }
    byte[] head = head(path);
    if (IdxFile.looksLikeIdx(head)) {
      requireGrey(spec, options);
      return IdxDataset.ofFile(path, options.imageSize());
    }
    boolean namedZip = path.toString().toLowerCase(Locale.ROOT).endsWith(".zip");
    if (namedZip || (head.length == 4 && head[0] == 'P' && head[1] == 'K')) {
      return ImageFolderDataset.ofZip(path, options);
    }
    throw new UserError(
        spec
            + ": neither a zip nor an IDX file: pass a folder of images, a .zip of one, or IDX files");
  }

  private static byte[] head(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(4);
    } catch (IOException e) {
      throw UserError.io("cannot read " + file, e, "check its permissions");
    }
  }

  private static void requireGrey(String spec, DatasetOptions options) {
    if (options.channels() > 1) {
      throw new UserError(spec + ": its pictures are grey: leave the channels at 1");
    }
  }

  private static UserError unknown(String spec) {
    List<String> names = Setting.DATASET_NAMES;
    return new UserError(
        "dataset '%s': no such file or folder%s; use %s, or the path of a folder or .zip"
            .formatted(spec, NearestName.hint(spec, names), String.join(", ", names)));
  }
}
