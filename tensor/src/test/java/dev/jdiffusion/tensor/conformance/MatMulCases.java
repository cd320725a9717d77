package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.SplittableRandom;

final class MatMulCases {
  private MatMulCases() {}

  /** How many matrices: 0 for a tensor of rank 2. */
  private record Batches(int a, int b) {
    static final Batches NONE = new Batches(0, 0);
  }

  static void addTo(Cases cases) {
    all(cases, 1, 1, 1);
    all(cases, 1, 17, 1);
    all(cases, 5, 1, 7);
    all(cases, 3, 7, 5);
    all(cases, 16, 16, 16);
    all(cases, 13, 33, 31);
    all(cases, 1, 28, 112);
    all(cases, 50, 56, 65);
    all(cases, 130, 257, 67);
    add(cases, Batches.NONE, 2, 1000, 3, false, true, false, false);
    add(cases, Batches.NONE, 128, 28, 112, false, false, true, false);
    add(cases, Batches.NONE, 28, 600, 112, true, false, false, true);
    add(cases, Batches.NONE, 19, 4133, 37, true, false, false, true);
    add(cases, Batches.NONE, 3, 9001, 70, true, false, false, false);
    add(cases, Batches.NONE, 37, 1000, 430, false, false, true, true);
    add(cases, Batches.NONE, 401, 70, 390, true, true, true, false);
    add(cases, new Batches(2, 2), 161, 175, 163, false, true, true, true);
    add(cases, new Batches(2, 2), 161, 175, 163, true, false, false, false);
    add(cases, new Batches(40, 40), 20, 24, 20, false, false, false, false);
    for (Batches batches :
        new Batches[] {
          new Batches(3, 3),
          new Batches(3, 0),
          new Batches(0, 3),
          new Batches(1, 1),
          new Batches(2, 2)
        }) {
      for (boolean transposeA : new boolean[] {false, true}) {
        for (boolean transposeB : new boolean[] {false, true}) {
          add(cases, batches, 5, 9, 17, transposeA, transposeB, false, false);
          add(cases, batches, 49, 32, 49, transposeA, transposeB, true, true);
        }
      }
    }
    gradients(cases, 7, 5, 3);
    gradients(cases, 4101, 28, 67);
    gradients(cases, 5003, 70, 9);
    gradients(cases, 4099, 3, 530);
    gradients(cases, 4100, 260, 270);
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 40; i++) {
      add(
          cases,
          Batches.NONE,
          random.nextInt(1, 80),
          random.nextInt(1, 80),
          random.nextInt(1, 80),
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextBoolean(),
          random.nextBoolean());
    }
  }

  private static void all(Cases cases, int m, int k, int n) {
    for (int bits = 0; bits < 16; bits++) {
      add(
          cases,
          Batches.NONE,
          m,
          k,
          n,
          (bits & 1) != 0,
          (bits & 2) != 0,
          (bits & 4) != 0,
          (bits & 8) != 0);
    }
    cases.add(
        "matMul accumulated " + m + "x" + k + "x" + n,
        run -> {
          Tensor a = run.input(m, k);
          Tensor b = run.input(k, n);
          Tensor out = run.updated("out", Tolerance.SUM, m, n);
          run.on().matMul().matMul(a, false, b, false, null, out, out);
        });
    cases.add(
        "matMul accumulated with transposes " + m + "x" + k + "x" + n,
        run -> {
          Tensor a = run.input(k, m);
          Tensor b = run.input(n, k);
          Tensor out = run.updated("out", Tolerance.SUM, m, n);
          run.on().matMul().matMul(a, true, b, true, run.input(n), out, out);
        });
  }

  private static void gradients(Cases cases, int m, int k, int n) {
    cases.add(
        "matMul gradients " + m + "x" + k + "x" + n,
        run -> {
          Tensor a = run.input(m, k);
          Tensor b = run.input(k, n);
          Tensor dOut = run.input(m, n);
          Tensor dA = run.output("dA", Tolerance.SUM, m, k);
          Tensor dB = run.updated("dB", Tolerance.SUM, k, n);
          run.on().matMul().gradients(a, b, dOut, dA, dB);
        });
  }

  private static void add(
      Cases cases,
      Batches batches,
      int m,
      int k,
      int n,
      boolean transposeA,
      boolean transposeB,
      boolean bias,
      boolean residual) {
    Shape a = matrix(batches.a, transposeA ? k : m, transposeA ? m : k);
    Shape b = matrix(batches.b, transposeB ? n : k, transposeB ? k : n);
    Shape out = matrix(Math.max(batches.a, batches.b), m, n);
    cases.add(
        "matMul "
            + a
            + (transposeA ? "^T " : " ")
            + b
            + (transposeB ? "^T" : "")
            + (bias ? " bias" : "")
            + (residual ? " residual" : ""),
        run ->
            run.on()
                .matMul()
                .matMul(
                    run.input(a.toArray()),
                    transposeA,
                    run.input(b.toArray()),
                    transposeB,
                    bias ? run.input(n) : null,
                    residual ? run.input(out.toArray()) : null,
                    run.output("out", Tolerance.SUM, out)));
  }

  private static Shape matrix(int batch, int rows, int columns) {
    return batch == 0 ? Shape.of(rows, columns) : Shape.of(batch, rows, columns);
  }
}
