package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Grey pictures from IDX files, the format of MNIST and its relatives: {@code
 * train-images-idx3-ubyte} or {@code train-images.idx3-ubyte}, plain or .gz, with or without the
 * file of labels beside it.
 */
public final class IdxDataset implements ImageDataset {
  private static final Pattern IMAGES_NAME =
      Pattern.compile("(.*)images([-._])idx3-ubyte(\\.gz)?", Pattern.CASE_INSENSITIVE);

  private final String name;
  private final int height;
  private final int width;
  private final byte[][] pixels;
  private final byte @Nullable [] labels;
  private final List<String> classNames;

  private IdxDataset(
      String name, IdxFile.Images images, byte @Nullable [] labels, List<String> classNames) {
    this.name = name;
    height = images.rows();
    width = images.columns();
    pixels = images.pixels();
    this.labels = labels;
    this.classNames = classNames;
  }

  /** Whether {@code folder} has a file named like IDX pictures. */
  static boolean isIdxFolder(Path folder) {
    return !imagesFiles(folder).isEmpty();
  }

  /**
   * The training pictures in {@code folder}, or its only ones.
   *
   * @param imageSize the side length to scale and crop to, or 0 for the file's own size
   * @throws UserError when there are none or the files are damaged
   */
  public static IdxDataset ofFolder(Path folder, int imageSize) {
    List<Path> found = imagesFiles(folder);
    List<Path> training = found.stream().filter(file -> fileName(file).contains("train")).toList();
    List<Path> candidates = training.isEmpty() ? found : training;
    if (candidates.isEmpty()) {
      throw new UserError(
          folder + ": no IDX file of pictures, such as train-images-idx3-ubyte.gz, in this folder");
    }
    Path images = candidates.getFirst();
    String stem = plainName(images);
    if (candidates.stream().anyMatch(file -> !plainName(file).equals(stem))) {
      throw new UserError(
          folder
              + ": several IDX files of pictures ("
              + String.join(", ", candidates.stream().map(IdxDataset::fileName).toList())
              + "): name the one to use");
    }
    return ofFile(images, imageSize);
  }

  /** The pictures in {@code file}, with the labels from the file that belongs to it by name. */
  public static IdxDataset ofFile(Path file, int imageSize) {
    return of(file.toString(), file, labelsFile(file), imageSize, null);
  }

  /** The pictures and labels of a dataset whose classes have names. */
  static IdxDataset of(
      String name,
      Path imagesFile,
      Optional<Path> labelsFile,
      int imageSize,
      @Nullable List<String> knownClassNames) {
    IdxFile.Images images = IdxFile.readImages(imagesFile);
    byte @Nullable [] labels =
        labelsFile.map(file -> IdxFile.readLabels(file, images.pixels().length)).orElse(null);
    List<String> classNames = List.of();
    if (labels != null) {
      int classes = 0;
      for (byte label : labels) {
        classes = Math.max(classes, (label & 0xFF) + 1);
      }
      classNames =
          knownClassNames != null && classes <= knownClassNames.size()
              ? knownClassNames
              : IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    }
    return new IdxDataset(name, resized(images, imageSize), labels, classNames);
  }

  private static IdxFile.Images resized(IdxFile.Images images, int size) {
    if (size == 0 || (images.rows() == size && images.columns() == size)) {
      return images;
    }
    byte[][] pixels = new byte[images.pixels().length][];
    IntStream.range(0, pixels.length)
        .parallel()
        .forEach(i ->
            pixels[i] =
                Resampler.toSquare(images.pixels()[i], images.rows(), images.columns(), 1, size));
    return new IdxFile.Images(size, size, pixels);
  }

  /** Sorted, plain files before compressed ones of the same name. */
  private static List<Path> imagesFiles(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(file -> IMAGES_NAME.matcher(fileName(file)).matches())
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw UserError.io("cannot list " + folder, e, "check the path and its permissions");
    }
  }

  private static Optional<Path> labelsFile(Path imagesFile) {
    Matcher matcher = IMAGES_NAME.matcher(originalName(imagesFile));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String stem = matcher.group(1) + "labels";
    String separator = matcher.group(2);
    return Stream.of(separator, "-", ".")
        .flatMap(s -> Stream.of(stem + s + "idx1-ubyte", stem + s + "idx1-ubyte.gz"))
        .map(imagesFile::resolveSibling)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  private static String plainName(Path file) {
    return fileName(file).replaceFirst("\\.gz$", "").replaceFirst("[-._]idx3", "-idx3");
  }

  private static String fileName(Path file) {
    return originalName(file).toLowerCase(Locale.ROOT);
  }

  private static String originalName(Path file) {
    return String.valueOf(file.getFileName());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int size() {
    return pixels.length;
  }

  @Override
  public int height() {
    return height;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels == null ? -1 : labels[index] & 0xFF;
  }

  @Override
  public void read(int index, float[] target, int offset) {
    PixelStore.toFloats(pixels[index], target, offset);
  }

  @Override
  public void close() {}
}
