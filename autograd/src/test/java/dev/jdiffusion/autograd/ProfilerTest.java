package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Profiler.Grouping;
import dev.jdiffusion.autograd.Profiler.Row;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Reduction;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.MachineLimits;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Where the time of steps goes. */
class ProfilerTest {
  private static final double NANO = 1e-9;

  private final Backend device = GradientCheck.device();
  private long now;

  /** A profiler whose clock shows a microsecond more each time that it is looked at. */
  private Profiler profiler(Grouping grouping) {
    return new Profiler(device, grouping, () -> now += 1000);
  }

  private Variable parameter(int... extents) {
    return Variable.parameter(Tensor.full(device, Shape.of(extents), 0.5), "x");
  }

  private void step(Profiler profiler) {
    profiler.begin();
    profiler.outside("wait for data", Cost.NONE);
    try (Scope _ = Scope.open();
        Tape tape = Tape.record(profiler)) {
      Variable x = parameter(10);
      Tape.outside("noise");
      Variable y;
      try (Tape.Label _ = Tape.label("down")) {
        y = Elementwise.square(x);
      }
      tape.backward(Reduction.sum(Elementwise.square(y)));
    }
    profiler.outside("optimizer", new Cost(5, 7));
    profiler.end();
  }

  private static Map<String, Row> rows(Profiler profiler) {
    return profiler.rows().stream().collect(Collectors.toMap(Row::name, row -> row));
  }

  @Test
  @DisplayName("Forward, backward and what is outside of the tape are counted apart")
  void callsAreCounted() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    step(profiler);
    step(profiler);
    Map<String, Long> calls =
        profiler.rows().stream().collect(Collectors.toMap(Row::name, Row::calls));
    assertEquals(
        Map.of(
            "wait for data", 2L,
            "noise", 2L,
            "square", 4L,
            "sum", 2L,
            "sum gradient", 2L,
            "square gradient", 4L,
            "optimizer", 2L),
        calls);
    assertEquals(2, profiler.steps());
    assertTrue(rows(profiler).get("noise").outside());
    assertTrue(!rows(profiler).get("square").outside());
  }

  @Test
  @DisplayName("The pieces add up to the steps, but for the profiler's own time")
  void piecesAddUp() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    step(profiler);
    double pieces = profiler.rows().stream().mapToDouble(Row::seconds).sum();
    long events = profiler.rows().stream().mapToLong(Row::calls).sum();
    // The clock is read when a piece ends, and again when the next begins; and at the step's end.
    assertEquals(events * 1000 * NANO, pieces, NANO);
    assertEquals((2 * events + 1) * 1000 * NANO, profiler.seconds(), NANO);
  }

  @Test
  @DisplayName("What was before is forgotten")
  void forgets() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    step(profiler);
    profiler.forget();
    assertEquals(List.of(), profiler.rows());
    assertEquals(0, profiler.steps());
    step(profiler);
    assertEquals(1, profiler.steps());
    assertEquals(2, rows(profiler).get("square").calls());
  }

  @Test
  @DisplayName("Operations can be told apart by their layers")
  void layers() {
    Profiler profiler = profiler(Grouping.LAYERS);
    step(profiler);
    Map<String, Row> rows = rows(profiler);
    assertEquals(1, rows.get("down square").calls());
    assertEquals(1, rows.get("down square gradient").calls());
    assertEquals(1, rows.get("square").calls());
  }

  @Test
  @DisplayName("Convolutions with different windows have rows of their own")
  void windows() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    profiler.begin();
    try (Scope _ = Scope.open();
        Tape _ = Tape.record(profiler)) {
      Variable x = parameter(1, 8, 8, 4);
      Convolution.conv2d(x, parameter(3, 3, 4, 4), null, new Geometry(1, 1, 1));
      Convolution.conv2d(x, parameter(7, 7, 1, 4), null, new Geometry(1, 3, 4));
      Convolution.convTranspose2d(x, parameter(4, 4, 2, 4), null, new Geometry(2, 1, 1), 0);
    }
    profiler.end();
    assertEquals(
        Set.of("conv2d 3x3", "conv2d 7x7 depthwise", "convTranspose2d 4x4"),
        rows(profiler).keySet());
  }

  @Test
  @DisplayName("Memory that the pool hands out is counted where it is asked for")
  void poolBytes() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    step(profiler);
    Map<String, Row> rows = rows(profiler);
    assertEquals(2 * 10 * Double.BYTES, rows.get("square").poolBytes());
    assertEquals(Double.BYTES, rows.get("sum").poolBytes());
    assertEquals(0, rows.get("optimizer").poolBytes());
  }

  @Test
  @DisplayName("The least time is the sum of the least times of all calls")
  void leastTime() {
    Row row = new Row("conv2d", false, 3, 1, 0, Map.of(new Cost(8, 1), 2L, new Cost(0, 3), 1L));
    MachineLimits limits = new MachineLimits(4, 1);
    assertEquals(2 * 2 + 3, row.leastSeconds(limits), 1e-12);
    assertEquals(16, row.flops());
    assertEquals(5, row.bytes());
  }

  @Test
  @DisplayName("Work whose cost is not known has none")
  void unknownCost() {
    Profiler profiler = profiler(Grouping.OPERATIONS);
    profiler.begin();
    try (Tape _ = Tape.record(profiler)) {
      Tape.node("new", parameter(2).value(), Tape.inputs(), Tape.saved(), (_, _) -> {});
    }
    profiler.outside("wait", Cost.NONE);
    profiler.outside("optimizer", new Cost(1, 2));
    profiler.end();
    Map<String, Row> rows = rows(profiler);
    assertEquals(Map.of(), rows.get("new").work());
    assertEquals(Map.of(), rows.get("wait").work());
    assertEquals(Map.of(new Cost(1, 2), 1L), rows.get("optimizer").work());
  }

  @Test
  @DisplayName("Without an observer a tape allocates less, and nothing is told")
  void nothingIsToldWhenOff() {
    List<Object> told = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void forward(Operation operation) {
            told.add(operation);
          }

          @Override
          public void backward(Operation operation) {
            told.add(operation);
          }

          @Override
          public void outside(String work, Cost cost) {
            told.add(work);
          }
        };
    for (int i = 0; i < 5; i++) {
      allocated(Tape::record);
    }
    long off = allocated(Tape::record);
    assertEquals(List.of(), told);
    long on = allocated(() -> Tape.record(observer));
    assertEquals(2 * OPERATIONS + 1, told.size());
    // At least the operation that is told of, forward and backward.
    assertTrue(on - off > 2 * 16 * OPERATIONS, "off " + off + " bytes, on " + on);
  }

  private static final int OPERATIONS = 1000;

  /** Bytes that a chain of operations and its gradients take on this thread. */
  private long allocated(Supplier<Tape> record) {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try (Scope _ = Scope.open();
        Tape tape = record.get()) {
      Variable x = parameter(1);
      Tape.outside("noise");
      for (int i = 0; i < OPERATIONS; i++) {
        x = Elementwise.affine(x, 1, 0);
      }
      tape.backward(x);
    }
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
