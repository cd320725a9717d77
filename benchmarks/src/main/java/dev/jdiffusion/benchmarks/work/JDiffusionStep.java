package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.benchmarks.work.Workload.Step;
import dev.jdiffusion.diffusion.process.DdpmSampler;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Prediction;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.diffusion.train.TrainingStep;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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

  private static Shape shape(Step work) {
    int extent = work.network().extent();
    return Shape.of(work.batch(), extent, extent, work.network().channels());
  }

  private static Tensor pictures(Backend backend, Step work, String name) {
    Shape shape = shape(work);
    return Tensor.of(backend, shape, Workload.values(name, shape.size()));
  }

  private static IntTensor timesteps(Step work) {
    return IntTensor.of(Workload.timesteps(work.batch()));
  }

  private static final class Training implements Operation {
    private static final AdamOptimizer.Settings SETTINGS = AdamOptimizer.Settings.adam();

    private final AdamOptimizer optimizer;
    private final TrainingStep step;
    private final List<TrainingStep.Batch> batches;
    private float[] first = {};

    Training(Backend backend, Step work) {
      Model model = Model.of(work.network());
      ParameterStore store = ParameterStore.forTraining(model.module(), backend);
      store.initialize(1);
      optimizer = new AdamOptimizer(store, SETTINGS);
      Tensor noise = pictures(backend, work, "noise");
      // Given, since other libraries draw other numbers.
      TrainingStep.Noise given = (_, out) -> backend.elementwise().copy(noise, out);
      step =
          new TrainingStep(
              backend,
              new TrainingStep.Task(
                  model.module(),
                  1,
                  model.network(),
                  model.waves(),
                  new DiffusionProcess(SCHEDULE, Prediction.EPSILON, Loss.Kind.HUBER),
                  given),
              optimizer,
              1,
              backend.recorder(),
              System.err::println);
      Shape shape = shape(work);
      float[] pictures = Workload.values("x", shape.size());
      batches = List.of(new TrainingStep.Batch(pictures, shape, timesteps(work), 0));
    }

    @Override
    public void run() {
      TrainingStep.Outcome outcome = step.run(batches, 1e-3);
      if (first.length == 0) {
        first = answer(outcome.loss());
      }
    }

    /** After the first step, when Adam's first moments are a tenth of the gradients. */
    private float[] answer(double loss) {
      List<Tensor> moments =
          optimizer.state().entrySet().stream()
              .filter(entry -> entry.getKey().startsWith("adam.m."))
              .map(Map.Entry::getValue)
              .toList();
      float[] answer = new float[1 + moments.size()];
      answer[0] = (float) loss;
      for (int i = 0; i < moments.size(); i++) {
        Tensor moment = moments.get(i);
        double norm = Math.sqrt(moment.backend().reduction().sumOfSquares(moment));
        answer[1 + i] = (float) (norm / (1 - SETTINGS.beta1()));
      }
      return answer;
    }

    @Override
    public float[] result() {
      return first;
    }

    /** Each number by itself: gradients of some parameters are a thousand times those of others. */
    @Override
    public List<Integer> starts() {
      return IntStream.range(0, first.length).boxed().toList();
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
