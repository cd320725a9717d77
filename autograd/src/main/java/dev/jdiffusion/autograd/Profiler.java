package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Tensor;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Adds up the time of each kind of operation, over any number of tapes. */
public final class Profiler implements Observer {
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  private static final class Entry {
    long calls;
    long forwardNanos;
    long backwardNanos;

    long totalNanos() {
      return forwardNanos + backwardNanos;
    }
  }

  @Override
  public void forward(
      String operation, String path, List<Variable> inputs, Tensor output, long nanoseconds) {
    Entry entry = entries.computeIfAbsent(operation, _ -> new Entry());
    entry.calls++;
    entry.forwardNanos += nanoseconds;
  }

  @Override
  public void backward(String operation, String path, List<Variable> inputs, long nanoseconds) {
    entries.computeIfAbsent(operation, _ -> new Entry()).backwardNanos += nanoseconds;
  }

  /** A table for people, the most expensive operation first, times in milliseconds. */
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%-28s %8s %12s %12s%n",
            "operation",
            "calls",
            "forward ms",
            "backward ms"));
    entries.entrySet().stream()
        .sorted(
            Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().totalNanos())
                .reversed())
        .forEach(e ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "%-28s %8d %12.2f %12.2f%n",
                    e.getKey(),
                    e.getValue().calls,
                    e.getValue().forwardNanos * 1e-6,
                    e.getValue().backwardNanos * 1e-6)));
    return text.toString();
  }
}
