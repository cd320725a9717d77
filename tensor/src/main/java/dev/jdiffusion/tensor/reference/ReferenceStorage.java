package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Storage;
import java.util.Arrays;

/** A fresh array for every tensor. */
final class ReferenceStorage extends Storage {
  private final ReferenceBackend owner;
  private double[] array;

  ReferenceStorage(ReferenceBackend owner, int length) {
    super(owner, length);
    this.owner = owner;
    array = new double[length];
    // Contents are undefined by contract: whoever reads them before writing shall see it.
    Arrays.fill(array, Double.NaN);
  }

  double[] array() {
    checkAlive();
    return array;
  }

  @Override
  protected void recycle() {
    array = new double[0];
    owner.returned(length());
  }
}
