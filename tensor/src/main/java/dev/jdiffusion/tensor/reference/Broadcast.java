package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Shape;

/**
 * Where the element of a small tensor lies that an element of a larger shape sees when the small
 * one is broadcast.
 */
final class Broadcast {
  private final int[] extents;

  /** Of the small tensor, per axis of the large shape; 0 where it is repeated. */
  private final int[] strides;

  Broadcast(Shape small, Shape large) {
    extents = large.toArray();
    strides = new int[extents.length];
    int missing = large.rank() - small.rank();
    int stride = 1;
    for (int axis = small.rank() - 1; axis >= 0; axis--) {
      strides[missing + axis] = small.dim(axis) == 1 ? 0 : stride;
      stride *= small.dim(axis);
    }
  }

  /** The small tensor's element for element {@code i} of the large shape. */
  int index(int i) {
    int index = 0;
    int rest = i;
    for (int axis = extents.length - 1; axis >= 0; axis--) {
      index += rest % extents[axis] * strides[axis];
      rest /= extents[axis];
    }
    return index;
  }
}
