package dev.jdiffusion.tensor.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Writes the unrolled kernels listed in {@link #NAMES}.
 *
 * <p>C2 keeps vectors in registers only if they are local variables with a name each, and only
 * across a loop without an inner loop; hence methods that differ in nothing but the number of their
 * variables. Run it from the module's folder: {@code java KernelGenerator.java
 * src/main/java/dev/jdiffusion/tensor/cpu}.
 */
final class KernelGenerator {
  /** Rows and vectors of a tile. */
  private record Tile(int rows, int vectors) {
    @Override
    public String toString() {
      return rows + "x" + vectors;
    }
  }

  private static final List<Tile> WIDE =
      List.of(new Tile(14, 1), new Tile(10, 2), new Tile(8, 3), new Tile(6, 4));
  private static final List<Tile> NARROW = List.of(new Tile(12, 1), new Tile(6, 2), new Tile(3, 3));
  private static final List<Tile> NARROW_GRADIENTS =
      List.of(new Tile(12, 1), new Tile(5, 2), new Tile(3, 3));

  /** One for each number of vectors from 1 on. */
  private static final List<Tile> SMALL =
      List.of(
          new Tile(8, 1),
          new Tile(8, 2),
          new Tile(4, 3),
          new Tile(4, 4),
          new Tile(4, 5),
          new Tile(4, 6));

  /** Those of two vectors, in order of preference. */
  private static final List<Tile> PAIRS = List.of(new Tile(8, 2), new Tile(4, 2), new Tile(1, 2));

  /** How a tile reads the first factor, and the distances that C2 knows. */
  private enum Reading {
    /** Rows of any distance; the product is pitched. */
    SCORES("scores", "aRow", "PITCH", "PITCH"),
    /** Rows of a panel; the product is pitched. */
    PANEL_SCORES("panelScores", "COLUMNS", "PITCH", "PITCH"),
    /** Rows of a panel. */
    PANEL("panel", "COLUMNS", "COLUMNS", "cRow"),
    /** Columns of a panel, which are the rows of the transposed one. */
    PANEL_COLUMNS("panelTransposed", "COLUMNS", "COLUMNS", "cRow"),
    /** Rows of a pitched matrix. */
    PITCHED("pitched", "PITCH", "COLUMNS", "cRow"),
    /** Columns of a pitched matrix. */
    PITCHED_COLUMNS("pitchedTransposed", "PITCH", "COLUMNS", "cRow");

    final String method;
    final String aDistance;
    final String bDistance;
    final String cDistance;

    Reading(String method, String aDistance, String bDistance, String cDistance) {
      this.method = method;
      this.aDistance = aDistance;
      this.bDistance = bDistance;
      this.cDistance = cDistance;
    }

    boolean isOfColumns() {
      return this == PITCHED_COLUMNS || this == PANEL_COLUMNS;
    }

    /** Where a tile's row m begins. */
    String begin() {
      return "aFrom + m" + (isOfColumns() ? "" : " * " + aDistance);
    }

    /** The element j of a tile's row. */
    String element(int row) {
      if (isOfColumns()) {
        return "a[x + %d]".formatted(row);
      }
      return isVariable(aDistance)
          ? "a[x%d + j]".formatted(row)
          : "a[aFrom + j%s]".formatted(times(row, aDistance));
    }

    String parameters() {
      return "float[] a, int aFrom, %sfloat[] b, int bFrom, float[] c, int cFrom%s"
          .formatted(
              isVariable(aDistance) ? "int aRow, " : "", isVariable(cDistance) ? ", int cRow" : "");
    }

    String arguments(String aFrom, String cFrom) {
      return "a, %s, %sb, bFrom, c, %s%s"
          .formatted(
              aFrom,
              isVariable(aDistance) ? "aRow, " : "",
              cFrom,
              isVariable(cDistance) ? ", cRow" : "");
    }

    static boolean isVariable(String distance) {
      return distance.endsWith("Row");
    }
  }

  /** What the products of a panel and those of a tile are told alike. */
  private static final String PRODUCT =
      "float[] x, int[] xBase, int xFrom, float[] w, int wFrom, float[] start, int startFrom, "
          + "float[] out, int[] outBase, int outFrom";

  private static final int TAPS = 7;

  /** The classes. */
  static final List<String> NAMES =
      List.of(
          "WideProducts",
          "WideGradients",
          "NarrowProducts",
          "NarrowGradients",
          "SmallProducts",
          "DepthwiseTiles");

  private final StringBuilder text = new StringBuilder();

  private KernelGenerator() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    for (String name : NAMES) {
      Files.writeString(folder.resolve(name + ".java"), source(name));
    }
  }

  /** The text of a generated class. */
  static String source(String name) {
    KernelGenerator generator = new KernelGenerator();
    switch (name) {
      case "WideProducts" -> generator.products(name, 32, WIDE);
      case "NarrowProducts" -> generator.products(name, 16, NARROW);
      case "WideGradients" -> generator.gradients(name, 32, WIDE);
      case "NarrowGradients" -> generator.gradients(name, 16, NARROW_GRADIENTS);
      case "SmallProducts" -> generator.smallProducts(name);
      case "DepthwiseTiles" -> generator.depthwise(name);
      default -> throw new IllegalArgumentException(name);
    }
    return generator.text.toString();
  }

  private void line(String format, Object... arguments) {
    text.append(format.formatted(arguments)).append('\n');
  }

  private void head(boolean mask) {
    line("package dev.jdiffusion.tensor.cpu;");
    line("");
    line("import static dev.jdiffusion.tensor.cpu.Lanes.F;");
    line("import static dev.jdiffusion.tensor.cpu.Lanes.L;");
    line("");
    line("import jdk.incubator.vector.FloatVector;");
    if (mask) {
      line("import jdk.incubator.vector.VectorMask;");
    }
    line("");
  }

  private void products(String name, int registers, List<Tile> tiles) {
    head(true);
    line("/**");
    line(
        " * Outer products for %d vector registers; written by {@code KernelGenerator}.",
        registers);
    line(" *");
    line(
        " * <p>{@code multiplyRxV}: for R pixels and V vectors of columns, with x and out at one index each");
    line(
        " * per pixel, {@code out[pixel][column] = start[column] + sum over k of x[pixel][k] * w[k][column]};");
    line(
        " * where the name ends in {@code Add}, start has an element for each of out's. Each element is one");
    line(" * chain of fused multiply-adds in the order of k.");
    line(" *");
    line(
        " * <p>Only {@code last} columns are left for the last vector. Of several it begins earlier, so that");
    line(
        " * it ends where the columns end, and computes some a second time: storing a part of a vector takes");
    line(" * several times as long with AVX2.");
    line(" */");
    line("final class %s {", name);
    line("  private %s() {}", name);
    for (boolean add : List.of(false, true)) {
      panel(add, tiles);
      tiles.forEach(tile -> multiply(tile, add));
    }
    line("}");
  }

  /** All pixels of a panel, tile by tile. */
  private void panel(boolean add, List<Tile> tiles) {
    parameters(
        "multiply" + (add ? "Add" : ""),
        concatenate("int vectors", PRODUCT, "int pixels, int length, int last"));
    line("    switch (vectors) {");
    for (Tile tile : tiles) {
      boolean widest = tile == tiles.getLast();
      line("      %s -> {", widest ? "default" : "case " + tile.vectors);
      line("        for (int p = 0; p < pixels; p += %d) {", tile.rows);
      line("          multiply%s%s(", tile, add ? "Add" : "");
      line(
          "              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);");
      line("        }");
      line("      }");
    }
    line("    }");
    line("  }");
  }

  private void gradients(String name, int registers, List<Tile> tiles) {
    head(false);
    line("/**");
    line(
        " * Sums of outer products over pixels for %d vector registers; written by {@code KernelGenerator}.",
        registers);
    line(" *");
    line(
        " * <p>{@code gradientRxV}: for R rows k and V vectors of columns, {@code sum[k][column] += sum over");
    line(
        " * pixels of x[pixel][k] * d[pixel][column]}. Each element is one chain of fused multiply-adds in");
    line(" * the order of the pixels.");
    line(" */");
    line("final class %s {", name);
    line("  private %s() {}", name);
    tiles.forEach(this::gradient);
    line("}");
  }

  private void smallProducts(String name) {
    head(false);
    line("/**");
    line(" * Products of matrices in cache; written by {@code KernelGenerator}.");
    line(" *");
    line(
        " * <p>{@code c[row][column] = sum over k of a[row][k] * b[k][column]}; of {@code transposed} methods");
    line(
        " * {@code a[k][row]}. Where the name ends in {@code Add}, the sum is added to c. Each element is one");
    line(" * chain of fused multiply-adds in the order of k.");
    line(" *");
    line(
        " * <p>Where sums have only some dozen terms, what a tile costs besides them shows: addresses and");
    line(
        " * checks of bounds by rows. So tiles are low and wide, those of c's old values apart from those of");
    line(
        " * zeros, and distances of rows constants: then C2 needs one index for all rows, and checks bounds");
    line(" * outside the loop.");
    line(" */");
    line("final class %s {", name);
    line("  /** Most vectors of columns, with 32 registers. */");
    line("  static final int VECTORS = %d;", SMALL.size());
    line("");
    line("  /** Columns of a panel, and the distance of its rows. */");
    line("  static final int COLUMNS = 32;");
    line("");
    line("  /** Distance of the rows of a pitched matrix: an odd number of cache lines. */");
    line("  static final int PITCH = 112;");
    line("");
    line("  /** With 16 registers tiles of 8 rows do not fit. */");
    line("  private static final boolean TALL = L == 16;");
    line("");
    line("  private %s() {}", name);
    line("");
    line("  /** Scores of any number of rows, and up to {@link #VECTORS} vectors of columns. */");
    open(
        Reading.SCORES.method,
        concatenate("int vectors", Reading.SCORES.parameters(), "int rows", "int inner"));
    line("    switch (vectors) {");
    for (Tile tile : SMALL) {
      line(
          "      case %d -> scores%d(%s, rows, inner);",
          tile.vectors, tile.vectors, Reading.SCORES.arguments("aFrom", "cFrom"));
    }
    line("      default -> throw new IllegalArgumentException(vectors + \" vectors\");");
    line("    }");
    line("  }");
    for (Tile tile : SMALL) {
      smallPanel(
          Reading.SCORES,
          false,
          Stream.of(tile.rows, 4, 1)
              .filter(rows -> rows <= tile.rows)
              .distinct()
              .map(rows -> new Tile(rows, tile.vectors))
              .toList());
    }
    List<Tile> low = PAIRS.stream().filter(tile -> tile.rows < 8).toList();
    smallPanel(Reading.PANEL_SCORES, false, low);
    smallPanel(Reading.PANEL, false, PAIRS);
    smallPanel(Reading.PANEL, true, PAIRS);
    smallPanel(Reading.PANEL_COLUMNS, true, PAIRS);
    smallPanel(Reading.PITCHED, false, PAIRS);
    smallPanel(Reading.PITCHED, true, PAIRS);
    smallPanel(Reading.PITCHED_COLUMNS, false, PAIRS);
    line("}");
  }

  /** As many of the first tile as there is place for, then of the next; and the tiles. */
  private void smallPanel(Reading reading, boolean add, List<Tile> tiles) {
    String suffix = add ? "Add" : "";
    parameters(
        reading.method + tiles.getFirst().vectors + suffix,
        concatenate(reading.parameters(), "int rows", "int inner"));
    line("    int m = 0;");
    for (Tile tile : tiles) {
      line(
          "    for (; %sm <= rows - %d; m += %d) {",
          tile.rows == 8 ? "TALL && " : "", tile.rows, tile.rows);
      line(
          "      %s%s%s(%s, inner);",
          reading.method,
          tile,
          suffix,
          reading.arguments(reading.begin(), "cFrom + m * " + reading.cDistance));
      line("    }");
    }
    line("  }");
    tiles.forEach(tile -> smallProduct(reading, add, tile));
  }

  private void smallProduct(Reading reading, boolean add, Tile tile) {
    parameters(
        reading.method + tile + (add ? "Add" : ""), concatenate(reading.parameters(), "int inner"));
    for (int r = 0; r < tile.rows; r++) {
      if (!reading.isOfColumns() && Reading.isVariable(reading.aDistance)) {
        line("    int x%d = aFrom%s;", r, times(r, reading.aDistance));
      }
      if (add) {
        line("    int c%d = cFrom%s;", r, times(r, reading.cDistance));
      }
      for (int v = 0; v < tile.vectors; v++) {
        String start = add ? "fromArray(F, c, c%d%s)".formatted(r, vector(v)) : "zero(F)";
        line("    FloatVector s%d_%d = FloatVector.%s;", r, v, start);
      }
    }
    line("    for (int j = 0; j < inner; j++) {");
    line("      int k = bFrom + j * %s;", reading.bDistance);
    if (reading.isOfColumns()) {
      line("      int x = aFrom + j * %s;", reading.aDistance);
    }
    steps(tile, "b", reading::element);
    line("    }");
    for (int r = 0; r < tile.rows; r++) {
      if (!add) {
        line("    int c%d = cFrom%s;", r, times(r, reading.cDistance));
      }
      for (int v = 0; v < tile.vectors; v++) {
        line("    s%d_%d.intoArray(c, c%d%s);", r, v, r, vector(v));
      }
    }
    line("  }");
  }

  private void multiply(Tile tile, boolean add) {
    parameters(
        "multiply" + tile + (add ? "Add" : ""),
        concatenate(PRODUCT, "int pixel, int length, int last"));
    if (tile.vectors == 1) {
      line("    VectorMask<Float> mask = F.indexInRange(0, last);");
    } else {
      line("    int tail = %slast;", tile.vectors == 2 ? "" : times(tile.vectors - 2) + " + ");
    }
    for (int r = 0; r < tile.rows; r++) {
      line("    int x%d = xBase[pixel + %d] + xFrom;", r, r);
      if (add) {
        line("    int i%d = outBase[pixel + %d] + startFrom;", r, r);
      }
      for (int v = 0; v < tile.vectors; v++) {
        if (add || r == 0) {
          line(
              "    FloatVector s%d_%d = FloatVector.fromArray(F, start, %s%s);",
              r, v, add ? "i" + r : "startFrom", place(tile, v));
        } else {
          line("    FloatVector s%d_%d = s0_%d;", r, v, v);
        }
      }
    }
    line("    for (int j = 0, k = wFrom; j < length; j++, k += %s) {", times(tile.vectors));
    steps(tile, "w", "x[x%d + j]"::formatted);
    line("    }");
    for (int r = 0; r < tile.rows; r++) {
      line("    int o%d = outBase[pixel + %d] + outFrom;", r, r);
      for (int v = 0; v < tile.vectors; v++) {
        line("    s%d_%d.intoArray(out, o%d%s);", r, v, r, place(tile, v));
      }
    }
    line("  }");
  }

  /** Where a vector of a tile stands in a row, and which of its lanes do. */
  private static String place(Tile tile, int vector) {
    if (tile.vectors == 1) {
      return ", mask";
    }
    return vector == tile.vectors - 1 ? " + tail" : vector(vector);
  }

  private void gradient(Tile tile) {
    parameters(
        "gradient" + tile,
        "float[] x",
        "int[] xBase",
        "int xFrom",
        "int pixel",
        "int pixels",
        "float[] d",
        "int dFrom",
        "float[] sum",
        "int sumFrom");
    for (int i = 0; i < tile.rows * tile.vectors; i++) {
      int r = i / tile.vectors;
      int v = i % tile.vectors;
      line("    FloatVector s%d_%d = FloatVector.fromArray(F, sum, sumFrom%s);", r, v, vector(i));
    }
    line("    for (int p = 0, k = dFrom; p < pixels; p++, k += %s) {", times(tile.vectors));
    line("      int b = xBase[pixel + p] + xFrom;");
    steps(tile, "d", "x[b + %d]"::formatted);
    line("    }");
    for (int i = 0; i < tile.rows * tile.vectors; i++) {
      line("    s%d_%d.intoArray(sum, sumFrom%s);", i / tile.vectors, i % tile.vectors, vector(i));
    }
    line("  }");
  }

  private void steps(Tile tile, String factor, IntFunction<String> broadcast) {
    for (int v = 0; v < tile.vectors; v++) {
      line(
          "      FloatVector %s%d = FloatVector.fromArray(F, %s, k%s);",
          factor, v, factor, vector(v));
    }
    for (int r = 0; r < tile.rows; r++) {
      line("      FloatVector a%d = FloatVector.broadcast(F, %s);", r, broadcast.apply(r));
      for (int v = 0; v < tile.vectors; v++) {
        line("      s%d_%d = a%d.fma(%s%d, s%d_%d);", r, v, r, factor, v, r, v);
      }
    }
  }

  private void depthwise(String name) {
    head(true);
    line("/**");
    line(
        " * Depthwise convolution with windows seven wide, seven neighbouring pixels and one vector of");
    line(" * channels at a time; written by {@code KernelGenerator}.");
    line(" *");
    line(
        " * <p>Each vector of the input is loaded once per row of the window and used for up to seven pixels,");
    line(
        " * so that the multiply-adds, not the loads, set the speed. Planes hold one vector of channels per");
    line(" * pixel.");
    line(" */");
    line("final class %s {", name);
    line("  private %s() {}", name);
    line("");
    line(
        "  /** Adds seven pixels of the convolution to the first {@code pixels} of a row of out. */");
    open(
        "multiply7",
        "float[] x",
        "int xFrom",
        "int xPitch",
        "float[] w",
        "int wFrom",
        "int rows",
        "float[] out",
        "int outFrom",
        "int outPitch",
        "int pixels",
        "int last");
    line("    VectorMask<Float> mask = F.indexInRange(0, last);");
    for (int t = 0; t < TAPS; t++) {
      line("    int o%d = outFrom + Math.min(%d, pixels - 1) * outPitch;", t, t);
      line("    FloatVector s%d = FloatVector.fromArray(F, out, o%d, mask);", t, t);
    }
    line(
        "    for (int i = 0, b = xFrom, k = wFrom; i < rows; i++, b += xPitch, k += %d * L) {",
        TAPS);
    for (int j = 0; j < TAPS; j++) {
      line("      FloatVector w%d = FloatVector.fromArray(F, w, k%s);", j, vector(j));
    }
    for (int p = 0; p < 2 * TAPS - 1; p++) {
      line("      FloatVector x%d = FloatVector.fromArray(F, x, b%s);", p, vector(p));
      for (int t = Math.max(0, p - TAPS + 1); t <= Math.min(p, TAPS - 1); t++) {
        line("      s%d = x%d.fma(w%d, s%d);", t, p, p - t, t);
      }
    }
    line("    }");
    for (int t = 0; t < TAPS; t++) {
      // Later pixels first: those beyond the row share the last real one's place, and must not be
      // what stays there.
      int pixel = TAPS - 1 - t;
      line("    s%d.intoArray(out, o%d, mask);", pixel, pixel);
    }
    line("  }");
    line("");
    line(
        "  /** Adds to the gradient of one row of the window, over all tiles of seven pixels of an image. */");
    open(
        "gradient7",
        "float[] x",
        "int[] xBase",
        "int xFrom",
        "float[] d",
        "int tiles",
        "float[] sum",
        "int sumFrom");
    for (int j = 0; j < TAPS; j++) {
      line("    FloatVector s%d = FloatVector.fromArray(F, sum, sumFrom%s);", j, vector(j));
    }
    line("    for (int q = 0, k = 0; q < tiles; q++, k += %d * L) {", TAPS);
    line("      int b = xBase[q] + xFrom;");
    for (int t = 0; t < TAPS; t++) {
      line("      FloatVector d%d = FloatVector.fromArray(F, d, k%s);", t, vector(t));
    }
    for (int p = 0; p < 2 * TAPS - 1; p++) {
      line("      FloatVector x%d = FloatVector.fromArray(F, x, b%s);", p, vector(p));
      for (int t = Math.max(0, p - TAPS + 1); t <= Math.min(p, TAPS - 1); t++) {
        line("      s%d = x%d.fma(d%d, s%d);", p - t, p, t, p - t);
      }
    }
    line("    }");
    for (int j = 0; j < TAPS; j++) {
      line("    s%d.intoArray(sum, sumFrom%s);", j, vector(j));
    }
    line("  }");
    line("}");
  }

  private void parameters(String method, String... parameters) {
    line("");
    open(method, parameters);
  }

  private void open(String method, String... parameters) {
    line("  static void %s(", method);
    String together = "      " + String.join(", ", parameters) + ") {";
    if (together.length() <= 100) {
      line("%s", together);
      return;
    }
    for (int i = 0; i < parameters.length; i++) {
      line("      %s%s", parameters[i], i < parameters.length - 1 ? "," : ") {");
    }
  }

  private static String vector(int index) {
    return times(index, "L");
  }

  private static String times(int index, String distance) {
    return index == 0 ? "" : index == 1 ? " + " + distance : " + " + index + " * " + distance;
  }

  private static String[] concatenate(String... lists) {
    return String.join(", ", lists).split(", ");
  }

  private static String times(int vectors) {
    return vectors == 1 ? "L" : vectors + " * L";
  }
}
