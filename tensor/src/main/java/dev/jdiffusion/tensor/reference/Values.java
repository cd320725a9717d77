package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;

/** The elements of a tensor, by one to four row-major indices. */
final class Values {
  private final double[] array;
  private final int offset;

  /** The last three extents, those that indexing needs. */
  private final int extent1;

  private final int extent2;
  private final int extent3;

  private Values(double[] array, int offset, int extent1, int extent2, int extent3) {
    this.array = array;
    this.offset = offset;
    this.extent1 = extent1;
    this.extent2 = extent2;
    this.extent3 = extent3;
  }

  static Values of(Tensor tensor) {
    int rank = tensor.shape().rank();
    return new Values(
        array(tensor),
        tensor.offset(),
        rank < 3 ? 1 : tensor.dim(-3),
        rank < 2 ? 1 : tensor.dim(-2),
        rank < 1 ? 1 : tensor.dim(-1));
  }

  /** The array in which a tensor's elements start at {@link Tensor#offset}. */
  static double[] array(Tensor tensor) {
    if (tensor.storage() instanceof ReferenceStorage storage) {
      return storage.array();
    }
    throw new IllegalArgumentException(
        "reference: " + tensor + " lives on another device; copy it first");
  }

  double get(int i) {
    return array[offset + i];
  }

  double get(int i, int j) {
    return array[index(i, j)];
  }

  double get(int i, int j, int k) {
    return array[index(i, j, k)];
  }

  double get(int i, int j, int k, int l) {
    return array[index(i, j, k, l)];
  }

  void set(int i, double value) {
    array[offset + i] = value;
  }

  void set(int i, int j, double value) {
    array[index(i, j)] = value;
  }

  void set(int i, int j, int k, double value) {
    array[index(i, j, k)] = value;
  }

  void set(int i, int j, int k, int l, double value) {
    array[index(i, j, k, l)] = value;
  }

  void add(int i, double value) {
    array[offset + i] += value;
  }

  void add(int i, int j, double value) {
    array[index(i, j)] += value;
  }

  void add(int i, int j, int k, int l, double value) {
    array[index(i, j, k, l)] += value;
  }

  private int index(int i, int j) {
    return offset + i * extent3 + j;
  }

  private int index(int i, int j, int k) {
    return offset + (i * extent2 + j) * extent3 + k;
  }

  private int index(int i, int j, int k, int l) {
    return offset + ((i * extent1 + j) * extent2 + k) * extent3 + l;
  }
}
