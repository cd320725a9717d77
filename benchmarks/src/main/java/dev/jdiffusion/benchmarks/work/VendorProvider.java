package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.cuda.backend.VendorProducts;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Precision;
import java.util.List;
import java.util.Locale;

/**
 * NVIDIA's libraries on a GPU ({@link GpuName}): {@code cublas} multiplies matrices, {@code cudnn}
 * convolves. A convolution is timed with what this project adds to it: it turns the weight around
 * before, and adds the bias after.
 */
public final class VendorProvider implements ContenderProvider {
  @Override
  public List<String> devices() {
    return List.of("cublas", "cublas-tf32", "cublas-bf16", "cudnn", "cudnn-tf32");
  }

  /** With the number of a GPU, too. */
  @Override
  public boolean has(String device) {
    return GpuName.of(device).filter(gpu -> !gpu.isOurs()).isPresent();
  }

  @Override
  public Contender open(String device, int threads) {
    GpuName gpu = GpuName.of(device).orElseThrow();
    VendorProducts library = VendorProducts.valueOf(gpu.library().toUpperCase(Locale.ROOT));
    if (library == VendorProducts.CUDNN && gpu.precision() == Precision.BF16) {
      throw new BackendUnavailableException(
          "cuDNN does not round floats to bfloat16: compare with cudnn-tf32");
    }
    Backend backend = VendorProducts.open(gpu.device(), threads, gpu.precision(), List.of(library));
    return new VendorContender(library, new JDiffusionContender(backend));
  }

  private record VendorContender(VendorProducts library, Contender contender) implements Contender {
    @Override
    public String description() {
      return contender.description();
    }

    @Override
    public Operation prepare(Workload work) {
      boolean isItsOwn =
          switch (library) {
            case CUBLAS -> work instanceof Workload.MatMul;
            case CUDNN ->
                work instanceof Workload.Convolution || work instanceof Workload.ConvolutionGrad;
          };
      if (!isItsOwn) {
        throw new UnsupportedOperationException(library.label() + " does not do " + work);
      }
      return contender.prepare(work);
    }

    @Override
    public void finish() {
      contender.finish();
    }
  }
}
