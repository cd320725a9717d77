package dev.jdiffusion.diffusion.data;

import java.util.List;

/**
 * A fixed number of pictures of one size, read by index from any number of threads.
 *
 * <p>Reading the same index always gives the same values.
 */
public interface ImageDataset extends AutoCloseable {
  /** How the dataset is called in messages: its name or its path. */
  String name();

  /** The number of pictures, at least 1. */
  int size();

  /** Pixel rows of every picture. */
  int height();

  /** Pixel columns of every picture. */
  int width();

  /** 1 for grey, 3 for red, green and blue. */
  int channels();

  /** The classes in the order of their numbers; empty where the pictures have none. */
  List<String> classNames();

  /** The number of the class of picture {@code index}, or -1 where it has none. */
  int label(int index);

  /**
   * Writes picture {@code index} to {@code target[offset ..]} as height x width x channels floats
   * in [-1, 1]; -1 is black.
   */
  void read(int index, float[] target, int offset);

  /** What the person who started the training should know, such as skipped files; often empty. */
  default List<String> notices() {
    return List.of();
  }

  /** The number of floats that one picture takes: height x width x channels. */
  default int imageLength() {
    return height() * width() * channels();
  }

  /** Releases files that the dataset holds; reading afterwards is an error. */
  @Override
  void close();
}
