package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads the IDX format in which MNIST is published, plain or inside gzip.
 *
 * <pre>
 *   pictures: 0x00000803, count, rows, columns (big-endian ints), then one byte per pixel
 *   labels:   0x00000801, count,                                  then one byte per label
 * </pre>
 *
 * <p>Memory grows with the data that is really there, never with what the header claims.
 */
final class IdxFile {
  private static final int IMAGES_MAGIC = 0x0803;
  private static final int LABELS_MAGIC = 0x0801;
  private static final int MAX_SIDE = 4096;

  /** Deflate cannot expand by more: a gzip file that claims more must be lying. */
  private static final long MAX_GZIP_EXPANSION = 1032;

  private IdxFile() {}

  /** Pictures of rows x columns pixels. */
  record Images(int rows, int columns, byte[][] pixels) {}

  /** Whether a file that begins with {@code head} may be an IDX or gzip file. */
  static boolean looksLikeIdx(byte[] head) {
    return head.length >= 4
        && ((head[0] == 0 && head[1] == 0 && head[2] == 8) || isGzip(head[0], head[1]));
  }

  /** All pictures of {@code file}. */
  static Images readImages(Path file) {
    return read(
        file,
        source -> {
          int[] header = source.header(IMAGES_MAGIC, 3, "pictures", "-images-idx3-ubyte");
          int count = header[0];
          int rows = header[1];
          int columns = header[2];
          if (count < 1 || rows < 1 || columns < 1 || rows > MAX_SIDE || columns > MAX_SIDE) {
            throw new UserError(
                "%s: the header promises %d pictures of %d x %d pixels (at least 1, sides up to %d):"
                        .formatted(
                            file, unsigned(count), unsigned(rows), unsigned(columns), MAX_SIDE)
                    + " the file is damaged or not an IDX file of pictures");
          }
          int length = rows * columns;
          source.checkClaim((long) count * length);
          List<byte[]> pixels = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            pixels.add(source.take(length, i, count, "pictures"));
          }
          source.checkEnd();
          return new Images(rows, columns, pixels.toArray(byte[][]::new));
        });
  }

  /** All labels of {@code file}, which must be {@code expected}. */
  static byte[] readLabels(Path file, int expected) {
    return read(
        file,
        source -> {
          int count = source.header(LABELS_MAGIC, 1, "labels", "-labels-idx1-ubyte")[0];
          if (count != expected) {
            throw new UserError(
                file
                    + ": has "
                    + unsigned(count)
                    + " labels, but there are "
                    + expected
                    + " pictures: the two files must belong together");
          }
          byte[] labels = source.take(count, 0, count, "labels");
          source.checkEnd();
          return labels;
        });
  }

  private interface Parser<T> {
    T parse(Source source) throws IOException;
  }

  private static <T> T read(Path file, Parser<T> parser) {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      long size = Files.size(file);
      raw.mark(2);
      boolean gzip = isGzip(raw.read(), raw.read());
      raw.reset();
      if (!gzip) {
        return parser.parse(new Source(file, raw, size, false));
      }
      try (InputStream inflated = new GZIPInputStream(raw, 1 << 16)) {
        return parser.parse(new Source(file, inflated, size, true));
      }
    } catch (EOFException e) {
      throw new UserError(file + ": the gzip data ends too early: fetch the file again", e);
    } catch (ZipException e) {
      throw new UserError(
          file + ": the gzip data is damaged (" + e.getMessage() + "): fetch the file again", e);
    } catch (IOException e) {
      throw UserError.io("cannot read " + file, e, "check the path and its permissions");
    }
  }

  private static boolean isGzip(int first, int second) {
    return (first & 0xFF) == 0x1F && (second & 0xFF) == 0x8B;
  }

  private static long unsigned(int value) {
    return Integer.toUnsignedLong(value);
  }

  private record Source(Path file, InputStream in, long fileSize, boolean gzip) {
    int[] header(int magic, int ints, String what, String usualName) throws IOException {
      byte[] bytes = in.readNBytes(4 + 4 * ints);
      if (bytes.length >= 4 && ByteBuffer.wrap(bytes).getInt() != magic) {
        throw new UserError(
            "%s: not an IDX file of %s (it begins with 0x%08x instead of 0x%08x): expected a file like train%s%s"
                .formatted(
                    file,
                    what,
                    ByteBuffer.wrap(bytes).getInt(),
                    magic,
                    usualName,
                    gzip ? ".gz" : ""));
      }
      if (bytes.length < 4 + 4 * ints) {
        throw new UserError(
            file + ": ends inside its header, after " + bytes.length + " bytes: fetch it again");
      }
      int[] values = new int[ints];
      ByteBuffer.wrap(bytes, 4, 4 * ints).asIntBuffer().get(values);
      return values;
    }

    void checkClaim(long dataBytes) {
      long possible = gzip ? fileSize * MAX_GZIP_EXPANSION : fileSize;
      if (dataBytes > possible) {
        throw new UserError(
            "%s: the header promises %d bytes of pictures, but the file has only %d%s: fetch it again"
                .formatted(file, dataBytes, fileSize, gzip ? " compressed" : ""));
      }
      long memory = Runtime.getRuntime().maxMemory();
      if (dataBytes > memory / 2) {
        throw new UserError(
            "%s: its pictures need %d MB, but Java has %d MB in all: give it more with -Xmx"
                .formatted(file, dataBytes >> 20, memory >> 20));
      }
    }

    byte[] take(int length, int done, int count, String what) throws IOException {
      // readNBytes grows its buffer with the data that arrives.
      byte[] bytes = in.readNBytes(length);
      if (bytes.length < length) {
        throw new UserError(
            "%s: ends too early, in number %d of %d %s: fetch it again"
                .formatted(file, done + (length == count ? bytes.length : 0) + 1, count, what));
      }
      return bytes;
    }

    void checkEnd() throws IOException {
      if (in.read() >= 0) {
        throw new UserError(
            file + ": has more data than its header promises: the file is damaged, fetch it again");
      }
    }
  }
}
