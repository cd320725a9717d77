package dev.jdiffusion.diffusion.checkpoint;

import dev.jdiffusion.nn.io.DataType;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SequencedMap;
import java.util.zip.CRC32C;

/**
 * CRC-32C of all elements of a safetensors file, which itself would not notice a flipped bit among
 * them.
 */
final class Checksum {
  private static final int CHUNK_ELEMENTS = 1 << 16;

  private Checksum() {}

  /** The checksum that a file of these tensors will have. */
  static String ofTensors(SequencedMap<String, Tensor> tensors, DataType type) {
    CRC32C crc = new CRC32C();
    ByteBuffer bytes =
        ByteBuffer.allocate(CHUNK_ELEMENTS * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    float[] floats = new float[type == DataType.F32 ? CHUNK_ELEMENTS : 0];
    double[] doubles = new double[type == DataType.F64 ? CHUNK_ELEMENTS : 0];
    for (Tensor tensor : tensors.values()) {
      for (int start = 0; start < tensor.size(); start += CHUNK_ELEMENTS) {
        int count = Math.min(CHUNK_ELEMENTS, tensor.size() - start);
        Tensor part = tensor.range(start, Shape.of(count));
        bytes.clear();
        if (type == DataType.F32) {
          part.backend().read(part, floats, 0);
          bytes.asFloatBuffer().put(floats, 0, count);
        } else {
          part.backend().read(part, doubles, 0);
          bytes.asDoubleBuffer().put(doubles, 0, count);
        }
        crc.update(bytes.limit(count * type.bytes()));
      }
    }
    return text(crc);
  }

  /** The checksum of the elements in a file whose header has been checked. */
  static String ofFile(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer bytes = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.position() < Long.BYTES && channel.read(bytes, bytes.position()) >= 0) {
        continue;
      }
      channel.position(Long.BYTES + bytes.getLong(0));
      for (bytes.clear(); channel.read(bytes) >= 0; bytes.clear()) {
        crc.update(bytes.flip());
      }
    }
    return text(crc);
  }

  private static String text(CRC32C crc) {
    return "%08x".formatted(crc.getValue());
  }
}
