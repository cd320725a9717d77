package dev.jdiffusion.diffusion.image;

import dev.jdiffusion.diffusion.AtomicFiles;
import dev.jdiffusion.diffusion.UserError;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws the course of a training run: the loss on linear axes, the loss on logarithmic axes, and
 * the learning rate below.
 *
 * <p>Every logged loss is a faint line; the strong one is its running mean. The linear panel cuts
 * off the first steep steps, which would leave the rest a flat line; the logarithmic one shows all.
 */
public final class LossPlot {
  private static final int WIDTH = 1600;
  private static final int LOSS_HEIGHT = 620;
  private static final int RATE_HEIGHT = 220;

  /** More points than this would only paint pixels over again. */
  private static final int MAX_POINTS = 1500;

  private static final Color FAINT = new Color(0xA9C6E8);
  private static final Color STRONG = new Color(0x1F4E8C);
  private static final Color RATE = new Color(0xC8591A);
  private static final Color GRID = new Color(0xE4E4E4);
  private static final Color TEXT = new Color(0x333333);

  private LossPlot() {}

  /**
   * One logged step.
   *
   * @param step counted from 1
   * @param loss the step's loss; points that are not finite are left out
   * @param learningRate the step's learning rate
   */
  public record Point(long step, double loss, double learningRate) {}

  /** The points in columns. */
  private record Curve(double[] steps, double[] losses, double[] smooth, double[] rates) {
    int length() {
      return steps.length;
    }

    double lastStep() {
      return steps[steps.length - 1];
    }

    /**
     * The end of a linear axis, a little after the last step: XChart labels every n-th point, such
     * as 43, 86, 129, where all points and both ends of the axis are equally far apart.
     */
    double axisEnd() {
      double before = steps.length > 1 ? steps[steps.length - 2] : 0;
      return lastStep() + 0.37 * (lastStep() - before);
    }

    /** The points at the given places only. */
    Curve at(int[] places) {
      return new Curve(
          pick(steps, places), pick(losses, places), pick(smooth, places), pick(rates, places));
    }

    private static double[] pick(double[] values, int[] places) {
      return Arrays.stream(places).mapToDouble(place -> values[place]).toArray();
    }

    /** At most {@link #MAX_POINTS} points, evenly spread. */
    Curve thinned() {
      int kept = Math.min(length(), MAX_POINTS);
      int[] places = new int[kept];
      for (int i = 0; i < kept; i++) {
        places[i] = kept == 1 ? 0 : (int) ((long) i * (length() - 1) / (kept - 1));
      }
      return at(places);
    }

    /** At most {@link #MAX_POINTS} points, ever sparser, as a logarithmic axis shows them. */
    Curve thinnedLogarithmically() {
      int[] places = new int[length()];
      int kept = 0;
      double next = 0;
      for (int i = 0; i < length(); i++) {
        if (i >= next || i + 1 == length()) {
          places[kept++] = i;
          next = Math.max(i + 1, i * Math.pow(length(), 1.0 / MAX_POINTS));
        }
      }
      return at(Arrays.copyOf(places, kept));
    }
  }

  /**
   * Draws {@code points} to the PNG file {@code file}; of several points of a step the last counts.
   *
   * @throws UserError when {@code file} cannot be written or this Java has no fonts to draw with
   */
  public static void write(Path file, List<Point> points) {
    byte[] png;
    try {
      png = PixelImage.png(draw(curve(points)));
    } catch (LinkageError | InternalError e) {
      // What AWT throws where the machine has no fontconfig or freetype.
      throw new UserError(
          "cannot draw "
              + file
              + ": this Java finds no fonts ("
              + e
              + "); install fontconfig and a font such as DejaVu",
          e);
    }
    AtomicFiles.write(file, png);
  }

  private static Curve curve(List<Point> points) {
    TreeMap<Long, Point> byStep = new TreeMap<>();
    for (Point point : points) {
      if (Double.isFinite(point.loss()) && point.step() > 0) {
        byStep.put(point.step(), point);
      }
    }
    Point[] all = byStep.values().toArray(Point[]::new);
    return new Curve(
        Arrays.stream(all).mapToDouble(Point::step).toArray(),
        Arrays.stream(all).mapToDouble(Point::loss).toArray(),
        runningMean(all),
        Arrays.stream(all).mapToDouble(Point::learningRate).toArray());
  }

  /** An exponential mean over about a fiftieth of the points so far, so that it starts at once. */
  private static double[] runningMean(Point[] points) {
    double[] mean = new double[points.length];
    for (int i = 0; i < points.length; i++) {
      double window = Math.clamp(i / 8.0 + 1, 1, Math.max(10, points.length / 50.0));
      mean[i] = i == 0 ? points[0].loss() : mean[i - 1] + (points[i].loss() - mean[i - 1]) / window;
    }
    return mean;
  }

  private static BufferedImage draw(Curve curve) {
    BufferedImage image =
        new BufferedImage(WIDTH, LOSS_HEIGHT + RATE_HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
      if (curve.steps.length == 0) {
        graphics.setColor(TEXT);
        graphics.setFont(font(Font.PLAIN, 20));
        graphics.drawString("no finite loss has been logged yet", 60, 80);
        return image;
      }
      paint(graphics, linearPanel(curve.thinned()), 0, 0, WIDTH / 2, LOSS_HEIGHT);
      XYChart logarithmic = logarithmicPanel(curve.thinnedLogarithmically());
      paint(graphics, logarithmic, WIDTH / 2, 0, WIDTH / 2, LOSS_HEIGHT);
      paint(graphics, ratePanel(curve.thinned()), 0, LOSS_HEIGHT, WIDTH, RATE_HEIGHT);
    } finally {
      graphics.dispose();
    }
    return image;
  }

  private static void paint(
      Graphics2D graphics, XYChart chart, int x, int y, int width, int height) {
    Graphics2D part = (Graphics2D) graphics.create(x, y, width, height);
    try {
      chart.paint(part, width, height);
    } finally {
      part.dispose();
    }
  }

  private static XYChart linearPanel(Curve curve) {
    double last = curve.smooth[curve.smooth.length - 1];
    XYChart chart =
        chart("Loss (now %s)".formatted(number(last)), "step", "loss", WIDTH / 2, LOSS_HEIGHT);
    XYStyler styler = chart.getStyler();
    int tenth = curve.losses.length / 10;
    double[] later = Arrays.copyOfRange(curve.losses, tenth, curve.losses.length);
    Arrays.sort(later);
    double high = later[(int) (0.99 * (later.length - 1))];
    double top = Math.max(1.25 * high, 1.05 * last);
    styler.setYAxisMin(0.0);
    styler.setYAxisMax(top > 0 ? top : 1.0);
    styler.setXAxisMin(0.0);
    styler.setXAxisMax(curve.axisEnd());
    addLoss(chart, curve.steps, curve.losses, curve.smooth);
    return chart;
  }

  private static XYChart logarithmicPanel(Curve curve) {
    XYChart chart = chart("Loss, logarithmic", "step", "loss", WIDTH / 2, LOSS_HEIGHT);
    XYStyler styler = chart.getStyler();
    double[] losses = Arrays.stream(curve.losses).map(LossPlot::positive).toArray();
    double[] smooth = Arrays.stream(curve.smooth).map(LossPlot::positive).toArray();
    double low = Arrays.stream(losses).min().orElseThrow();
    double high = Arrays.stream(losses).max().orElseThrow();
    styler.setYAxisLogarithmic(true).setXAxisLogarithmic(true);
    styler.setYAxisLogarithmicDecadeOnly(false).setXAxisLogarithmicDecadeOnly(false);
    styler.setYAxisMin(low / 1.1).setYAxisMax(high * 1.1);
    // Labels of every mantissa would overlap.
    String mantissas = high / low < 12 ? "1234567" : high / low < 200 ? "123457" : "125";
    styler.setYAxisTickLabelsFormattingFunction(
        value -> mantissaIn(value, mantissas) ? number(value) : "");
    double first = curve.steps[0];
    String stepMantissas = curve.lastStep() / first < 5000 ? "125" : "1";
    styler.setXAxisTickLabelsFormattingFunction(
        value -> mantissaIn(value, stepMantissas) ? number(value) : "");
    styler.setXAxisMin(first).setXAxisMax(Math.max(first * 1.1, curve.lastStep()));
    addLoss(chart, curve.steps, losses, smooth);
    return chart;
  }

  private static boolean mantissaIn(double value, String digits) {
    return digits.indexOf(String.format(Locale.ROOT, "%.0e", value).charAt(0)) >= 0;
  }

  /** A loss of zero or less has no logarithm. */
  private static double positive(double value) {
    return Math.max(value, 1e-12);
  }

  private static XYChart ratePanel(Curve curve) {
    XYChart chart = chart("", "step", "learning rate", WIDTH, RATE_HEIGHT);
    XYStyler styler = chart.getStyler();
    styler.setChartTitleVisible(false).setLegendVisible(false);
    double[] rates =
        Arrays.stream(curve.rates).map(rate -> Double.isFinite(rate) ? rate : 0).toArray();
    double top = Arrays.stream(rates).max().orElseThrow();
    styler.setYAxisMin(0.0);
    styler.setYAxisMax(top > 0 ? 1.15 * top : 1.0);
    styler.setXAxisMin(0.0);
    styler.setXAxisMax(curve.axisEnd());
    styler.setYAxisTickMarkSpacingHint(80).setXAxisTickMarkSpacingHint(120);
    styler.setYAxisTickLabelsFormattingFunction(LossPlot::rate);
    line(chart, "learning rate", curve.steps, rates, RATE, 2);
    return chart;
  }

  private static void addLoss(XYChart chart, double[] steps, double[] raw, double[] smooth) {
    line(chart, "every logged step", steps, raw, FAINT, 1);
    line(chart, "running mean", steps, smooth, STRONG, 2.6f);
  }

  private static void line(
      XYChart chart, String name, double[] x, double[] y, Color colour, float width) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setMarker(x.length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    series.setMarkerColor(colour);
    series.setLineColor(colour);
    series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
  }

  private static XYChart chart(String title, String xTitle, String yTitle, int width, int height) {
    XYChart chart =
        new XYChartBuilder()
            .width(width)
            .height(height)
            .title(title)
            .xAxisTitle(xTitle)
            .yAxisTitle(yTitle)
            .build();
    XYStyler styler = chart.getStyler();
    styler.setChartBackgroundColor(Color.WHITE).setPlotBackgroundColor(Color.WHITE);
    styler.setChartFontColor(TEXT);
    styler.setChartTitleBoxVisible(false).setChartTitleFont(font(Font.BOLD, 20));
    styler.setChartPadding(16);
    styler.setLegendPosition(Styler.LegendPosition.InsideNE).setLegendFont(font(Font.PLAIN, 15));
    styler.setLegendBorderColor(GRID).setLegendPadding(10).setLegendSeriesLineLength(28);
    styler.setPlotBorderColor(GRID);
    styler.setLocale(Locale.ROOT);
    styler.setAxisTitleFont(font(Font.PLAIN, 16)).setAxisTickLabelsFont(font(Font.PLAIN, 14));
    styler.setPlotGridLinesColor(GRID).setPlotGridLinesStroke(new BasicStroke(1));
    styler.setAxisTickLabelsColor(TEXT).setAxisTickMarksColor(GRID);
    styler.setXAxisTickLabelsFormattingFunction(LossPlot::number);
    styler.setYAxisTickLabelsFormattingFunction(LossPlot::number);
    styler.setXAxisTickMarkSpacingHint(90).setYAxisTickMarkSpacingHint(50);
    return chart;
  }

  private static Font font(int style, int size) {
    return new Font(Font.SANS_SERIF, style, size);
  }

  /** A learning rate as people write it: 3e-4. */
  static String rate(double value) {
    return value == 0
        ? "0"
        : String.format(Locale.ROOT, "%.2e", value)
            .replaceFirst("\\.?0*e", "e")
            .replaceFirst("e([-+])0", "e$1");
  }

  /** Four significant digits without trailing zeros, very small and large ones as 1.2e-05. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-3 || size >= 1e7)) {
      return String.format(Locale.ROOT, "%.3g", value).replaceFirst("\\.?0+(?=e|$)", "");
    }
    int decimals = size == 0 ? 0 : Math.max(0, 3 - (int) Math.floor(Math.log10(size)));
    String text = String.format(Locale.ROOT, "%." + Math.min(decimals, 6) + "f", value);
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }
}
