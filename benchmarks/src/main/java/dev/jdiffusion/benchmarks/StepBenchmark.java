package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does a whole step take: noise, U-Net, loss, gradients and Adam in training; U-Net and
 * update in sampling?
 */
@Warmup(iterations = 3, time = 1500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
public class StepBenchmark extends SideBySide {
  @Param public Case step;

  /** Network and batch. */
  public enum Case {
    TRAINING(Workload.Step.Network.ANNOTATED, Workload.Step.Kind.TRAINING, 128),
    TRAINING_RESNET(Workload.Step.Network.ANNOTATED_RESNET, Workload.Step.Kind.TRAINING, 128),
    TRAINING_CIFAR(Workload.Step.Network.CIFAR, Workload.Step.Kind.TRAINING, 8),
    SAMPLING(Workload.Step.Network.ANNOTATED, Workload.Step.Kind.SAMPLING, 64),
    SAMPLING_RESNET(Workload.Step.Network.ANNOTATED_RESNET, Workload.Step.Kind.SAMPLING, 64),
    SAMPLING_CIFAR(Workload.Step.Network.CIFAR, Workload.Step.Kind.SAMPLING, 8);

    private final Workload.Step work;

    Case(Workload.Step.Network network, Workload.Step.Kind kind, int batch) {
      work = new Workload.Step(network, kind, batch);
    }
  }

  @Override
  protected Workload workload() {
    return step.work;
  }

  /** Rounding adds up over a hundred layers. */
  @Override
  protected double tolerance() {
    return 1e-3;
  }
}
