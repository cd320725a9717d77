package dev.jdiffusion.nn.io;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * The safetensors file format: named tensors and a map of strings.
 *
 * <pre>
 * 8 bytes   length L of the header, little-endian
 * L bytes   header in JSON, padded with spaces: names, types, shapes, byte ranges, metadata
 * rest      the tensors' elements, little-endian, row-major, without gaps
 * </pre>
 *
 * <p>Format: the safetensors project's README.
 */
public final class Safetensors {
  /** The longest header that readers of this format accept. */
  static final int MAX_HEADER_BYTES = 100_000_000;

  private static final int CHUNK_ELEMENTS = 1 << 18;

  private Safetensors() {}

  /**
   * Opens a file for reading.
   *
   * @throws SafetensorsException if it is missing, truncated, damaged or no safetensors file
   */
  public static SafetensorsFile open(Path file) {
    return SafetensorsFile.open(file);
  }

  /** Writes a file with F32 elements; see {@link #write(Path, Map, SequencedMap, DataType)}. */
  public static void write(
      Path file, Map<String, String> metadata, SequencedMap<String, Tensor> tensors) {
    write(file, metadata, tensors, DataType.F32);
  }

  /**
   * Writes a file, or leaves what was there untouched: the data goes to a temporary file beside it,
   * is forced to the disk, and then takes the file's name in one step.
   *
   * @param tensors in the order of the file
   * @param dataType F32, or F64 which loses nothing of tensors in double precision
   * @throws SafetensorsException if the folder cannot be written or the disk is full
   */
  public static void write(
      Path file,
      Map<String, String> metadata,
      SequencedMap<String, Tensor> tensors,
      DataType dataType) {
    if (dataType != DataType.F32 && dataType != DataType.F64) {
      throw new IllegalArgumentException("safetensors: writes F32 or F64, not " + dataType);
    }
    Path target = file.toAbsolutePath();
    Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        writeHeader(channel, header(metadata, tensors, dataType).toBytes());
        for (Tensor tensor : tensors.values()) {
          writeElements(channel, tensor, dataType);
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      forceFolder(target.getParent());
    } catch (IOException e) {
      throw failure(file, temporary, e);
    }
  }

  private static SafetensorsHeader header(
      Map<String, String> metadata, SequencedMap<String, Tensor> tensors, DataType dataType) {
    SequencedMap<String, TensorEntry> entries = new LinkedHashMap<>();
    long begin = 0;
    for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
      Tensor tensor = named.getValue();
      List<Long> extents = new ArrayList<>();
      for (int extent : tensor.shape().toArray()) {
        extents.add((long) extent);
      }
      long end = begin + (long) dataType.bytes() * tensor.size();
      entries.put(named.getKey(), new TensorEntry(named.getKey(), dataType, extents, begin, end));
      begin = end;
    }
    // Sorted, so that equal contents give equal files.
    return new SafetensorsHeader(new TreeMap<>(metadata), entries);
  }

  private static void writeHeader(FileChannel channel, byte[] header) throws IOException {
    if (header.length > MAX_HEADER_BYTES) {
      throw new IOException(
          "header of " + header.length + " bytes is longer than " + MAX_HEADER_BYTES);
    }
    ByteBuffer buffer =
        ByteBuffer.allocate(8 + header.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .flip();
    writeFully(channel, buffer);
  }

  private static void writeElements(FileChannel channel, Tensor tensor, DataType dataType)
      throws IOException {
    int chunk = Math.min(CHUNK_ELEMENTS, tensor.size());
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(chunk * dataType.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    float[] floats = new float[dataType == DataType.F32 ? chunk : 0];
    double[] doubles = new double[dataType == DataType.F64 ? chunk : 0];
    for (int start = 0; start < tensor.size(); start += chunk) {
      int count = Math.min(chunk, tensor.size() - start);
      Tensor part = tensor.range(start, Shape.of(count));
      bytes.clear();
      if (dataType == DataType.F32) {
        part.backend().read(part, floats, 0);
        bytes.asFloatBuffer().put(floats, 0, count);
      } else {
        part.backend().read(part, doubles, 0);
        bytes.asDoubleBuffer().put(doubles, 0, count);
      }
      writeFully(channel, bytes.limit(count * dataType.bytes()));
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** Makes the rename itself durable, where the system lets a folder be opened. */
  private static void forceFolder(Path folder) throws IOException {
    if (File.separatorChar == '/') {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static SafetensorsException failure(Path file, Path temporary, IOException cause) {
    String reason =
        switch (cause) {
          case NoSuchFileException e -> "the folder " + temporary.getParent() + " does not exist";
          case AccessDeniedException e -> "no permission to write in " + temporary.getParent();
          default -> String.valueOf(cause.getMessage());
        };
    SafetensorsException failure =
        new SafetensorsException("cannot write " + file + ": " + reason, cause);
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }
}
