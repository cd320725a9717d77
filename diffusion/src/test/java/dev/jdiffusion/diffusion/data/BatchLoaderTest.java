package dev.jdiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.data.BatchLoader.Batch;
import dev.jdiffusion.diffusion.data.BatchLoader.Cursor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BatchLoaderTest {
  /** Pictures of 2x3 pixels and 2 channels whose values count on from 100 * index. */
  private record Counting(int size, int failAt) implements ImageDataset {
    static final int OUT_OF_MEMORY = -2;

    @Override
    public String name() {
      return "counting";
    }

    @Override
    public int height() {
      return 2;
    }

    @Override
    public int width() {
      return 3;
    }

    @Override
    public int channels() {
      return 2;
    }

    @Override
    public List<String> classNames() {
      return List.of();
    }

    @Override
    public int label(int index) {
      return index + 1;
    }

    @Override
    public void read(int index, float[] target, int offset) {
      if (failAt == OUT_OF_MEMORY) {
        throw new OutOfMemoryError("as a test wants it");
      }
      if (index == failAt) {
        throw new UserError("picture " + index + " is damaged");
      }
      for (int i = 0; i < 12; i++) {
        target[offset + i] = 100 * index + i;
      }
    }

    @Override
    public void close() {}
  }

  private static final Counting TEN = new Counting(10, -1);

  private static BatchLoader loader(ImageDataset dataset, int batch, long seed, Cursor start) {
    return new BatchLoader(dataset, batch, seed, false, start);
  }

  @Test
  void anEpochVisitsEveryPictureOnceAndDropsTheIncompleteBatch() {
    try (BatchLoader loader = loader(TEN, 4, 7, Cursor.START)) {
      assertEquals(2, loader.batchesPerEpoch());
      for (int epoch = 0; epoch < 20; epoch++) {
        BitSet seen = new BitSet();
        for (int b = 0; b < 2; b++) {
          Batch batch = loader.next();
          assertEquals(new Cursor(epoch, b), batch.cursor());
          assertEquals(b == 0 ? new Cursor(epoch, 1) : new Cursor(epoch + 1, 0), batch.following());
          assertEquals(4, batch.size());
          for (int i = 0; i < 4; i++) {
            int index = batch.labels()[i] - 1;
            assertFalse(seen.get(index));
            seen.set(index);
            for (int k = 0; k < 12; k++) {
              assertEquals(100 * index + k, batch.images()[12 * i + k]);
            }
          }
        }
        assertEquals(8, seen.cardinality());
      }
    }
  }

  @Test
  void epochsAndSeedsShuffleDifferently() {
    Set<List<Integer>> orders = new HashSet<>();
    for (long seed = 0; seed < 10; seed++) {
      for (long epoch = 0; epoch < 10; epoch++) {
        orders.add(Arrays.stream(BatchLoader.shuffled(50, seed, epoch)).boxed().toList());
      }
    }
    assertEquals(100, orders.size());
  }

  @Test
  void shufflesAreUniform() {
    int[][] counts = new int[5][5];
    int epochs = 20_000;
    for (int epoch = 0; epoch < epochs; epoch++) {
      int[] order = BatchLoader.shuffled(5, 3, epoch);
      for (int place = 0; place < 5; place++) {
        counts[place][order[place]]++;
      }
    }
    for (int[] place : counts) {
      for (int count : place) {
        assertEquals(epochs / 5.0, count, 5 * Math.sqrt(epochs * 0.16));
      }
    }
  }

  @Test
  void aShuffleIsTheSameForEver() {
    assertEquals(
        "[5, 2, 7, 4, 3, 1, 8, 0, 6, 9]", Arrays.toString(BatchLoader.shuffled(10, 42, 3)));
  }

  @Test
  void aLoaderOpenedAtAnyCursorContinuesBitForBit() {
    StrokesDataset strokes = new StrokesDataset(5, 53, 28);
    List<Cursor> cursors = new ArrayList<>();
    List<float[]> images = new ArrayList<>();
    try (BatchLoader loader = new BatchLoader(strokes, 8, 11, true, Cursor.START)) {
      for (int i = 0; i < 20; i++) {
        Batch batch = loader.next();
        cursors.add(batch.cursor());
        images.add(batch.images().clone());
      }
    }
    for (int start = 0; start < 20; start++) {
      try (BatchLoader loader = new BatchLoader(strokes, 8, 11, true, cursors.get(start))) {
        for (int i = start; i < Math.min(20, start + 3); i++) {
          Batch batch = loader.next();
          assertEquals(cursors.get(i), batch.cursor());
          assertArrayEquals(images.get(i), batch.images());
        }
      }
    }
  }

  @Test
  void aDatasetSmallerThanABatchGivesOneSmallerBatchPerEpoch() {
    try (BatchLoader loader = loader(new Counting(3, -1), 128, 1, Cursor.START)) {
      assertEquals(3, loader.batchSize());
      assertEquals(1, loader.batchesPerEpoch());
      for (int epoch = 0; epoch < 5; epoch++) {
        Batch batch = loader.next();
        assertEquals(new Cursor(epoch, 0), batch.cursor());
        assertEquals(Set.of(1, 2, 3), Set.copyOf(Arrays.stream(batch.labels()).boxed().toList()));
      }
    }
  }

  @Test
  void flippingMirrorsAboutHalfOfThePicturesAndOthersInTheNextEpoch() {
    Counting many = new Counting(1000, -1);
    BitSet first = new BitSet();
    BitSet second = new BitSet();
    try (BatchLoader loader = new BatchLoader(many, 100, 9, true, Cursor.START)) {
      for (int b = 0; b < 20; b++) {
        Batch batch = loader.next();
        for (int i = 0; i < 100; i++) {
          int index = batch.labels()[i] - 1;
          int[] plain = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
          int[] mirrored = {4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7};
          boolean flipped = batch.images()[12 * i] != 100 * index;
          for (int k = 0; k < 12; k++) {
            assertEquals(100 * index + (flipped ? mirrored : plain)[k], batch.images()[12 * i + k]);
          }
          (b < 10 ? first : second).set(index, flipped);
        }
      }
    }
    assertEquals(500, first.cardinality(), 80);
    first.xor(second);
    assertEquals(500, first.cardinality(), 80);
  }

  @Test
  void buffersAreReused() {
    Map<float[], Integer> arrays = new IdentityHashMap<>();
    try (BatchLoader loader = loader(TEN, 5, 1, Cursor.START)) {
      for (int i = 0; i < 200; i++) {
        arrays.merge(loader.next().images(), 1, Integer::sum);
      }
    }
    assertTrue(arrays.size() <= 4, () -> arrays.size() + " arrays");
  }

  @Test
  void aFailureOfTheBackgroundThreadComesOutOfNextAndStays() {
    try (BatchLoader loader = loader(new Counting(10, 6), 1, 1, Cursor.START)) {
      UserError error =
          assertThrows(
              UserError.class,
              () -> {
                for (int i = 0; i < 11; i++) {
                  loader.next();
                }
              });
      assertEquals("picture 6 is damaged", error.getMessage());
      assertEquals(
          "picture 6 is damaged", assertThrows(UserError.class, loader::next).getMessage());
    }
  }

  @Test
  void anErrorThatNobodyExpectedKeepsItsCause() {
    try (BatchLoader loader =
        loader(new Counting(10, Counting.OUT_OF_MEMORY), 10, 1, Cursor.START)) {
      IllegalStateException error = assertThrows(IllegalStateException.class, loader::next);
      assertSame(OutOfMemoryError.class, error.getCause().getClass());
    }
  }

  @Test
  void closingEndsTheThreadAndTheLoader() {
    BatchLoader loader = loader(TEN, 2, 1, Cursor.START);
    loader.next();
    loader.close();
    assertThrows(IllegalStateException.class, loader::next);
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.getName().equals("batch-loader")));
  }

  @Test
  void aCursorBeyondTheEpochIsRefused() {
    UserError error =
        assertThrows(UserError.class, () -> loader(TEN, 4, 1, new Cursor(3, 2)).close());
    assertTrue(error.getMessage().contains("only 2 of 4 pictures"), error.getMessage());
    assertThrows(UserError.class, () -> loader(TEN, 0, 1, Cursor.START).close());
  }
}
