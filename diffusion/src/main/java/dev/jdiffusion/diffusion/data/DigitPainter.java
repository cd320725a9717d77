package dev.jdiffusion.diffusion.data;

/** Draws one digit after another onto a canvas of its own; for one thread. */
final class DigitPainter {
  /** Straight pieces per span between two control points; more would not show at this size. */
  private static final int PIECES = 5;

  private static final int MAX_POINTS = 256;

  /** How much wider than its usual width the pen may get. */
  private static final double MAX_PRESSURE = 1.35;

  private final int imageSize;
  private final StrokeCanvas canvas;

  private final double[] x = new double[MAX_POINTS];
  private final double[] y = new double[MAX_POINTS];

  /** Whether the pen is down on the way from the point before. */
  private final boolean[] penDown = new boolean[MAX_POINTS];

  private int points;

  DigitPainter(int imageSize) {
    this.imageSize = imageSize;
    canvas = new StrokeCanvas(imageSize, 1.25 * imageSize / 28);
  }

  /** Picture {@code index} of the dataset with {@code seed}, which shows {@code digit}. */
  byte[] paint(long seed, int index, int digit) {
    CounterRandom random = new CounterRandom(seed, index, digit);
    trace(DigitStyles.style(digit, random.nextInt(DigitStyles.styleCount(digit))), random);
    bend(random);
    double pen = Math.clamp(1.30 + 0.30 * random.nextBell(), 0.75, 2.2) * imageSize / 28;
    place(random, pen);
    canvas.clear();
    draw(random, pen);
    return canvas.toBytes(random.uniform(0.92, 1));
  }

  /** Flattens the strokes, each control point moved a little. */
  private void trace(DigitStyles.Style style, CounterRandom random) {
    points = 0;
    double wobble = random.uniform(0.010, 0.026);
    for (DigitStyles.Stroke stroke : style.strokes()) {
      int count = stroke.x().length;
      double[] cx = new double[count];
      double[] cy = new double[count];
      for (int i = 0; i < count; i++) {
        cx[i] = stroke.x()[i] + wobble * random.nextBell();
        cy[i] = stroke.y()[i] + wobble * random.nextBell();
      }
      add(cx[0], cy[0], false);
      for (int i = 0; i + 1 < count; i++) {
        boolean sharpStart = i == 0 || stroke.corner()[i];
        boolean sharpEnd = i + 2 == count || stroke.corner()[i + 1];
        span(cx, cy, i, sharpStart, sharpEnd);
      }
    }
  }

  /** One span of a Catmull-Rom spline; at a sharp end the tangent looks along the chord. */
  private void span(double[] cx, double[] cy, int i, boolean sharpStart, boolean sharpEnd) {
    double chordX = cx[i + 1] - cx[i];
    double chordY = cy[i + 1] - cy[i];
    double startX = sharpStart ? chordX : (cx[i + 1] - cx[i - 1]) / 2;
    double startY = sharpStart ? chordY : (cy[i + 1] - cy[i - 1]) / 2;
    double endX = sharpEnd ? chordX : (cx[i + 2] - cx[i]) / 2;
    double endY = sharpEnd ? chordY : (cy[i + 2] - cy[i]) / 2;
    for (int piece = 1; piece <= PIECES; piece++) {
      double u = (double) piece / PIECES;
      double toEnd = u * u * (3 - 2 * u);
      double tangent0 = u * (1 - u) * (1 - u);
      double tangent1 = -u * u * (1 - u);
      add(
          cx[i] + toEnd * chordX + tangent0 * startX + tangent1 * endX,
          cy[i] + toEnd * chordY + tangent0 * startY + tangent1 * endY,
          true);
    }
  }

  private void add(double px, double py, boolean down) {
    x[points] = px;
    y[points] = py;
    penDown[points++] = down;
  }

  /** The writer's hand: a soft bend, a slant, a rotation and the digit's width. */
  private void bend(CounterRandom random) {
    double bowX = 0.10 * random.nextBell();
    double swayX = 0.14 * random.nextBell();
    double bowY = 0.08 * random.nextBell();
    double slant = 0.10 + 0.17 * random.nextBell();
    double stretch = 0.98 + 0.13 * random.nextBell();
    double angle = 0.07 * random.nextBell();
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    for (int i = 0; i < points; i++) {
      double u = x[i] - 0.35;
      double v = y[i] - 0.5;
      double bentU = stretch * (u + bowX * (v * v) + swayX * v * (v * v - 0.25)) - slant * v;
      double bentV = v + bowY * u * u;
      x[i] = cos * bentU - sin * bentV;
      y[i] = sin * bentU + cos * bentV;
    }
  }

  /** Scales the digit into 20 of 28 pixels and puts its centre of mass into the middle. */
  private void place(CounterRandom random, double pen) {
    double pixel = imageSize / 28.0;
    double left = Double.MAX_VALUE;
    double right = -Double.MAX_VALUE;
    double top = Double.MAX_VALUE;
    double bottom = -Double.MAX_VALUE;
    double massX = 0;
    double massY = 0;
    double mass = 0;
    for (int i = 0; i < points; i++) {
      left = Math.min(left, x[i]);
      right = Math.max(right, x[i]);
      top = Math.min(top, y[i]);
      bottom = Math.max(bottom, y[i]);
      if (penDown[i]) {
        double dx = x[i] - x[i - 1];
        double dy = y[i] - y[i - 1];
        double length = Math.sqrt(dx * dx + dy * dy);
        massX += length * (x[i] + x[i - 1]) / 2;
        massY += length * (y[i] + y[i - 1]) / 2;
        mass += length;
      }
    }
    double span = (17.6 + 0.55 * random.nextBell()) * pixel;
    double scale = span / Math.max(right - left, bottom - top);
    double middle = imageSize / 2.0;
    double shiftX = middle + 0.35 * pixel * random.nextBell() - scale * massX / mass;
    double shiftY = middle + 0.35 * pixel * random.nextBell() - scale * massY / mass;
    // A digit whose mass sits at one end must still stay inside the picture.
    double margin = MAX_PRESSURE * pen + 1.2 * pixel;
    shiftX = Math.clamp(shiftX, margin - scale * left, imageSize - margin - scale * right);
    shiftY = Math.clamp(shiftY, margin - scale * top, imageSize - margin - scale * bottom);
    for (int i = 0; i < points; i++) {
      x[i] = scale * x[i] + shiftX;
      y[i] = scale * y[i] + shiftY;
    }
  }

  /** Draws the line with a pen whose pressure drifts, lighter where a stroke begins or ends. */
  private void draw(CounterRandom random, double pen) {
    double drift = 0;
    double radius = 0;
    for (int i = 0; i < points; i++) {
      drift = 0.9 * drift + 0.045 * random.nextBell();
      boolean end = !penDown[i] || i + 1 == points || !penDown[i + 1];
      double next = pen * Math.clamp(1 + drift, 0.7, MAX_PRESSURE) * (end ? 0.85 : 1);
      if (penDown[i]) {
        canvas.line(x[i - 1], y[i - 1], radius, x[i], y[i], next);
      }
      radius = next;
    }
  }
}
