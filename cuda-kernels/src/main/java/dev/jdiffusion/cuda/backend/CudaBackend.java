package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Storage;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.CrossEntropy;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.Embedding;
import dev.jdiffusion.tensor.ops.GroupNorm;
import dev.jdiffusion.tensor.ops.LayerNorm;
import dev.jdiffusion.tensor.ops.Layout;
import dev.jdiffusion.tensor.ops.LinearAttention;
import dev.jdiffusion.tensor.ops.Loss;
import dev.jdiffusion.tensor.ops.MatMul;
import dev.jdiffusion.tensor.ops.Optimizer;
import dev.jdiffusion.tensor.ops.Pooling;
import dev.jdiffusion.tensor.ops.Probe;
import dev.jdiffusion.tensor.ops.RandomFill;
import dev.jdiffusion.tensor.ops.Reduction;
import dev.jdiffusion.tensor.ops.Softmax;
import dev.jdiffusion.tensor.ops.Upsampling;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Single precision on one GPU, or on the emulator of one; products may round their operands.
 *
 * <p>All work goes into one stream, in the order of the calls, so a result may be used by the next
 * call before it is there. Only reading a tensor, {@link Reduction#sumOfSquares} and {@link
 * #synchronize} wait, and writing where the staging memory of {@link CudaMemory} is full.
 */
final class CudaBackend implements Backend {
  /** The compute capability whose tensor cores know all precisions. */
  static final int TENSOR_CORES = 8;

  private final Device device;
  private final GpuDriver driver;
  private final Kernels kernels;
  private final CudaMemory memory;
  private final Recorder recorder;
  private final Elementwise elementwise;
  private final CudaReduction reduction;
  private final Layout layout;
  private final MatMul matMul;
  private final Convolution convolution;
  private final Pooling pooling;
  private final Upsampling upsampling;
  private final GroupNorm groupNorm;
  private final LayerNorm layerNorm;
  private final Softmax softmax;
  private final CrossEntropy crossEntropy;
  private final Attention attention;
  private final LinearAttention linearAttention;
  private final Embedding embedding;
  private final RandomFill random;
  private final Loss loss;
  private final Optimizer optimizer;
  private final Probe probe;
  private final Vendor vendor;

  /** With this project's kernels alone. */
  CudaBackend(Device device, GpuDriver driver, Precision precision, @Nullable GemmTile tile) {
    this(device, driver, precision, tile, Vendor.NONE);
  }

  /**
   * @param driver opened for this backend alone
   * @param tile of all products; null to choose by the extents
   * @param vendor computes products in the place of this project's kernels
   * @throws GpuException if the device or its driver is too old
   */
  CudaBackend(
      Device device,
      GpuDriver driver,
      Precision precision,
      @Nullable GemmTile tile,
      Vendor vendor) {
    this.device = device;
    this.driver = driver;
    this.vendor = vendor;
    GpuDevice gpu = driver.device();
    if (precision != Precision.FP32 && gpu.major() < TENSOR_CORES) {
      throw new GpuException(
          "%s needs compute capability %d.0, %s has %d.%d"
              .formatted(precision, TENSOR_CORES, gpu.name(), gpu.major(), gpu.minor()));
    }
    GpuStream stream = driver.createStream();
    kernels = new PtxLibrary(driver, stream);
    memory = new CudaMemory(driver, stream);
    recorder = new CudaRecorder(driver, stream, memory);
    elementwise = new CudaElementwise(kernels, memory);
    reduction = new CudaReduction(this, kernels, memory);
    layout = new CudaLayout(kernels);
    matMul =
        vendor.cublas() == null
            ? new CudaMatMul(kernels, precision, tile)
            : new VendorMatMul(driver, stream, memory, elementwise, precision, vendor.cublas());
    convolution =
        vendor.cudnn() == null
            ? new CudaConvolution(kernels, precision, tile)
            : new VendorConvolution(this, driver, stream, memory, precision, vendor.cudnn());
    pooling = new CudaPooling(kernels);
    upsampling = new CudaUpsampling(kernels);
    groupNorm = new CudaGroupNorm(kernels);
    layerNorm = new CudaLayerNorm(kernels);
    softmax = new CudaSoftmax(kernels);
    crossEntropy = new CudaCrossEntropy(this, kernels, memory);
    attention = new CudaAttention(kernels);
    linearAttention = new CudaLinearAttention(kernels);
    embedding = new CudaEmbedding(kernels, memory);
    random = new CudaRandomFill(kernels, memory);
    loss = new CudaLoss(this, kernels);
    optimizer = new CudaOptimizer(kernels, reduction);
    probe = new CudaProbe(this, kernels, memory);
  }

  /** All kernels, launched in the order of this backend's work. */
  Kernels kernels() {
    return kernels;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public String description() {
    GpuDevice gpu = driver.device();
    return String.format(
        Locale.ROOT,
        "%s: %s, compute capability %d.%d, %d multiprocessors%s",
        device,
        gpu.name(),
        gpu.major(),
        gpu.minor(),
        gpu.multiprocessors(),
        vendor.description().isEmpty() ? "" : ", " + vendor.description());
  }

  @Override
  public Storage allocate(int length) {
    return new CudaStorage(this, length, memory.allocator());
  }

  @Override
  public void write(float[] source, int from, Tensor target) {
    memory.write(source, from, target);
  }

  @Override
  public void write(double[] source, int from, Tensor target) {
    memory.write(source, from, target);
  }

  @Override
  public void read(Tensor source, float[] target, int to) {
    memory.read(source, target, to);
  }

  @Override
  public void read(Tensor source, double[] target, int to) {
    memory.read(source, target, to);
  }

  @Override
  public void synchronize() {
    memory.synchronize();
  }

  @Override
  public Optional<Recorder> recorder() {
    return Optional.of(recorder);
  }

  @Override
  public MemoryStatistics memory() {
    return memory.allocator().statistics();
  }

  @Override
  public Elementwise elementwise() {
    return elementwise;
  }

  @Override
  public Reduction reduction() {
    return reduction;
  }

  @Override
  public Layout layout() {
    return layout;
  }

  @Override
  public MatMul matMul() {
    return matMul;
  }

  @Override
  public Convolution convolution() {
    return convolution;
  }

  @Override
  public Pooling pooling() {
    return pooling;
  }

  @Override
  public Upsampling upsampling() {
    return upsampling;
  }

  @Override
  public GroupNorm groupNorm() {
    return groupNorm;
  }

  @Override
  public LayerNorm layerNorm() {
    return layerNorm;
  }

  @Override
  public Softmax softmax() {
    return softmax;
  }

  @Override
  public CrossEntropy crossEntropy() {
    return crossEntropy;
  }

  @Override
  public Attention attention() {
    return attention;
  }

  @Override
  public LinearAttention linearAttention() {
    return linearAttention;
  }

  @Override
  public Embedding embedding() {
    return embedding;
  }

  @Override
  public RandomFill random() {
    return random;
  }

  @Override
  public Loss loss() {
    return loss;
  }

  @Override
  public Optimizer optimizer() {
    return optimizer;
  }

  @Override
  public Probe probe() {
    return probe;
  }
}
