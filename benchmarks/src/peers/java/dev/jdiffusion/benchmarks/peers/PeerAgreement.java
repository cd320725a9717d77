package dev.jdiffusion.benchmarks.peers;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.Difference;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Attention;
import dev.jdiffusion.benchmarks.work.Workload.Convolution;
import dev.jdiffusion.benchmarks.work.Workload.Elementwise;
import dev.jdiffusion.benchmarks.work.Workload.GroupNorm;
import dev.jdiffusion.benchmarks.work.Workload.LinearAttention;
import dev.jdiffusion.benchmarks.work.Workload.MatMul;
import dev.jdiffusion.benchmarks.work.Workload.Optimizer;
import dev.jdiffusion.benchmarks.work.Workload.Pass;
import dev.jdiffusion.benchmarks.work.Workload.Softmax;
import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Whether all peers compute what we compute, for small work of every kind. Prints a line for each
 * and ends with status 1 if one is wrong.
 *
 * <p>Arguments, all optional: the number of threads (2); how many seconds each contender repeats
 * its work, for a rough time (0, for none); what the description of the work must contain.
 */
public final class PeerAgreement {
  private static final double TOLERANCE = 1e-4;
  private static final String OURS = "cpu";

  private PeerAgreement() {}

  /** Compares. */
  public static void main(String[] args) {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
    double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 0;
    String filter = args.length > 2 ? args[2] : "";
    Contender ours = Contenders.open(OURS, threads);
    List<String> peers = new PeerProvider().devices();
    boolean right = true;
    for (Workload work : works()) {
      if (!work.toString().contains(filter)) {
        continue;
      }
      Operation expected = ours.prepare(work);
      expected.run();
      float[] answer = expected.result();
      System.out.println(work + time(expected, seconds));
      for (String peer : peers) {
        try {
          Operation actual = PeerProvider.load(peer, threads).prepare(work);
          actual.run();
          double difference = difference(answer, expected.starts(), actual.result());
          boolean agrees = difference <= TOLERANCE;
          right &= agrees;
          System.out.printf(
              Locale.ROOT,
              "  %-24s %.1e%s%s%n",
              peer,
              difference,
              agrees ? "" : "  DIFFERS",
              time(actual, seconds));
        } catch (BackendUnavailableException e) {
          System.out.printf("  %-24s %s%n", peer, e.getMessage());
        } catch (UnsupportedOperationException _) {
          // OpenBLAS does one kind of work only: no news for every other.
        }
      }
    }
    System.exit(right ? 0 : 1);
  }

  private static List<Workload> works() {
    List<Workload> works = new ArrayList<>();
    works.add(new MatMul(200, 72, 130, false, false));
    works.add(new MatMul(200, 72, 130, true, false));
    works.add(new MatMul(200, 72, 130, false, true));
    works.add(new MatMul(200, 72, 130, true, true));
    for (Pass pass : Pass.values()) {
      works.add(new Convolution(8, 14, 64, 48, 3, new Geometry(1, 1, 1), false, pass));
      works.add(new Convolution(8, 14, 64, 48, 1, new Geometry(1, 0, 1), false, pass));
      works.add(new Convolution(8, 14, 64, 48, 4, new Geometry(2, 1, 1), false, pass));
      works.add(new Convolution(8, 14, 64, 48, 3, new Geometry(2, 1, 1), false, pass));
      works.add(new Convolution(8, 7, 64, 48, 4, new Geometry(2, 1, 1), true, pass));
      works.add(new Convolution(8, 14, 56, 56, 7, new Geometry(1, 3, 56), false, pass));
      works.add(new Convolution(8, 28, 1, 18, 7, new Geometry(1, 3, 1), false, pass));
      for (Activation activation : Activation.values()) {
        works.add(new GroupNorm(4, 14, 32, 8, activation, false, pass));
        works.add(new GroupNorm(4, 14, 32, 1, activation, true, pass));
      }
      works.add(new Attention(2, 49, 4, 32, pass));
      works.add(new Attention(2, 196, 2, 64, pass));
      works.add(new LinearAttention(2, 196, 4, 32, pass));
    }
    for (Elementwise.Function function : Elementwise.Function.values()) {
      works.add(new Elementwise(function, 100_003));
    }
    works.add(new Softmax(300, 196));
    works.add(new Optimizer(100_000, 5_000));
    for (Step.Network network : Step.Network.values()) {
      int batch = network == Step.Network.CIFAR ? 2 : 8;
      for (Step.Kind kind : Step.Kind.values()) {
        works.add(new Step(network, kind, batch));
      }
    }
    return works;
  }

  /** The largest difference as a part of the largest value of its tensor. */
  private static double difference(float[] expected, List<Integer> starts, float[] actual) {
    if (expected.length != actual.length) {
      throw new IllegalStateException(actual.length + " results, expected " + expected.length);
    }
    return Difference.ofTensors(expected, starts, actual).stream()
        .mapToDouble(Difference::relative)
        .reduce(0, Math::max);
  }

  /** The shortest time of a run, after the first ones. */
  private static String time(Operation operation, double seconds) {
    if (seconds == 0) {
      return "";
    }
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long shortest = Long.MAX_VALUE;
    do {
      long start = System.nanoTime();
      operation.run();
      shortest = Math.min(shortest, System.nanoTime() - start);
    } while (System.nanoTime() < end);
    return String.format(Locale.ROOT, "  %.3f ms", shortest * 1e-6);
  }
}
