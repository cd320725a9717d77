package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.data.ImageDataset;
import java.util.List;
import java.util.Set;

/** Grey pictures of 8x8 pixels, of which some have a pixel that is no number or cannot be read. */
record Pictures(int size, Set<Integer> broken, Set<Integer> unreadable) implements ImageDataset {
  Pictures(int size, Set<Integer> broken) {
    this(size, broken, Set.of());
  }

  @Override
  public String name() {
    return "pictures";
  }

  @Override
  public int height() {
    return 8;
  }

  @Override
  public int width() {
    return 8;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public List<String> classNames() {
    return List.of();
  }

  @Override
  public int label(int index) {
    return -1;
  }

  @Override
  public void read(int index, float[] target, int offset) {
    if (unreadable.contains(index)) {
      throw new UserError("picture " + index + " is gone");
    }
    for (int i = 0; i < 64; i++) {
      target[offset + i] = (i / 8 + i + index) % 3 - 1f;
    }
    if (broken.contains(index)) {
      target[offset + 5] = Float.NaN;
    }
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
