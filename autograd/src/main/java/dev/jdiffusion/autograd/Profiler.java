package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.MachineLimits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Adds up the time of each kind of operation over any number of steps, and of what is done between
 * the operations of a step.
 *
 * <p>Time is cut into pieces without gaps: whenever something has been done, it gets all the time
 * since whatever was done before it. So the pieces of a step add up to the step, but for what
 * follows the last of them and for the time of the profiler itself.
 *
 * <pre>{@code
 * profiler.begin();
 * try (Tape tape = Tape.record(profiler)) { ... }
 * profiler.outside("optimizer", Cost.NONE);
 * profiler.end();
 * }</pre>
 */
public final class Profiler implements Observer {
  private final Backend backend;
  private final Grouping grouping;
  private final LongSupplier nanoTime;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long begun;
  private long mark;
  private long handedOut;
  private int steps;
  private long nanos;

  /** What makes up a row. */
  public enum Grouping {
    /** All calls of an operation. */
    OPERATIONS,
    /** The calls of an operation in one layer. */
    LAYERS
  }

  /**
   * All calls of one kind.
   *
   * @param outside whether this is no operation of a tape
   * @param poolBytes handed out by the backend's pool, however often the same memory
   * @param work how many calls had which cost; empty where that is not known
   */
  public record Row(
      String name,
      boolean outside,
      long calls,
      double seconds,
      long poolBytes,
      Map<Cost, Long> work) {
    public double flops() {
      return sum(Cost::flops);
    }

    public double bytes() {
      return sum(Cost::bytes);
    }

    /** The least time that a machine could do it in. */
    public double leastSeconds(MachineLimits limits) {
      return sum(cost -> limits.seconds(cost.flops(), cost.bytes()));
    }

    private double sum(ToDoubleFunction<Cost> part) {
      return work.entrySet().stream()
          .mapToDouble(entry -> part.applyAsDouble(entry.getKey()) * entry.getValue())
          .sum();
    }
  }

  private static final class Entry {
    final boolean outside;
    final Map<Cost, Long> work = new HashMap<>();
    long calls;
    long nanos;
    long poolBytes;

    Entry(boolean outside) {
      this.outside = outside;
    }
  }

  public Profiler(Backend backend, Grouping grouping) {
    this(
        backend,
        grouping,
        () -> {
          backend.synchronize();
          return System.nanoTime();
        });
  }

  /**
   * @param nanoTime the clock
   */
  Profiler(Backend backend, Grouping grouping, LongSupplier nanoTime) {
    this.backend = backend;
    this.grouping = grouping;
    this.nanoTime = nanoTime;
  }

  /** A step begins. */
  public void begin() {
    handedOut = backend.memory().handedOut();
    begun = nanoTime.getAsLong();
    mark = begun;
  }

  /** The step is over. */
  public void end() {
    nanos += nanoTime.getAsLong() - begun;
    steps++;
  }

  /** Forgets all steps so far, such as those that waited for the compiler. */
  public void forget() {
    entries.clear();
    steps = 0;
    nanos = 0;
  }

  @Override
  public void forward(Operation operation) {
    add(name(operation), false, Costs.forward(operation));
  }

  @Override
  public void backward(Operation operation) {
    add(name(operation) + " gradient", false, Costs.backward(operation));
  }

  @Override
  public void outside(String work, Cost cost) {
    add(work, true, cost.equals(Cost.NONE) ? Optional.empty() : Optional.of(cost));
  }

  private void add(String name, boolean outside, Optional<Cost> cost) {
    long now = nanoTime.getAsLong();
    long handedOutNow = backend.memory().handedOut();
    Entry entry = entries.computeIfAbsent(name, _ -> new Entry(outside));
    entry.calls++;
    entry.nanos += now - mark;
    entry.poolBytes += handedOutNow - handedOut;
    cost.ifPresent(known -> entry.work.merge(known, 1L, Long::sum));
    handedOut = handedOutNow;
    mark = nanoTime.getAsLong();
  }

  private String name(Operation operation) {
    String kind =
        switch (operation.name()) {
          case "conv2d", "convTranspose2d" -> operation.name() + window(operation);
          default -> operation.name();
        };
    return grouping == Grouping.LAYERS && !operation.path().isEmpty()
        ? operation.path() + " " + kind
        : kind;
  }

  /** Convolutions of different windows are different kernels. */
  private static String window(Operation operation) {
    Variable weight = operation.inputs().get(1);
    boolean depthwise =
        weight.dim(2) == 1
            && operation.inputs().getFirst().dim(-1) == weight.dim(3)
            && weight.dim(3) > 1;
    return " " + weight.dim(0) + "x" + weight.dim(1) + (depthwise ? " depthwise" : "");
  }

  /** All kinds, the most expensive first. */
  public List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    entries.forEach((name, entry) ->
        rows.add(
            new Row(
                name,
                entry.outside,
                entry.calls,
                entry.nanos * 1e-9,
                entry.poolBytes,
                Map.copyOf(entry.work))));
    rows.sort(Comparator.comparingDouble(Row::seconds).reversed());
    return rows;
  }

  /** Steps since the beginning or since {@link #forget}. */
  public int steps() {
    return steps;
  }

  /** How long these steps took. */
  public double seconds() {
    return nanos * 1e-9;
  }
}
