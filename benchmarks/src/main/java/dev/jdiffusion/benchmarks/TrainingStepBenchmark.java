package dev.jdiffusion.benchmarks;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.model.UNetConfig;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Prediction;
import dev.jdiffusion.diffusion.process.Sampling;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;
import java.util.Arrays;
import java.util.List;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does one training step of the {@code annotated} preset take: noise, U-Net, loss,
 * backward pass, Adam with its moving average? The peers profile times the same step in libtorch.
 */
@State(Scope.Benchmark)
@Fork(
    value = 3,
    jvmArgsAppend = {
      "--add-modules",
      "jdk.incubator.vector",
      "-XX:Tier3DelayOn=1000000",
      "-XX:+UseSerialGC",
      "-Xmx3g"
    })
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 6)
@Measurement(iterations = 7)
public class TrainingStepBenchmark {
  private static final int TIMESTEPS = 200;

  @Param("cpu")
  String device;

  @Param("2")
  int threads;

  @Param("128")
  int batch;

  private final UNet network = new UNet(UNetConfig.annotated(28, List.of(1, 2, 4), 1));
  private final DiffusionProcess process =
      new DiffusionProcess(NoiseSchedule.linear(TIMESTEPS), Prediction.EPSILON, Loss.Kind.HUBER);
  private AdamOptimizer optimizer;
  private Backend backend;
  private Tensor pictures;
  private Tensor noise;
  private IntTensor timesteps;
  private int step;

  @Setup
  public void setUp() {
    backend = Devices.open(device, threads);
    ParameterStore store = ParameterStore.forTraining(network, backend);
    store.initialize(1);
    optimizer = new AdamOptimizer(store, AdamOptimizer.Settings.adam().clippedTo(1));
    pictures = Devices.random(backend, batch, 28, 28, 1);
    noise = Tensor.empty(backend, Shape.of(batch, 28, 28, 1));
    int[] t = new int[batch];
    Arrays.setAll(t, i -> i * TIMESTEPS / batch);
    timesteps = IntTensor.of(t);
  }

  @Benchmark
  public double trainingStep() {
    double loss;
    try (var scope = dev.jdiffusion.tensor.Scope.open();
        Tape tape = Tape.record()) {
      backend.random().normal(new RandomKey(1, 0, step++), Sampling.rows(0, batch), noise);
      Variable mean = process.loss(network::forward, pictures, noise, timesteps);
      loss = mean.item();
      tape.backward(mean);
    }
    optimizer.step(1e-3, 1);
    return loss;
  }
}
