package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Decoded pictures of one size as bytes: in memory while they are few, otherwise in a temporary
 * file that is mapped into memory, so that a dataset may be larger than the heap.
 *
 * <p>Written by any number of threads, each picture once, then {@link #seal() sealed}, then read by
 * any number of threads.
 */
final class PixelStore implements AutoCloseable {
  private static final float[] TO_FLOAT = new float[256];

  static {
    for (int value = 0; value < 256; value++) {
      TO_FLOAT[value] = (float) (value / 127.5 - 1);
    }
  }

  private final int imageLength;
  private final byte[] @Nullable [] inMemory;
  private final @Nullable Path file;
  private final @Nullable FileChannel channel;
  private final Arena arena = Arena.ofShared();
  private @Nullable MemorySegment mapped;
  private long highest;

  /** A store for pictures 0 .. count-1; more than {@code memoryBudget} bytes go to a file. */
  PixelStore(int count, int imageLength, long memoryBudget) {
    this.imageLength = imageLength;
    if ((long) count * imageLength <= memoryBudget) {
      inMemory = new byte[count][];
      file = null;
      channel = null;
      return;
    }
    inMemory = null;
    try {
      file = Files.createTempFile("jdiffusion-", ".pixels");
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      throw temporaryFileError(e);
    }
  }

  /** A quarter of the heap: training needs the rest. */
  static long defaultMemoryBudget() {
    return Runtime.getRuntime().maxMemory() / 4;
  }

  void put(int index, byte[] pixels) {
    if (inMemory != null) {
      inMemory[index] = pixels;
      return;
    }
    ByteBuffer buffer = ByteBuffer.wrap(pixels);
    long position = (long) index * imageLength;
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer, position + buffer.position());
      }
    } catch (IOException e) {
      throw temporaryFileError(e);
    }
    synchronized (this) {
      highest = Math.max(highest, position + imageLength);
    }
  }

  /** Ends writing. */
  void seal() {
    if (channel != null) {
      try {
        // Mapped, because reads through the channel would close it when a thread is interrupted.
        mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, highest, arena);
      } catch (IOException e) {
        throw temporaryFileError(e);
      }
    }
  }

  void read(int index, float[] target, int offset) {
    if (inMemory != null) {
      toFloats(inMemory[index], target, offset);
      return;
    }
    long start = (long) index * imageLength;
    for (int i = 0; i < imageLength; i++) {
      target[offset + i] = TO_FLOAT[mapped.get(ValueLayout.JAVA_BYTE, start + i) & 0xFF];
    }
  }

  static void toFloats(byte[] pixels, float[] target, int offset) {
    for (int i = 0; i < pixels.length; i++) {
      target[offset + i] = TO_FLOAT[pixels[i] & 0xFF];
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw temporaryFileError(e);
      }
    }
  }

  private UserError temporaryFileError(IOException e) {
    String where = file == null ? System.getProperty("java.io.tmpdir") : file.toString();
    return UserError.io(
        "cannot keep decoded pictures in the temporary file " + where,
        e,
        "free disk space there or set another folder with -Djava.io.tmpdir=FOLDER");
  }
}
