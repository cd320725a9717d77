package dev.jdiffusion.diffusion.data;

/** Pictures as bytes. */
final class PixelStore {
  private static final float[] TO_FLOAT = new float[256];

  static {
    for (int value = 0; value < 256; value++) {
      TO_FLOAT[value] = (float) (value / 127.5 - 1);
    }
  }

  private PixelStore() {}

  static void toFloats(byte[] pixels, float[] target, int offset) {
    for (int i = 0; i < pixels.length; i++) {
      target[offset + i] = TO_FLOAT[pixels[i] & 0xFF];
    }
  }
}
