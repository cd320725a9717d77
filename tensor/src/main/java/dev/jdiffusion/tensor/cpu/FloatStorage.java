package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Storage;
import dev.jdiffusion.tensor.Tensor;

/** A pooled heap array. It may be longer than the storage; kernels go by the tensor's size. */
final class FloatStorage extends Storage {
  private static final float[] RECYCLED = {};

  /** Kernels may read, but not use, this many elements behind a tensor. */
  private static final int SLACK = OuterProducts.OVERHANG;

  private final FloatPool pool;
  private float[] array;

  FloatStorage(Backend backend, FloatPool pool, int length) {
    super(backend, length);
    this.pool = pool;
    this.array =
        pool.take((int) Math.min((long) length + FloatPool.FIRST + SLACK, Integer.MAX_VALUE));
  }

  @Override
  public int first() {
    return FloatPool.FIRST;
  }

  /** The elements; an error after the storage was freed. */
  float[] array() {
    checkAlive();
    return array;
  }

  /** The array that holds a tensor's elements, which start at {@link Tensor#offset}. */
  static float[] array(Tensor tensor) {
    if (tensor.storage() instanceof FloatStorage storage) {
      return storage.array();
    }
    throw new IllegalArgumentException("tensor " + tensor + " does not live on the cpu");
  }

  @Override
  protected void recycle() {
    float[] returned = array;
    array = RECYCLED;
    pool.give(returned);
  }
}
