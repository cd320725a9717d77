package dev.jdiffusion.diffusion.data;

import java.util.Arrays;

/**
 * Draws round-ended pen lines of varying width with grey, anti-aliased edges.
 *
 * <p>Every pixel takes the distance from its centre to the nearest point of the line; darkness
 * falls linearly from 1 to 0 over {@code edge} pixels around the line's radius. Only additions,
 * multiplications, divisions and square roots, which IEEE 754 rounds the same everywhere: no font
 * renderer or graphics driver has a say.
 */
final class StrokeCanvas {
  private final int size;
  private final double edge;
  private final float[] coverage;

  /** A square canvas of {@code size} pixels whose lines fade over {@code edge} pixels. */
  StrokeCanvas(int size, double edge) {
    this.size = size;
    this.edge = edge;
    coverage = new float[size * size];
  }

  void clear() {
    Arrays.fill(coverage, 0);
  }

  /** A line from (x0, y0) with radius r0 to (x1, y1) with radius r1; pixel centres are at .5. */
  void line(double x0, double y0, double r0, double x1, double y1, double r1) {
    double reach = Math.max(r0, r1) + edge / 2;
    int left = Math.max(0, (int) (Math.min(x0, x1) - reach));
    int right = Math.min(size - 1, (int) (Math.max(x0, x1) + reach));
    int top = Math.max(0, (int) (Math.min(y0, y1) - reach));
    int bottom = Math.min(size - 1, (int) (Math.max(y0, y1) + reach));
    double dx = x1 - x0;
    double dy = y1 - y0;
    double lengthSquared = dx * dx + dy * dy;
    double perLength = lengthSquared > 0 ? 1 / lengthSquared : 0;
    double reachSquared = reach * reach;
    double perEdge = 1 / edge;
    for (int py = top; py <= bottom; py++) {
      double fy = py + 0.5 - y0;
      for (int px = left; px <= right; px++) {
        double fx = px + 0.5 - x0;
        double along = Math.min(1, Math.max(0, (fx * dx + fy * dy) * perLength));
        double ex = fx - along * dx;
        double ey = fy - along * dy;
        double distanceSquared = ex * ex + ey * ey;
        if (distanceSquared < reachSquared) {
          double radius = r0 + along * (r1 - r0);
          float cover = (float) ((radius - Math.sqrt(distanceSquared)) * perEdge + 0.5);
          int at = py * size + px;
          if (cover > coverage[at]) {
            coverage[at] = cover;
          }
        }
      }
    }
  }

  /**
   * The canvas as bytes, 0 for untouched; {@code strength} in 0..1 is a full stroke's brightness.
   */
  byte[] toBytes(double strength) {
    byte[] pixels = new byte[coverage.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (Math.min(1f, coverage[i]) * (255 * strength) + 0.5);
    }
    return pixels;
  }
}
