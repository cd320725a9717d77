package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Elementwise.Function;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * libtorch: fused operations where its API has some, outputs in memory that is there already where
 * an operation can do that, no autograd but in whole training steps. Tuned, it also has an Adam
 * that its C++ API lacks, and an {@link PeerProvider#environment environment} of its own.
 */
final class LibtorchContender implements Contender {
  private final TorchFormat format;
  private final boolean tuned;
  private final boolean limited;
  private final int threads;

  private LibtorchContender(TorchFormat format, boolean tuned, boolean limited, int threads) {
    this.format = format;
    this.tuned = tuned;
    this.limited = limited;
    this.threads = threads;
  }

  /**
   * Opens it.
   *
   * @param limited whether its environment keeps oneDNN from its kernels for AVX-512
   */
  static LibtorchContender open(TorchFormat format, boolean tuned, boolean limited, int threads) {
    Loader.load(torch.class);
    torch.set_num_threads(threads);
    // OpenBLAS multiplies libtorch's matrices, with threads of its own.
    openblas_nolapack.blas_set_num_threads(threads);
    return new LibtorchContender(format, tuned, limited, threads);
  }

  @Override
  public String description() {
    return "libtorch %s, %s, %s%s, threads %d"
        .formatted(
            PeerProvider.version("pytorch"),
            format == TorchFormat.CHANNELS_LAST ? "channels_last" : "contiguous",
            tuned ? "tuned: memory kept and in large pages, fused Adam" : "as installed",
            limited ? ", oneDNN without AVX-512" : "",
            threads);
  }

  @Override
  public Operation prepare(Workload work) {
    try (PointerScope _ = new PointerScope()) {
      return switch (work) {
        case Workload.Machine _ ->
            throw new UnsupportedOperationException("the machine is measured without libtorch");
        case Workload.MatMul product -> matMul(product);
        case Workload.Convolution convolution -> TorchConvolution.prepare(convolution, format);
        case Workload.ConvolutionGrad _ ->
            throw new UnsupportedOperationException("libtorch is asked for all gradients together");
        case Workload.GroupNorm norm -> TorchGroupNorm.prepare(norm, format);
        case Workload.Attention attention -> TorchAttention.prepare(attention);
        case Workload.LinearAttention attention -> TorchAttention.prepare(attention);
        case Workload.Elementwise elementwise -> elementwise(elementwise);
        case Workload.Softmax softmax -> softmax(softmax);
        case Workload.Optimizer optimizer -> optimizer(optimizer);
        case Workload.Step step -> TorchStep.prepare(step, format, tuned);
      };
    }
  }

  private static Operation matMul(Workload.MatMul work) {
    Tensor a = matrix("a", work.m(), work.k(), work.transposeA());
    Tensor b = matrix("b", work.k(), work.n(), work.transposeB());
    Tensor out = keep(torch.empty(work.m(), work.n()));
    return TorchOperation.of(() -> torch.mm_out(out, a, b), TorchFormat::values);
  }

  private static Tensor matrix(String name, int rows, int columns, boolean transposed) {
    return keep(
        transposed
            ? TorchFormat.input(name, columns, rows).t()
            : TorchFormat.input(name, rows, columns));
  }

  private static Operation elementwise(Workload.Elementwise work) {
    Tensor x = keep(TorchFormat.input("x", work.size()));
    boolean two = work.function() == Function.ADD || work.function() == Function.MUL;
    Tensor y = two ? keep(TorchFormat.input("y", work.size())) : x;
    Tensor out = keep(torch.empty(work.size()));
    return TorchOperation.of(
        () ->
            switch (work.function()) {
              case ADD -> torch.add_out(out, x, y);
              case MUL -> torch.mul_out(out, x, y);
              case SILU -> torch.silu_out(out, x);
              case GELU -> torch.gelu_out(out, x);
              case EXP -> torch.exp_out(out, x);
            },
        TorchFormat::values);
  }

  private static Operation softmax(Workload.Softmax work) {
    Tensor x = keep(TorchFormat.input("x", work.rows(), work.columns()));
    Tensor out = keep(torch.empty(work.rows(), work.columns()));
    return TorchOperation.of(() -> torch.softmax_out(out, x, 1), TorchFormat::values);
  }

  private Operation optimizer(Workload.Optimizer work) {
    List<Tensor> weights = tensors("weight", work);
    List<Tensor> averages = tensors("ema", work);
    List<Tensor> gradients = tensors("earlier", work);
    for (int i = 0; i < weights.size(); i++) {
      weights.get(i).mutable_grad().put(gradients.get(i));
    }
    IValue list = keep(Aten.list(gradients));
    TorchOptimizer optimizer =
        tuned
            ? TorchOptimizer.fused(weights, averages, () -> list)
            : TorchOptimizer.ofTheApi(weights, averages);
    optimizer.step();
    overwrite(weights, tensors("weight", work));
    overwrite(averages, tensors("ema", work));
    overwrite(gradients, tensors("gradient", work));
    Tensor[] results = Stream.of(weights, averages).flatMap(List::stream).toArray(Tensor[]::new);
    return TorchOperation.of(
        () -> {
          optimizer.step();
          return results;
        },
        Collections.nCopies(results.length, TorchFormat::values));
  }

  private static void overwrite(List<Tensor> tensors, List<Tensor> values) {
    for (int i = 0; i < tensors.size(); i++) {
      tensors.get(i).copy_(values.get(i));
    }
  }

  /** An input, cut into tensors. */
  private static List<Tensor> tensors(String name, Workload.Optimizer work) {
    Tensor all = TorchFormat.input(name, work.parameters());
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i + work.tensorSize() <= work.parameters(); i += work.tensorSize()) {
      tensors.add(keep(all.narrow(0, i, work.tensorSize()).clone()));
    }
    return tensors;
  }
}
