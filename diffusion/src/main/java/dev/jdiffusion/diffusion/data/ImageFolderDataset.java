package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.data.ImageDecoder.CorruptImageException;
import dev.jdiffusion.diffusion.data.ImageDecoder.Picture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Images (PNG, JPEG, GIF, BMP) in a folder or a zip file, scaled and cut to squares of one size.
 *
 * <p>The class of an image is the sub-folder it lies in: the first one below the folders that all
 * images have in common. Pictures and classes are in the order of their names, whatever the file
 * system's. All images are decoded when the dataset is opened; one that cannot be is skipped;
 * {@link #notices()} counts these and names the first few.
 */
public final class ImageFolderDataset implements ImageDataset {
  /** The side length where neither the person nor the images ask for less. */
  static final int DEFAULT_IMAGE_SIZE = 64;

  /** How many readable images decide on size and channels where the person does not. */
  private static final int PROBES = 16;

  private static final int NAMED_NOTICES = 10;

  private final String name;
  private final int imageSize;
  private final int channels;
  private final PixelStore pixels;
  private final int[] places;
  private final int[] labels;
  private final List<String> classNames;
  private final List<String> notices;

  private ImageFolderDataset(Path path, ImageSource source, DatasetOptions options, long budget) {
    name = path.toString();
    List<String> names = source.names();
    Optional<String> ignored = ignored(source.ignored());
    if (names.isEmpty() && ignored.isPresent()) {
      throw new UserError(path + ": no images in it that can be read; " + ignored.get());
    }
    if (names.isEmpty()) {
      throw new UserError(
          path
              + ": no images in it (looked for "
              + String.join(", ", new TreeSet<>(ImageSource.EXTENSIONS))
              + " in all sub-folders, and for IDX files): check the path");
    }
    int size = options.imageSize();
    int colours = options.channels();
    if (size == 0 || colours == 0) {
      Picture typical = probe(source, size == 0 ? DEFAULT_IMAGE_SIZE : size);
      size = size == 0 ? Math.min(typical.height(), typical.width()) : size;
      colours = colours == 0 ? typical.channels() : colours;
    }
    imageSize = size;
    channels = colours;
    pixels = new PixelStore(names.size(), size * size * colours, budget);
    AtomicInteger greyed = new AtomicInteger();
    @Nullable String[] problems = decodeAll(source, options, greyed);
    pixels.seal();
    places = IntStream.range(0, names.size()).filter(i -> problems[i] == null).toArray();
    notices = notices(names, problems, places.length, greyed.get(), ignored);
    if (places.length == 0) {
      pixels.close();
      throw new UserError(
          "%s: none of its %d images can be read (%s: %s): use PNG, JPEG, GIF or BMP files"
              .formatted(path, names.size(), names.getFirst(), problems[0]));
    }
    List<String> folders = classFolders(names);
    SortedSet<String> classes = new TreeSet<>(folders);
    classes.remove("");
    classNames = classes.size() < 2 ? List.of() : List.copyOf(classes);
    labels = Arrays.stream(places).map(i -> classNames.indexOf(folders.get(i))).toArray();
  }

  /** The images in {@code folder} and its sub-folders. */
  public static ImageFolderDataset ofFolder(Path folder, DatasetOptions options) {
    return open(folder, ImageSource.ofFolder(folder), options, PixelStore.defaultMemoryBudget());
  }

  /** The images in the zip file {@code file}, which stays packed. */
  public static ImageFolderDataset ofZip(Path file, DatasetOptions options) {
    return open(file, ImageSource.ofZip(file), options, PixelStore.defaultMemoryBudget());
  }

  static ImageFolderDataset open(
      Path path, ImageSource source, DatasetOptions options, long memoryBudget) {
    try (source) {
      return new ImageFolderDataset(path, source, options, memoryBudget);
    } catch (IOException e) {
      throw UserError.io("cannot read " + path, e, "check the path and its permissions");
    }
  }

  /**
   * A picture of the size and channels that suit the first images: no larger than the smallest of
   * them, and in colour when one of them is.
   */
  private static Picture probe(ImageSource source, int wantedSize) {
    int side = wantedSize;
    int channels = 1;
    int found = 0;
    for (int i = 0; i < source.names().size() && found < PROBES; i++) {
      try {
        Picture picture = ImageDecoder.decode(source.bytes(i), wantedSize);
        side = Math.min(side, Math.min(picture.height(), picture.width()));
        channels = Math.max(channels, picture.channels());
        found++;
      } catch (CorruptImageException | IOException e) {
        // decodeAll() meets it again and reports it.
        continue;
      }
    }
    return new Picture(side, side, channels, new byte[0]);
  }

  /**
   * Fills the store; the result says for each image what was wrong with it, null if nothing.
   *
   * @param greyed counts the images that lose their colour
   */
  private @Nullable String[] decodeAll(
      ImageSource source, DatasetOptions options, AtomicInteger greyed) {
    int count = source.names().size();
    @Nullable String[] problems = new @Nullable String[count];
    AtomicInteger done = new AtomicInteger();
    IntStream.range(0, count)
        .parallel()
        .forEach(i -> {
          try {
            Picture picture = ImageDecoder.decode(source.bytes(i), imageSize);
            pixels.put(i, picture.square(imageSize, channels));
            if (picture.channels() > channels) {
              greyed.incrementAndGet();
            }
          } catch (IOException e) {
            problems[i] = UserError.reason(e);
          } catch (CorruptImageException e) {
            problems[i] = Objects.requireNonNullElse(e.getMessage(), e.toString());
          }
          int ready = done.incrementAndGet();
          if (ready % 5000 == 0 && ready < count) {
            options.progress().accept("decoded %d of %d images".formatted(ready, count));
          }
        });
    return problems;
  }

  /** What to say of pictures in other formats; empty where there are none. */
  private static Optional<String> ignored(SortedMap<String, Integer> counts) {
    if (counts.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        counts.entrySet().stream()
            .map(each -> each.getValue() + " ." + each.getKey())
            .collect(
                Collectors.joining(
                    ", ",
                    "ignored files in formats that are not read (",
                    "): convert them to PNG or JPEG")));
  }

  private static List<String> notices(
      List<String> names,
      @Nullable String[] problems,
      int readable,
      int greyed,
      Optional<String> ignored) {
    List<String> notices = new ArrayList<>();
    int skipped = problems.length - readable;
    for (int i = 0; i < problems.length && notices.size() < NAMED_NOTICES; i++) {
      if (problems[i] != null) {
        notices.add("skipped " + names.get(i) + ": " + problems[i]);
      }
    }
    if (skipped > 0) {
      notices.add("skipped %d of %d images".formatted(skipped, problems.length));
    }
    ignored.ifPresent(notices::add);
    if (greyed > 0) {
      notices.add(
          "%d of %d images are in colour and read in grey; --channels 3 keeps their colour"
              .formatted(greyed, problems.length));
    }
    return List.copyOf(notices);
  }

  /** For each name the folder that is its class, empty where it lies beside the class folders. */
  private static List<String> classFolders(List<String> names) {
    List<String[]> folders = new ArrayList<>();
    for (String name : names) {
      String[] parts = name.split("/");
      folders.add(Arrays.copyOf(parts, parts.length - 1));
    }
    int common = 0;
    while (allShare(folders, common)) {
      common++;
    }
    int depth = common;
    return folders.stream().map(parts -> parts.length > depth ? parts[depth] : "").toList();
  }

  private static boolean allShare(List<String[]> folders, int depth) {
    String[] first = folders.getFirst();
    return first.length > depth
        && folders.stream()
            .allMatch(parts -> parts.length > depth && parts[depth].equals(first[depth]));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int size() {
    return places.length;
  }

  @Override
  public int height() {
    return imageSize;
  }

  @Override
  public int width() {
    return imageSize;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public void read(int index, float[] target, int offset) {
    pixels.read(places[index], target, offset);
  }

  @Override
  public List<String> notices() {
    return notices;
  }

  @Override
  public void close() {
    pixels.close();
  }
}
