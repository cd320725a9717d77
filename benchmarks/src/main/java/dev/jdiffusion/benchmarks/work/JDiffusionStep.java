package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.diffusion.process.DdpmSampler;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Prediction;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.diffusion.train.GradientPass;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;

/** Whole steps as the trainer and the sampler do them. */
final class JDiffusionStep {
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(200);

  /** The timestep of a sampling step's update, halfway. */
  private static final int UPDATED = 100;

  private JDiffusionStep() {}

  static Operation prepare(Backend backend, Step work) {
    return switch (work.kind()) {
      case TRAINING -> new Training(backend, work);
      case SAMPLING -> new SamplingStep(backend, work);
    };
  }

  private static Tensor pictures(Backend backend, Step work, String name) {
    int extent = work.network().extent();
    Shape shape = Shape.of(work.batch(), extent, extent, work.network().channels());
    return Tensor.of(backend, shape, Workload.values(name, shape.size()));
  }

  private static IntTensor timesteps(Step work) {
    return IntTensor.of(Workload.timesteps(work.batch()));
  }

  private static final class Training implements Operation {
    private final DiffusionProcess process =
        new DiffusionProcess(SCHEDULE, Prediction.EPSILON, Loss.Kind.HUBER);
    private final Model model;
    private final GradientPass pass;
    private final AdamOptimizer optimizer;
    private final Tensor pictures;
    private final Tensor noise;
    private final IntTensor timesteps;
    private float[] first = {};

    Training(Backend backend, Step work) {
      model = Model.of(work.network());
      ParameterStore store = ParameterStore.forTraining(model.module(), backend);
      store.initialize(1);
      pass =
          new GradientPass(
              model.network(), process.lossKind(), backend.recorder(), System.err::println);
      optimizer = new AdamOptimizer(store, AdamOptimizer.Settings.adam());
      pictures = pictures(backend, work, "x");
      noise = pictures(backend, work, "noise");
      timesteps = timesteps(work);
    }

    @Override
    public void run() {
      double loss;
      try (Scope _ = Scope.open()) {
        Tensor noisy = process.addNoise(pictures, noise, timesteps);
        Tensor target = process.target(pictures, noise, timesteps);
        Tensor waves = model.waves().apply(pictures.backend(), timesteps).value();
        loss = pass.run(new GradientPass.Batch(noisy, waves, target));
      }
      double norm = optimizer.step(1e-3, 1).gradientNorm();
      if (first.length == 0) {
        first = new float[] {(float) loss, (float) norm};
      }
    }

    @Override
    public float[] result() {
      return first;
    }
  }

  private static final class SamplingStep implements Operation {
    private final DdpmSampler sampler =
        new DdpmSampler(SCHEDULE, Prediction.EPSILON, new int[] {UPDATED});
    private final Model model;
    private final Tensor start;
    private final Tensor x;
    private final Tensor prediction;
    private final IntTensor timesteps;

    SamplingStep(Backend backend, Step work) {
      model = Model.of(work.network());
      ParameterStore.forInference(model.module(), backend).initialize(1);
      start = pictures(backend, work, "x");
      x = Tensor.empty(backend, start.shape());
      prediction = Tensor.empty(backend, start.shape());
      timesteps = timesteps(work);
    }

    @Override
    public void run() {
      var elementwise = x.backend().elementwise();
      elementwise.copy(start, x);
      try (Scope _ = Scope.open()) {
        Tensor output = model.denoiser().predict(Variable.constant(x), timesteps).value();
        elementwise.copy(output, prediction);
        sampler.step(0, output, x, start);
      }
    }

    @Override
    public float[] result() {
      return prediction.toFloats();
    }
  }
}
