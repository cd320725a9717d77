package dev.jdiffusion.benchmarks.ladder;

import dev.jdiffusion.benchmarks.JvmFlags;
import dev.jdiffusion.benchmarks.Work;
import dev.jdiffusion.benchmarks.work.Operation;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Times the rungs of a ladder as {@link dev.jdiffusion.benchmarks.SideBySide} times devices. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 5,
    jvmArgsAppend = {
      JvmFlags.VECTOR_API,
      JvmFlags.NO_LIMITED_PROFILE,
      JvmFlags.SPILL_TO_STACK,
      JvmFlags.COLLECTOR
    })
@Warmup(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public abstract class LadderBenchmark {
  private Operation operation;
  private double gigaflops;

  /** Arithmetic of one run. */
  abstract double flops();

  /** The rung that the subclass's parameter names. */
  abstract Operation prepare();

  @Setup
  public void open() {
    operation = prepare();
    gigaflops = flops() * 1e-9;
  }

  /** One run of the rung. */
  @Benchmark
  public Operation run(Work work) {
    operation.run();
    work.gigaflops += gigaflops;
    return operation;
  }
}
