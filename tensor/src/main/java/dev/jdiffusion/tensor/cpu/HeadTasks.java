package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;

/**
 * Divides attention among threads. Heads of an image lie side by side in memory and share cache
 * lines, which two threads would take from each other: where there are images enough for all
 * threads, one thread has all heads of an image, one after the other.
 */
final class HeadTasks {
  /** With so many, a thread that has one image more than another makes no difference. */
  private static final int IMAGES_PER_THREAD = 16;

  /** Elements of an image that stay in the second-level cache while its heads are computed. */
  private static final int FETCHED = 1 << 16;

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
   * @param read what all heads of an image read: [images, length, width]
   * @param work of all tasks, in multiply-adds
   */
  void run(Tensor read, int heads, int parts, long work, Task task) {
    int images = read.dim(0);
    int all = heads * parts;
    if (images < IMAGES_PER_THREAD * workers.threads()) {
      workers.run(
          images * all, work, index -> task.run(index / all, index / parts % heads, index % parts));
      return;
    }
    workers.run(
        images,
        work,
        image -> {
          fetch(read, image);
          for (int i = 0; i < all; i++) {
            task.run(image, i / parts, i % parts);
          }
        });
  }

  private void fetch(Tensor tensor, int image) {
    int size = tensor.dim(1) * tensor.dim(2);
    if (size <= FETCHED) {
      float[] sum = pool.take(1);
      sum[0] = Prefetch.range(FloatStorage.array(tensor), tensor.offset() + image * size, size);
      pool.give(sum);
    }
  }
}
