package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.vendor.Cudnn;
import dev.jdiffusion.cuda.vendor.Cudnn.Pass;
import dev.jdiffusion.cuda.vendor.Cudnn.Prepared;
import dev.jdiffusion.cuda.vendor.Cudnn.Window;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.Elementwise;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions by cuDNN, to compare {@link CudaConvolution} with, by its fastest algorithm that
 * gives the same bits each time.
 *
 * <p>Pictures are NHWC for both. Weights are not: [kh][kw][in][out] here, [out][kh][kw][in] there.
 * One is the other's transpose as a matrix of kh kw in times out, so each call turns the weight, or
 * its gradient back, in memory of the step; beside the pictures that is little. Biases are added by
 * this project's kernels, as PyTorch does.
 */
final class VendorConvolution implements Convolution {
  private static final long MOST_WORKSPACE_BYTES = 1L << 30;
  private static final int[] TURNED = {1, 0};

  private final Backend backend;
  private final GpuDriver driver;
  private final GpuStream stream;
  private final CudaMemory memory;
  private final Precision precision;
  private final Cudnn cudnn;
  private final Map<Window, Described> described = new HashMap<>();

  /** What cuDNN does for a pass. */
  private record Plan(int algorithm, long workspaceBytes) {}

  /** A convolution, and the plans for its passes so far. */
  private record Described(Window window, Prepared prepared, Map<Pass, Plan> plans) {
    Plan plan(Pass pass) {
      return plans.computeIfAbsent(pass, this::choose);
    }

    private Plan choose(Pass pass) {
      for (int algorithm : prepared.algorithms(pass)) {
        long bytes = prepared.workspaceBytes(pass, algorithm);
        if (bytes >= 0 && bytes <= MOST_WORKSPACE_BYTES) {
          return new Plan(algorithm, bytes);
        }
      }
      throw new GpuException(
          "cuDNN has no deterministic algorithm for " + pass.function() + ", " + window);
    }
  }

  VendorConvolution(
      Backend backend,
      GpuDriver driver,
      GpuStream stream,
      CudaMemory memory,
      Precision precision,
      Vendor.CudnnOpener opener) {
    this.backend = backend;
    this.driver = driver;
    this.stream = stream;
    this.memory = memory;
    this.precision = precision;
    cudnn = opener.open(driver.nativeStream(stream));
  }

  @Override
  public void forward(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry,
      Tensor out) {
    if (out.size() == 0) {
      return;
    }
    if (residual != null) {
      memory.copy(residual, out);
    }
    boolean isSum = input.size() > 0 && weight.size() > 0;
    if (isSum) {
      try (Scope scope = Scope.open()) {
        Window window = window(input, weight, out, geometry);
        run(Pass.FORWARD, window, input, filter(weight), out, residual);
      }
    } else if (residual == null) {
      memory.fill(out, 0);
    }
    add(bias, out);
  }

  @Override
  public void inputGrad(
      Tensor dOut, Tensor weight, @Nullable Tensor bias, Geometry geometry, Tensor dInput) {
    if (dInput.size() == 0) {
      return;
    }
    if (dOut.size() > 0) {
      try (Scope scope = Scope.open()) {
        Window window = window(dInput, weight, dOut, geometry);
        run(Pass.INPUT_GRAD, window, dInput, filter(weight), dOut, null);
      }
    } else {
      memory.fill(dInput, 0);
    }
    add(bias, dInput);
  }

  @Override
  public void weightGrad(
      Tensor input, Tensor dOut, Geometry geometry, Tensor dWeight, @Nullable Tensor dBias) {
    if (dOut.size() == 0) {
      return;
    }
    if (dWeight.size() > 0) {
      try (Scope scope = Scope.open()) {
        Tensor filter = Tensor.empty(backend, turned(dWeight));
        run(Pass.WEIGHT_GRAD, window(input, dWeight, dOut, geometry), input, filter, dOut, null);
        Tensor gradient = Tensor.empty(backend, dWeight.shape());
        backend.layout().permute(filter, TURNED, matrix(gradient));
        backend.elementwise().addScaled(1, gradient, dWeight);
      }
    }
    if (dBias != null && dBias.size() > 0) {
      backend.reduction().sumTo(dOut, dBias, true);
    }
  }

  private void run(
      Pass pass, Window window, Tensor x, Tensor w, Tensor y, @Nullable Tensor residual) {
    // Makes the device the thread's, as cuDNN wants it.
    driver.nativeStream(stream);
    Described convolution =
        described.computeIfAbsent(
            window, key -> new Described(key, cudnn.prepare(key), new EnumMap<>(Pass.class)));
    Plan plan = convolution.plan(pass);
    try (Scope scope = Scope.open()) {
      int words = Math.toIntExact((plan.workspaceBytes + Float.BYTES - 1) / Float.BYTES);
      Tensor workspace = Tensor.empty(backend, Shape.of(Math.max(1, words)));
      convolution.prepared.run(
          pass,
          plan.algorithm,
          CudaMemory.address(x),
          CudaMemory.address(w),
          CudaMemory.address(y),
          CudaMemory.address(workspace),
          plan.workspaceBytes,
          residual == null ? 0 : 1);
    }
  }

  private Window window(Tensor input, Tensor weight, Tensor out, Geometry geometry) {
    return new Window(
        input.dim(0),
        input.dim(1),
        input.dim(2),
        input.dim(3),
        out.dim(1),
        out.dim(2),
        out.dim(3),
        weight.dim(0),
        weight.dim(1),
        geometry,
        precision);
  }

  /** The weight as cuDNN wants it. */
  private Tensor filter(Tensor weight) {
    Tensor filter = Tensor.empty(backend, turned(weight));
    backend.layout().permute(matrix(weight), TURNED, filter);
    return filter;
  }

  private void add(@Nullable Tensor bias, Tensor out) {
    if (bias != null) {
      backend.elementwise().binary(Elementwise.Binary.ADD, out, bias, out);
    }
  }

  private static Tensor matrix(Tensor weight) {
    return weight.reshape(weight.size() / weight.dim(3), weight.dim(3));
  }

  private static Shape turned(Tensor weight) {
    return Shape.of(weight.dim(3), weight.size() / weight.dim(3));
  }
}
