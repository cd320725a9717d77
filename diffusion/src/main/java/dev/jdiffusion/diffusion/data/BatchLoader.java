package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Endless shuffled batches of a dataset, read ahead by a background thread.
 *
 * <p>Each epoch visits the pictures in an order that depends on (seed, epoch) only. The whole state
 * of a loader is therefore its {@link Cursor}: one opened at the cursor of a batch delivers that
 * batch and all that follow, bit for bit. The incomplete batch at the end of an epoch is dropped; a
 * dataset smaller than a batch gives one smaller batch per epoch.
 *
 * <p>For one consumer thread. A failure while reading comes out of {@link #next()}.
 */
public final class BatchLoader implements AutoCloseable {
  /** Batches ready or in the making; two keep the reader busy while one is consumed. */
  private static final int PREFETCH = 2;

  /** Keeps the random numbers of shuffles and flips apart. */
  private static final long FLIP_STREAM = 0x666C6970;

  /** Where a batch stands: the {@code batch}-th of {@code epoch}, both counted from 0. */
  public record Cursor(long epoch, int batch) {
    /** The first batch of a training run. */
    public static final Cursor START = new Cursor(0, 0);

    /** Checks that neither number is negative. */
    public Cursor {
      if (epoch < 0 || batch < 0) {
        throw new IllegalArgumentException("cursor: epoch " + epoch + ", batch " + batch);
      }
    }
  }

  /**
   * Pictures in NHWC and their labels. The arrays are reused: they are valid until the next call of
   * {@link BatchLoader#next()}.
   *
   * @param images size x height x width x channels floats in [-1, 1]
   * @param labels one per picture, -1 where it has none
   * @param size the number of pictures
   * @param cursor where this batch stands
   * @param following where the next batch stands: what a checkpoint after this batch stores
   */
  public record Batch(float[] images, int[] labels, int size, Cursor cursor, Cursor following) {}

  /** What the background thread hands over: a batch, or why there will be no more. */
  private record Delivery(@Nullable Batch batch, @Nullable Throwable failure) {}

  private final ImageDataset dataset;
  private final int batchSize;
  private final int batchesPerEpoch;
  private final long seed;
  private final boolean horizontalFlip;
  private final BlockingQueue<Delivery> ready = new ArrayBlockingQueue<>(PREFETCH);
  private final BlockingQueue<Batch> used = new ArrayBlockingQueue<>(PREFETCH + 2);
  private final Thread reader;
  private @Nullable Batch lent;
  private @Nullable Throwable failure;

  /**
   * Starts reading at {@code start}.
   *
   * @param dataset stays open as long as the loader; the caller closes it afterwards
   * @param batchSize pictures per batch, at most the dataset's size is used
   * @param horizontalFlip whether to mirror every second picture, chosen anew in each epoch
   */
  public BatchLoader(
      ImageDataset dataset, int batchSize, long seed, boolean horizontalFlip, Cursor start) {
    if (batchSize < 1) {
      throw new UserError("batch size " + batchSize + ": must be at least 1");
    }
    this.dataset = dataset;
    this.batchSize = Math.min(batchSize, dataset.size());
    this.seed = seed;
    this.horizontalFlip = horizontalFlip;
    batchesPerEpoch = dataset.size() / this.batchSize;
    if (start.batch() >= batchesPerEpoch) {
      throw new UserError(
          dataset.name()
              + ": batch "
              + start.batch()
              + " of an epoch was asked for, but there are only "
              + batchesPerEpoch
              + " of "
              + this.batchSize
              + " pictures: the dataset or the batch size differs from the run that is resumed");
    }
    long floats = (long) this.batchSize * dataset.imageLength();
    if (floats > Integer.MAX_VALUE - 8) {
      throw new UserError(
          "batch size "
              + batchSize
              + ": a batch of "
              + dataset.height()
              + "x"
              + dataset.width()
              + " pictures has more than 2^31 values; use a smaller batch");
    }
    // One batch with the consumer, one being filled, the rest ready.
    for (int i = 0; i < PREFETCH + 2; i++) {
      float[] images = new float[(int) floats];
      used.add(new Batch(images, new int[this.batchSize], this.batchSize, start, start));
    }
    reader = Thread.ofPlatform().daemon().name("batch-loader").unstarted(() -> readAll(start));
    reader.start();
  }

  /** The number of pictures in every batch. */
  public int batchSize() {
    return batchSize;
  }

  /** The number of batches in every epoch. */
  public int batchesPerEpoch() {
    return batchesPerEpoch;
  }

  /**
   * The next batch; waits for it where the reader is behind. Takes back the one before.
   *
   * @throws UserError when the dataset could not be read, here and in every later call
   * @throws IllegalStateException when the thread is interrupted or the loader closed
   */
  public Batch next() {
    if (failure == null) {
      try {
        if (lent != null) {
          used.put(lent);
          lent = null;
        }
        Delivery delivery = ready.take();
        lent = delivery.batch();
        failure = delivery.failure();
        if (lent != null) {
          return lent;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for a batch", e);
      }
    }
    throw switch (failure) {
      case UserError error -> new UserError(String.valueOf(error.getMessage()), error);
      case null, default -> new IllegalStateException(dataset.name() + ": reading failed", failure);
    };
  }

  /** Ends the background thread; batches handed out before must not be used any more. */
  @Override
  public void close() {
    if (failure == null) {
      failure = new IllegalStateException("the loader is closed");
    }
    reader.interrupt();
    boolean interrupted = false;
    while (reader.isAlive()) {
      try {
        reader.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void readAll(Cursor start) {
    try {
      int[] order = shuffled(dataset.size(), seed, start.epoch());
      Cursor cursor = start;
      while (true) {
        Batch buffer = used.take();
        Cursor following =
            cursor.batch() + 1 < batchesPerEpoch
                ? new Cursor(cursor.epoch(), cursor.batch() + 1)
                : new Cursor(cursor.epoch() + 1, 0);
        fill(buffer, order, cursor);
        ready.put(
            new Delivery(
                new Batch(buffer.images(), buffer.labels(), batchSize, cursor, following), null));
        if (following.epoch() != cursor.epoch()) {
          order = shuffled(dataset.size(), seed, following.epoch());
        }
        cursor = following;
      }
    } catch (InterruptedException e) {
      // close() was called: nobody waits for more.
      return;
    } catch (Throwable e) {
      deliverLast(e);
    }
  }

  private void deliverLast(Throwable reason) {
    try {
      ready.put(new Delivery(null, reason));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void fill(Batch buffer, int[] order, Cursor cursor) {
    int length = dataset.imageLength();
    for (int i = 0; i < batchSize; i++) {
      int index = order[cursor.batch() * batchSize + i];
      dataset.read(index, buffer.images(), i * length);
      buffer.labels()[i] = dataset.label(index);
      if (horizontalFlip
          && new CounterRandom(seed ^ FLIP_STREAM, cursor.epoch(), index).nextLong() < 0) {
        flip(buffer.images(), i * length, dataset.height(), dataset.width(), dataset.channels());
      }
    }
  }

  /** Mirrors the height x width x channels picture at {@code offset} left to right. */
  static void flip(float[] images, int offset, int height, int width, int channels) {
    for (int y = 0; y < height; y++) {
      int row = offset + y * width * channels;
      for (int x = 0; x < width / 2; x++) {
        for (int c = 0; c < channels; c++) {
          int left = row + x * channels + c;
          int right = row + (width - 1 - x) * channels + c;
          float swap = images[left];
          images[left] = images[right];
          images[right] = swap;
        }
      }
    }
  }

  /** A permutation of 0 .. size-1 (Fisher and Yates) that depends on seed and epoch only. */
  static int[] shuffled(int size, long seed, long epoch) {
    int[] order = new int[size];
    Arrays.setAll(order, i -> i);
    CounterRandom random = new CounterRandom(seed, epoch, size);
    for (int i = size - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }
}
