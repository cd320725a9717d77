package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Divides attention among threads. Heads of an image lie side by side in memory and share cache
 * lines, which two threads would take from each other: where there are images enough for all
 * threads, one thread has all heads of an image, one after the other.
 */
final class HeadTasks {
  /** With fewer, a thread that is late by an image makes others wait for long. */
  private static final int IMAGES_PER_THREAD = 16;

  /** Elements of an image that stay in a cache, if only the third, until its heads need them. */
  private static final int FETCHED = 1 << 20;

  private final Workers workers;
  private final FloatPool pool;

  HeadTasks(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /** A part of one head of one image. */
  interface Task {
    void run(int image, int head, int part);
  }

  /**
   * Runs a task for each part of each head.
   *
   * @param used what the heads of an image read or write: of [images, length, width] each
   * @param work of all tasks, in multiply-adds
   */
  void run(List<Columns> used, int heads, int parts, long work, Task task) {
    List<Tensor> tensors = new ArrayList<>(used.size());
    long elements = 0;
    for (Columns columns : used) {
      if (!tensors.contains(columns.tensor())) {
        tensors.add(columns.tensor());
        elements += imageSize(columns.tensor());
      }
    }
    int images = tensors.getFirst().dim(0);
    int all = heads * parts;
    int threads = workers.threads();
    // Images for one thread each; what is left when all have as many is divided.
    int whole = images < IMAGES_PER_THREAD * threads ? 0 : images - images % threads;
    boolean fetches = elements <= FETCHED;
    workers.run(
        whole + (images - whole) * all,
        work,
        index -> {
          if (index >= whole) {
            int i = index - whole;
            task.run(whole + i / all, i / parts % heads, i % parts);
            return;
          }
          if (fetches) {
            fetch(tensors, index);
          }
          for (int i = 0; i < all; i++) {
            task.run(index, i / parts, i % parts);
          }
        });
  }

  private void fetch(List<Tensor> tensors, int image) {
    float[] sums = pool.take(tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      Tensor tensor = tensors.get(i);
      int size = imageSize(tensor);
      sums[i] = Prefetch.range(FloatStorage.array(tensor), tensor.offset() + image * size, size);
    }
    pool.give(sums);
  }

  private static int imageSize(Tensor tensor) {
    return tensor.dim(1) * tensor.dim(2);
  }
}
