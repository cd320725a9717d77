package dev.jdiffusion.benchmarks.peers;

import dev.jdiffusion.benchmarks.work.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A piece of work without autograd. Tensors that a run makes on its way are freed at its end, its
 * outputs at the beginning of the next.
 */
final class TorchOperation implements Operation {
  private final Supplier<Tensor[]> work;
  private final List<Function<Tensor, float[]>> readers;
  private final List<Tensor> outputs = new ArrayList<>();

  private TorchOperation(Supplier<Tensor[]> work, List<Function<Tensor, float[]>> readers) {
    this.work = work;
    this.readers = readers;
  }

  /** Work with one output. */
  static Operation of(Supplier<Tensor> work, Function<Tensor, float[]> reader) {
    return of(() -> new Tensor[] {work.get()}, List.of(reader));
  }

  /**
   * Work with several outputs.
   *
   * @param readers what turns each output into our layout
   */
  static Operation of(Supplier<Tensor[]> work, List<Function<Tensor, float[]>> readers) {
    return new TorchOperation(work, readers);
  }

  /** Lets something outlive the scope in which the work is prepared. */
  static <P extends Pointer> P keep(P pointer) {
    return pointer.retainReference();
  }

  @Override
  public void run() {
    outputs.forEach(Pointer::releaseReference);
    outputs.clear();
    try (PointerScope _ = new PointerScope();
        InferenceMode _ = new InferenceMode()) {
      for (Tensor output : work.get()) {
        // A handle of its own: what an operation returns may belong to something that ends here.
        outputs.add(keep(new Tensor(output)));
      }
    }
  }

  @Override
  public float[] result() {
    float[][] parts = new float[readers.size()][];
    int length = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = readers.get(i).apply(outputs.get(i));
      length += parts[i].length;
    }
    float[] all = new float[length];
    int start = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, start, part.length);
      start += part.length;
    }
    return all;
  }
}
