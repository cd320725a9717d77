package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import dev.jdiffusion.tensor.ops.Optimizer;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

@DisplayName("Recorded work of the CUDA backend")
final class CudaRecorderTest {
  private static final int SIZE = 1003;

  private final Backend backend = Backends.open(TestDevice.DEVICE, 2);
  private final Recorder recorder = backend.recorder().orElseThrow();

  private Tensor filled(int size, double value) {
    return Tensor.full(backend, Shape.of(size), value);
  }

  /** {@code out += exp(x) * 3 + exp(x)}, with memory in between that is given back. */
  private void compute(Tensor x, Tensor out) {
    try (Scope _ = Scope.open()) {
      Tensor exp = Tensor.empty(backend, x.shape());
      backend.elementwise().unary(Unary.EXP, x, exp);
      try (Scope _ = Scope.open()) {
        Tensor scaled = Tensor.empty(backend, x.shape());
        backend.elementwise().affine(exp, 3, 0, scaled);
        backend.elementwise().addScaled(1, scaled, out);
      }
      Tensor again = Tensor.empty(backend, x.shape());
      backend.elementwise().copy(exp, again);
      backend.elementwise().addScaled(1, again, out);
    }
  }

  @Test
  @DisplayName("does nothing when it is recorded, and has the bits of direct work when repeated")
  void repeats() {
    try (Scope _ = Scope.open()) {
      Tensor x = filled(SIZE, 0);
      Tensor out = filled(SIZE, 0);
      Tensor expected = filled(SIZE, 0);
      compute(x, expected);
      try (Recording recording = recorder.record(() -> compute(x, out))) {
        assertArrayEquals(new float[SIZE], out.toFloats());
        recording.replay();
        assertArrayEquals(expected.toFloats(), out.toFloats());
        for (int step = 1; step <= 3; step++) {
          backend.elementwise().fill(0.3 * step, x);
          compute(x, expected);
          recording.replay();
          assertArrayEquals(expected.toFloats(), out.toFloats());
        }
      }
    }
  }

  @Test
  @DisplayName("keeps its memory from everybody else")
  void ownsItsMemory() {
    try (Scope _ = Scope.open()) {
      Tensor x = filled(SIZE, 1);
      Tensor out = filled(SIZE, 0);
      compute(x, filled(SIZE, 0));
      try (Recording recording = recorder.record(() -> compute(x, out))) {
        List<Tensor> others = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          others.add(filled(SIZE, i));
        }
        recording.replay();
        for (int i = 0; i < 8; i++) {
          assertEquals(i, others.get(i).toFloats()[SIZE - 1]);
        }
      }
    }
  }

  @Test
  @DisplayName("shares its memory with other recordings, and gives it back after the last")
  void sharesMemory() {
    try (Scope _ = Scope.open()) {
      Tensor x = filled(SIZE, 1);
      Tensor out = filled(SIZE, 0);
      Tensor other = filled(SIZE, 0);
      compute(x, out);
      MemoryStatistics before = backend.memory();
      Recording first = recorder.record(() -> compute(x, out));
      MemoryStatistics between = backend.memory();
      assertTrue(between.inUse() > before.inUse());
      Recording second = recorder.record(() -> compute(out, other));
      assertEquals(between.inUse(), backend.memory().inUse());
      assertEquals(before.allocations(), backend.memory().allocations());
      first.replay();
      second.replay();
      Tensor once = filled(SIZE, 0);
      compute(out, once);
      assertArrayEquals(once.toFloats(), other.toFloats());
      first.close();
      first.close();
      second.replay();
      assertThrows(IllegalStateException.class, first::replay);
      second.close();
    }
    assertEquals(0, backend.memory().inUse());
  }

  @Test
  @DisplayName("is checked by the emulator whenever it is repeated")
  void checked() {
    assumeTrue(TestDevice.isEmulator(), "skipped: a GPU does not check");
    try (Scope _ = Scope.open()) {
      Tensor out = filled(SIZE, 0);
      Recording recording =
          recorder.record(() -> {
            try (Scope _ = Scope.open()) {
              Tensor written = Tensor.empty(backend, out.shape());
              backend.elementwise().copy(out, written);
            }
            try (Scope _ = Scope.open()) {
              Tensor unwritten = Tensor.empty(backend, out.shape());
              backend.elementwise().binary(Binary.ADD, unwritten, out, out);
            }
          });
      for (int i = 0; i < 2; i++) {
        String message =
            String.valueOf(assertThrows(GpuException.class, recording::replay).getMessage());
        assertTrue(message.contains("wrote"), message);
      }
    }
  }

  /** Takes a step of Adam with noise as its gradient, some of which is dropped. */
  private void learn(Tensor step, Tensor numbers, Tensor loss, Tensor clipped, Tensor[] state) {
    try (Scope _ = Scope.open()) {
      DeviceKey key = new DeviceKey(5, 6, step);
      Tensor noise = Tensor.empty(backend, Shape.of(17, 59));
      backend.random().normal(key, noise);
      Tensor gradient = noise.reshape(SIZE);
      backend.random().dropout(key, 0.5, gradient, gradient);
      backend.optimizer().clip(0.5, 20, gradient, loss, clipped);
      Tensor factor = clipped.range(0, Shape.of());
      backend.optimizer().adam(numbers, factor, state[0], gradient, state[1], state[2], state[3]);
    }
  }

  private Tensor[] state() {
    return Stream.generate(() -> filled(SIZE, 0)).limit(4).toArray(Tensor[]::new);
  }

  @Test
  @DisplayName("draws, clips and learns with the numbers of each repetition")
  void readsNumbers() {
    try (Scope _ = Scope.open()) {
      Tensor step = filled(Halfwords.INT, 0);
      Tensor numbers = filled(AdamStep.NUMBERS, 0);
      Tensor loss = filled(1, 0);
      Tensor clipped = filled(Optimizer.CLIPPED, 0);
      Tensor expectedClipped = filled(Optimizer.CLIPPED, 0);
      Tensor[] expected = state();
      Tensor[] actual = state();
      learn(step, numbers, loss, filled(Optimizer.CLIPPED, 0), state());
      try (Recording recording =
          recorder.record(() -> learn(step, numbers, loss, clipped, actual))) {
        for (int i = 1; i <= 4; i++) {
          double[] halfwords = new double[Halfwords.INT];
          Halfwords.put(-i, halfwords, 0);
          step.copyFrom(halfwords);
          AdamStep adam = new AdamStep(0.1 / i, 0.9, 0.99, 1e-8, 0.1, true, i, 1 - 1.0 / i);
          numbers.copyFrom(adam.numbers());
          loss.copyFrom(new double[] {i == 2 ? Double.NaN : 1});
          learn(step, numbers, loss, expectedClipped, expected);
          recording.replay();
          assertArrayEquals(expectedClipped.toFloats(), clipped.toFloats());
          assertEquals(i == 2, Float.isNaN(clipped.toFloats()[0]));
          for (int k = 0; k < expected.length; k++) {
            assertArrayEquals(expected[k].toFloats(), actual[k].toFloats());
          }
        }
      }
    }
  }

  @TestFactory
  @DisplayName("is refused, with the reason and without a trace, when the work")
  Stream<DynamicTest> refusals() {
    Tensor x = filled(SIZE, 1);
    Tensor y = filled(SIZE, 1);
    RandomKey key = new RandomKey(1, 2, 3);
    String old = ", and each repetition would use the numbers of the first";
    String gives = "the work gives numbers to the host" + old;
    String takes = "the work takes numbers from the host" + old;
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put("reads a tensor: " + gives, x::toFloats);
    work.put("sums squares: " + gives, () -> backend.reduction().sumOfSquares(x));
    work.put("writes a tensor: " + takes, () -> x.copyFrom(new float[SIZE]));
    work.put(
        "fills with random numbers: " + takes,
        () -> backend.random().normal(key, IntTensor.of(7), x.reshape(1, SIZE)));
    work.put(
        "drops elements: the work draws random numbers with a key of the host's" + old,
        () -> backend.random().dropout(key, 0.5, x, x));
    work.put("synchronizes: the work waits for the device", backend::synchronize);
    work.put("records: another recording is being made", () -> recorder.record(() -> {}).close());
    return work.entrySet().stream()
        .map(each ->
            DynamicTest.dynamicTest(
                each.getKey(),
                () -> {
                  MemoryStatistics before = backend.memory();
                  RecordingRefusedException refusal =
                      assertThrows(
                          RecordingRefusedException.class,
                          () ->
                              recorder.record(() -> {
                                compute(x, y);
                                each.getValue().run();
                              }));
                  String reason = each.getKey().replaceFirst("^.*: ", "");
                  assertEquals(reason, refusal.getMessage());
                  assertEquals(before.inUse(), backend.memory().inUse());
                  assertArrayEquals(filled(SIZE, 1).toFloats(), y.toFloats());
                }));
  }

  @Test
  @DisplayName("is refused when the device has too little memory")
  void refusesWithoutMemory() {
    assumeTrue(TestDevice.isEmulator(), "skipped: a GPU may have so much memory");
    try (Scope _ = Scope.open()) {
      RecordingRefusedException refusal =
          assertThrows(
              RecordingRefusedException.class,
              () -> recorder.record(() -> Tensor.empty(backend, Shape.of(Integer.MAX_VALUE - 8))));
      String message = String.valueOf(refusal.getMessage());
      assertTrue(message.contains("is out of memory: asked for 8,192.0 MB"), message);
    }
    assertEquals(0, backend.memory().inUse());
  }

  @Test
  @DisplayName("passes on what is wrong with the work")
  void failures() {
    try (Scope _ = Scope.open()) {
      Tensor x = filled(SIZE, 1);
      Tensor y = filled(SIZE, 0);
      assertThrows(
          IllegalStateException.class,
          () ->
              recorder.record(() -> {
                compute(x, y);
                throw new IllegalStateException("wrong");
              }));
      compute(x, y);
      assertEquals(4 * Math.E, y.toFloats()[0], 1e-5);
    }
    assertEquals(0, backend.memory().inUse());
  }
}
