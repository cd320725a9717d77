package dev.jdiffusion.nn.io;

import static dev.jdiffusion.nn.io.SafetensorsException.quote;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file open for reading; its header is read and checked, its tensors are read when
 * asked for.
 *
 * <p>No number in the file drives an allocation before it was checked against the file's size.
 * Every failure is a {@link SafetensorsException}.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int CHUNK_ELEMENTS = 1 << 16;

  private final Path path;
  private final FileChannel channel;
  private final long dataStart;
  private final SafetensorsHeader header;

  private SafetensorsFile(
      Path path, FileChannel channel, long dataStart, SafetensorsHeader header) {
    this.path = path;
    this.channel = channel;
    this.dataStart = dataStart;
    this.header = header;
  }

  static SafetensorsFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new SafetensorsException(path + ": is a folder, not a safetensors file");
    }
    @Nullable FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      SafetensorsFile file = open(path, channel);
      channel = null;
      return file;
    } catch (NoSuchFileException e) {
      throw new SafetensorsException(path + ": no such file", e);
    } catch (AccessDeniedException e) {
      throw new SafetensorsException(path + ": no permission to read it", e);
    } catch (IOException e) {
      throw new SafetensorsException(path + ": cannot be read: " + e.getMessage(), e);
    } finally {
      closeAfterFailure(channel);
    }
  }

  private static SafetensorsFile open(Path path, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < 8) {
      throw new SafetensorsException(
          path + ": not a safetensors file: it has only " + size + " bytes");
    }
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(path, channel, prefix, 0);
    long headerBytes = prefix.getLong(0);
    if (headerBytes < 2 || headerBytes > Safetensors.MAX_HEADER_BYTES) {
      throw new SafetensorsException(
          path
              + ": not a safetensors file: its header claims "
              + Long.toUnsignedString(headerBytes)
              + " bytes");
    }
    if (headerBytes > size - 8) {
      throw new SafetensorsException(
          path + ": truncated: its header claims " + headerBytes + " bytes, the file has " + size);
    }
    byte[] json = new byte[(int) headerBytes];
    readFully(path, channel, ByteBuffer.wrap(json), 8);
    long dataStart = 8 + headerBytes;
    SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), json, size - dataStart);
    return new SafetensorsFile(path, channel, dataStart, header);
  }

  /** Closes a channel whose file proved unusable; the failure that is under way says more. */
  private static void closeAfterFailure(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new SafetensorsException("cannot close file: " + e.getMessage(), e);
      }
    }
  }

  /** The strings that the writer left under {@code __metadata__}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  /** All tensors by name, in the header's order. */
  public SequencedMap<String, TensorEntry> tensors() {
    return Collections.unmodifiableSequencedMap(header.tensors());
  }

  public boolean contains(String name) {
    return header.tensors().containsKey(name);
  }

  /** What the header says of a tensor. */
  public TensorEntry entry(String name) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null) {
      throw new SafetensorsException(
          "%s: has no tensor %s among its %d"
              .formatted(path, quote(name), header.tensors().size()));
    }
    return entry;
  }

  /** Checks that there is a tensor of a shape, before memory is taken for it. */
  public void require(String name, Shape expected) {
    TensorEntry entry = entry(name);
    boolean same = entry.extents().size() == expected.rank();
    for (int axis = 0; same && axis < expected.rank(); axis++) {
      same = entry.extents().get(axis) == expected.dim(axis);
    }
    if (!same) {
      throw new SafetensorsException(
          "%s: tensor %s has shape %s, expected %s"
              .formatted(path, quote(name), entry.extents(), expected));
    }
  }

  /**
   * Reads a tensor's elements into an existing one of the same shape, rounding to its device's
   * precision.
   */
  public void read(String name, Tensor target) {
    require(name, target.shape());
    TensorEntry entry = entry(name);
    double[] chunk = new double[Math.min(CHUNK_ELEMENTS, target.size())];
    for (int start = 0; start < target.size(); start += CHUNK_ELEMENTS) {
      int count = Math.min(CHUNK_ELEMENTS, target.size() - start);
      readChunk(entry, start, count, chunk);
      Tensor part = target.range(start, Shape.of(count));
      part.backend().write(chunk, 0, part);
    }
  }

  /** All elements of a tensor as doubles, which hold every type but large I64 exactly. */
  public double[] readDoubles(String name) {
    TensorEntry entry = entry(name);
    double[] values = new double[checkSize(entry)];
    double[] chunk = new double[Math.min(CHUNK_ELEMENTS, values.length)];
    for (int start = 0; start < values.length; start += CHUNK_ELEMENTS) {
      int count = Math.min(CHUNK_ELEMENTS, values.length - start);
      readChunk(entry, start, count, chunk);
      System.arraycopy(chunk, 0, values, start, count);
    }
    return values;
  }

  /** All elements of a tensor as floats. */
  public float[] readFloats(String name) {
    TensorEntry entry = entry(name);
    float[] values = new float[checkSize(entry)];
    double[] chunk = new double[Math.min(CHUNK_ELEMENTS, values.length)];
    for (int start = 0; start < values.length; start += CHUNK_ELEMENTS) {
      int count = Math.min(CHUNK_ELEMENTS, values.length - start);
      readChunk(entry, start, count, chunk);
      for (int i = 0; i < count; i++) {
        values[start + i] = (float) chunk[i];
      }
    }
    return values;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new SafetensorsException(path + ": cannot be closed: " + e.getMessage(), e);
    }
  }

  private int checkSize(TensorEntry entry) {
    if (entry.size() > Integer.MAX_VALUE - 8) {
      throw new SafetensorsException(
          "%s: tensor %s has %d elements, more than one array holds"
              .formatted(path, quote(entry.name()), entry.size()));
    }
    return (int) entry.size();
  }

  private void readChunk(TensorEntry entry, long start, int count, double[] out) {
    DataType type = entry.dataType();
    if (!type.numeric()) {
      throw new SafetensorsException(
          "%s: tensor %s has dtype %s, which this program does not convert"
              .formatted(path, quote(entry.name()), type));
    }
    ByteBuffer bytes = ByteBuffer.allocate(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    try {
      readFully(path, channel, bytes, dataStart + entry.begin() + start * type.bytes());
    } catch (IOException e) {
      throw new SafetensorsException(
          "%s: cannot read tensor %s: %s".formatted(path, quote(entry.name()), e.getMessage()), e);
    }
    decode(bytes, type, count, out);
  }

  private static void decode(ByteBuffer bytes, DataType type, int count, double[] out) {
    for (int i = 0; i < count; i++) {
      out[i] =
          switch (type) {
            case F64 -> bytes.getDouble(8 * i);
            case F32 -> bytes.getFloat(4 * i);
            case F16 -> Float.float16ToFloat(bytes.getShort(2 * i));
            case BF16 -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
            case I64 -> bytes.getLong(8 * i);
            case I32 -> bytes.getInt(4 * i);
            case U32 -> Integer.toUnsignedLong(bytes.getInt(4 * i));
            case I16 -> bytes.getShort(2 * i);
            case U16 -> Short.toUnsignedInt(bytes.getShort(2 * i));
            case I8 -> bytes.get(i);
            case U8 -> Byte.toUnsignedInt(bytes.get(i));
            case U64, BOOL, F8_E4M3, F8_E5M2 ->
                throw new IllegalArgumentException("not numeric: " + type);
          };
    }
  }

  private static void readFully(Path path, FileChannel channel, ByteBuffer buffer, long position)
      throws IOException {
    long at = position;
    while (buffer.hasRemaining()) {
      int count = channel.read(buffer, at);
      if (count < 0) {
        throw new SafetensorsException(path + ": truncated: it ends at byte " + at);
      }
      at += count;
    }
  }
}
