package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.GpuName;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A question about one kind of work, put to every device. A subclass says which work; here it is
 * set up, checked and timed in the same way for all.
 *
 * <p>Whatever is not {@code cpu} or {@code reference} has to give the same result as {@code cpu}
 * before it is timed.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 5,
    jvmArgsAppend = {
      JvmFlags.VECTOR_API,
      JvmFlags.NATIVE_ACCESS,
      JvmFlags.NO_LIMITED_PROFILE,
      JvmFlags.SPILL_TO_STACK,
      JvmFlags.COLLECTOR,
      JvmFlags.YOUNG,
      JvmFlags.HEAP,
      "-XX:ObjectAlignmentInBytes=64",
      // As the launcher does on Linux; elsewhere there is no such option.
      "-XX:+IgnoreUnrecognizedVMOptions",
      "-XX:+UseTransparentHugePages"
    })
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 200, timeUnit = TimeUnit.MILLISECONDS)
public abstract class SideBySide {
  /** Who does it; see {@link Contenders#devices}. */
  @Param("cpu")
  public String device;

  @Param("2")
  public int threads;

  /**
   * Work that may be under way when a device is waited for: much longer than the waiting takes, and
   * short beside an iteration, whose last work is counted in it or in the next one.
   */
  private static final double SECONDS_PER_WAIT = 5e-3;

  private static final int MOST_RUNS_PER_WAIT = 1000;

  private Contender contender;
  private Operation operation;
  private int runsPerWait;
  private int runsUnderWay;
  private double gigaflops;
  private double gigabytes;

  /** What is timed, from the subclass's parameters. */
  protected abstract Workload workload();

  /**
   * The largest difference of two results in single precision that is accepted, as a part of a
   * tensor's largest value; of coarser ones {@link GpuName#slack} times as much.
   */
  protected double tolerance() {
    return 1e-4;
  }

  /** Opens the device, prepares the work, does it once and compares. */
  @Setup
  public void open() {
    contender = Contenders.open(device, threads);
    Workload work = workload();
    operation = contender.prepare(work);
    gigaflops = work.flops() * 1e-9;
    gigabytes = work.bytes() * 1e-9;
    operation.run();
    if (!isTrusted()) {
      Answers.of(this).compare(device + ", " + work, operation.result(), allowed());
    }
    contender.finish();
    long start = System.nanoTime();
    operation.run();
    contender.finish();
    double seconds = (System.nanoTime() - start) * 1e-9;
    runsPerWait = (int) Math.clamp(SECONDS_PER_WAIT / seconds, 1, MOST_RUNS_PER_WAIT);
  }

  /** Keeps what cpu computed, so that others need not compute it again to be compared. */
  @TearDown
  public void keepAnswer() {
    if (device.equals("cpu")) {
      Answers.keep(this, operation);
    }
  }

  private double allowed() {
    return tolerance() * GpuName.of(device).map(GpuName::slack).orElse(1.0);
  }

  private boolean isTrusted() {
    return device.equals("cpu") || device.equals("reference");
  }

  /** One run of the work. */
  @Benchmark
  public Operation run(Work work) {
    operation.run();
    if (++runsUnderWay >= runsPerWait) {
      contender.finish();
      runsUnderWay = 0;
    }
    work.gigaflops += gigaflops;
    work.gigabytes += gigabytes;
    return operation;
  }
}
