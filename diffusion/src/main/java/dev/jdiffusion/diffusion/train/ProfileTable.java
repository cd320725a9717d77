package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.autograd.Profiler.Row;
import dev.jdiffusion.tensor.MachineLimits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a {@link Profiler} saw, for people: what is on the tape, what is not, and what neither
 * covers, which together are all the time of the steps.
 *
 * @param rows the most expensive first
 * @param steps how many the rows are of
 * @param seconds how long these steps took
 * @param leftOut steps before them
 * @param between seconds of what was done between the steps
 * @param peakBytes the most memory that tensors took at once
 */
record ProfileTable(
    List<Row> rows,
    int steps,
    double seconds,
    int leftOut,
    Map<String, Double> between,
    long peakBytes,
    MachineLimits limits) {
  private static final int MOST_ROWS = 40;
  private static final int SHORTEST_NAME = 12;
  private static final int GAP = 2;
  private static final List<String> HEADER =
      List.of("operation", "calls", "seconds", "share", "speed", "limit", "pool");

  /**
   * The table and what has to be said about it.
   *
   * @param columns the longest line that names may lead to
   */
  List<String> lines(int columns) {
    List<Row> onTape = rows.stream().filter(row -> !row.outside()).toList();
    List<Row> outside = rows.stream().filter(Row::outside).toList();
    List<List<String>> cells = new ArrayList<>();
    cells.add(HEADER);
    onTape.stream().limit(MOST_ROWS).map(this::cells).forEach(cells::add);
    if (onTape.size() > MOST_ROWS) {
      List<Row> small = onTape.subList(MOST_ROWS, onTape.size());
      cells.add(together("the other " + small.size(), small));
    }
    cells.add(together("all on the tape", onTape));
    outside.stream().map(this::cells).forEach(cells::add);
    double covered = rows.stream().mapToDouble(Row::seconds).sum();
    double uncovered = seconds - covered;
    cells.add(List.of("not covered", "", time(uncovered), share(uncovered), "", "", ""));
    cells.add(
        List.of(
            "all of " + stepCount(steps),
            "",
            time(seconds),
            share(seconds),
            "",
            "",
            bytes(rows.stream().mapToLong(Row::poolBytes).sum())));

    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "where the time went: %s of %.3f s%s",
            stepCount(steps),
            seconds / steps,
            leftOut == 0
                ? ", the first ones included"
                : ", after " + stepCount(leftOut) + " to warm up"));
    lines.add("");
    lines.addAll(aligned(cells, columns));
    lines.add("");
    lines.add(
        String.format(
            Locale.ROOT,
            "limit: share of %s GFLOP/s or %.1f GB/s, this machine's, whichever binds",
            oneDecimalBelowTen(limits.flopsPerSecond() * 1e-9),
            limits.bytesPerSecond() * 1e-9));
    lines.add("pool: memory handed out, the same as often as it was");
    lines.add("peak memory: " + bytes(peakBytes) + " of tensors at once");
    lines.add(
        "between the steps: "
            + between.entrySet().stream()
                .map(
                    each -> String.format(Locale.ROOT, "%s %.1f s", each.getKey(), each.getValue()))
                .collect(Collectors.joining(", ")));
    return lines;
  }

  private static String stepCount(int count) {
    return count + (count == 1 ? " step" : " steps");
  }

  private List<String> cells(Row row) {
    return List.of(
        row.name(),
        String.valueOf(row.calls()),
        time(row.seconds()),
        share(row.seconds()),
        speed(row),
        ofLimit(row),
        row.poolBytes() == 0 ? "" : bytes(row.poolBytes()));
  }

  private List<String> together(String name, List<Row> some) {
    double sum = some.stream().mapToDouble(Row::seconds).sum();
    double least = some.stream().mapToDouble(row -> row.leastSeconds(limits)).sum();
    return List.of(
        name,
        String.valueOf(some.stream().mapToLong(Row::calls).sum()),
        time(sum),
        share(sum),
        "",
        sum == 0 ? "" : percent(least / sum),
        bytes(some.stream().mapToLong(Row::poolBytes).sum()));
  }

  /** What limits the row: arithmetic or memory. */
  private String speed(Row row) {
    double flops = row.flops();
    double bytes = row.bytes();
    if (flops + bytes == 0 || row.seconds() == 0) {
      return "";
    }
    return limits.isBoundByFlops(flops, bytes)
        ? threeDigits(flops / row.seconds() * 1e-9) + " GFLOP/s"
        : threeDigits(bytes / row.seconds() * 1e-9) + " GB/s   ";
  }

  private String ofLimit(Row row) {
    double least = row.leastSeconds(limits);
    return least == 0 || row.seconds() == 0 ? "" : percent(least / row.seconds());
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }

  private static String time(double seconds) {
    return String.format(Locale.ROOT, seconds < 1000 ? "%.3f" : "%.0f", seconds);
  }

  private String share(double part) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * part / seconds);
  }

  private static String oneDecimalBelowTen(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
  }

  private static String threeDigits(double value) {
    return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  }

  private static String bytes(double bytes) {
    if (bytes < 1e6) {
      return threeDigits(bytes * 1e-3) + " kB";
    }
    return bytes < 1e9 ? threeDigits(bytes * 1e-6) + " MB" : threeDigits(bytes * 1e-9) + " GB";
  }

  /**
   * The first column to the left, the others to the right. Where the lines are too long the columns
   * move together; then names lose their start.
   */
  private static List<String> aligned(List<List<String>> rows, int columns) {
    int[] widths = new int[HEADER.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    int gaps = widths.length - 1;
    int all = Arrays.stream(widths).sum();
    int gap = all + gaps * GAP <= columns ? GAP : 1;
    int others = all - widths[0] + gaps * gap;
    widths[0] = Math.min(widths[0], Math.max(SHORTEST_NAME, columns - others));
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      String name = row.getFirst();
      if (name.length() > widths[0]) {
        name = ".." + name.substring(name.length() - widths[0] + 2);
      }
      line.append(name).repeat(' ', widths[0] - name.length());
      for (int i = 1; i < widths.length; i++) {
        String cell = row.get(i);
        line.repeat(' ', gap + widths[i] - cell.length()).append(cell);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
