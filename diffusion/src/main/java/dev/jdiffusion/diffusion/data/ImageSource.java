package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The image files of a folder or a zip, sorted by name; readable from any number of threads. */
interface ImageSource extends Closeable {
  Set<String> EXTENSIONS = Set.of("png", "jpg", "jpeg", "bmp", "gif");

  /** What pictures in formats that nothing here can read are named like. */
  Set<String> OTHER_EXTENSIONS =
      Set.of("webp", "avif", "heic", "heif", "jxl", "jp2", "tif", "tiff", "svg", "psd", "tga");

  /** Larger files are no training pictures. */
  int MAX_FILE_BYTES = 64 << 20;

  /** Names relative to the folder or zip, with / between their parts; classes come from these. */
  List<String> names();

  /** The content of file {@code index}. */
  byte[] bytes(int index) throws IOException;

  /** How many pictures there are in other formats, by the extensions of their names. */
  default SortedMap<String, Integer> ignored() {
    return Collections.emptySortedMap();
  }

  /**
   * Whether the last part is named like an image and no part is hidden.
   *
   * @param ignored counts the names of pictures in other formats
   */
  static boolean isImage(List<String> parts, Map<String, Integer> ignored) {
    if (parts.isEmpty() || parts.stream().anyMatch(ImageSource::isHidden)) {
      return false;
    }
    String name = parts.getLast();
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (OTHER_EXTENSIONS.contains(extension)) {
      ignored.merge(extension, 1, Integer::sum);
    }
    return EXTENSIONS.contains(extension);
  }

  /** macOS leaves such things in folders and zips; its "._a.jpg" is not a picture. */
  private static boolean isHidden(String part) {
    return part.startsWith(".") || part.equals("__MACOSX");
  }

  private static byte[] readLimited(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    if (bytes.length > MAX_FILE_BYTES) {
      throw new IOException("larger than " + (MAX_FILE_BYTES >> 20) + " MB");
    }
    return bytes;
  }

  /** All images under {@code root}, through symbolic links. */
  static ImageSource ofFolder(Path root) {
    record Entry(String name, Path path) {}
    List<Entry> entries = new ArrayList<>();
    SortedMap<String, Integer> ignored = new TreeMap<>();
    try {
      Files.walkFileTree(
          root,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              List<String> parts = new ArrayList<>();
              root.relativize(file).forEach(part -> parts.add(part.toString()));
              if (attributes.isRegularFile() && isImage(parts, ignored)) {
                entries.add(new Entry(String.join("/", parts), file));
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof FileSystemLoopException) {
                return FileVisitResult.CONTINUE;
              }
              throw e;
            }
          });
    } catch (IOException e) {
      throw unreadable(root, e);
    }
    entries.sort(Comparator.comparing(Entry::name));
    List<String> names = entries.stream().map(Entry::name).toList();
    return new ImageSource() {
      @Override
      public List<String> names() {
        return names;
      }

      @Override
      public SortedMap<String, Integer> ignored() {
        return ignored;
      }

      @Override
      public byte[] bytes(int index) throws IOException {
        try (InputStream in = Files.newInputStream(entries.get(index).path())) {
          return readLimited(in);
        }
      }

      @Override
      public void close() {}
    };
  }

  /** An error that names the sub-folder that the system refused, where it says which. */
  static UserError unreadable(Path root, IOException e) {
    String folder =
        e instanceof FileSystemException refused && refused.getFile() != null
            ? refused.getFile()
            : root.toString();
    return UserError.io("cannot read the folder " + folder, e, "check the permissions in it");
  }

  /** All images in {@code file}; nothing is unpacked to disk, so entry names can do no harm. */
  static ImageSource ofZip(Path file) {
    ZipFile zip = openZip(file);
    record Entry(String name, ZipEntry entry) {}
    List<Entry> entries = new ArrayList<>();
    SortedMap<String, Integer> ignored = new TreeMap<>();
    for (ZipEntry entry : Collections.list(zip.entries())) {
      List<String> parts =
          Arrays.stream(entry.getName().replace('\\', '/').split("/"))
              .filter(part -> !part.isEmpty() && !part.equals(".") && !part.equals(".."))
              .toList();
      if (!entry.isDirectory() && isImage(parts, ignored)) {
        entries.add(new Entry(String.join("/", parts), entry));
      }
    }
    entries.sort(Comparator.comparing(Entry::name));
    List<String> names = entries.stream().map(Entry::name).toList();
    long allowed = Math.max(1L << 32, 100 * file.toFile().length());
    AtomicLong inflated = new AtomicLong();
    return new ImageSource() {
      @Override
      public List<String> names() {
        return names;
      }

      @Override
      public SortedMap<String, Integer> ignored() {
        return ignored;
      }

      @Override
      public byte[] bytes(int index) throws IOException {
        byte[] bytes;
        try (InputStream in = zip.getInputStream(entries.get(index).entry())) {
          bytes = readLimited(in);
        }
        // Entries may overlap, so that a small file holds endless data.
        if (inflated.addAndGet(bytes.length) > allowed) {
          throw new UserError(
              file
                  + ": holds more than 100 times its size in pictures, which no real archive does:"
                  + " unpack it and pass the folder");
        }
        return bytes;
      }

      @Override
      public void close() throws IOException {
        zip.close();
      }
    };
  }

  private static ZipFile openZip(Path file) {
    try {
      try {
        return new ZipFile(file.toFile());
      } catch (ZipException e) {
        // Names that are not UTF-8 are refused as damage; Latin-1 takes any bytes.
        return new ZipFile(file.toFile(), StandardCharsets.ISO_8859_1);
      }
    } catch (IOException e) {
      throw UserError.io(
          "cannot read the zip file " + file, e, "it is truncated or damaged: fetch it again");
    }
  }
}
