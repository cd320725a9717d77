package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.cuda.backend.VendorProducts;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * NVIDIA's libraries on the first GPU: {@code cublas} multiplies matrices, {@code cudnn} convolves.
 * A convolution is timed with what this project adds to it: it turns the weight around before, and
 * adds the bias after.
 */
public final class VendorProvider implements ContenderProvider {
  @Override
  public List<String> devices() {
    return Arrays.stream(VendorProducts.values()).map(VendorProvider::device).toList();
  }

  private static String device(VendorProducts library) {
    return library.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Contender open(String device, int threads) {
    VendorProducts library = VendorProducts.valueOf(device.toUpperCase(Locale.ROOT));
    Backend backend =
        VendorProducts.open(new Device("cuda", ""), threads, Precision.FP32, List.of(library));
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
            case CUDNN -> work instanceof Workload.Convolution;
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
