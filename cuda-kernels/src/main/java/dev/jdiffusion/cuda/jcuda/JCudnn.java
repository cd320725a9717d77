package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jcuda.jcudnn.JCudnn.cudnnConvolutionBackwardData;
import static jcuda.jcudnn.JCudnn.cudnnConvolutionBackwardFilter;
import static jcuda.jcudnn.JCudnn.cudnnConvolutionForward;
import static jcuda.jcudnn.JCudnn.cudnnCreate;
import static jcuda.jcudnn.JCudnn.cudnnCreateConvolutionDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateFilterDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateTensorDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionForwardAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionForwardWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnGetErrorString;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolution2dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionGroupCount;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionMathType;
import static jcuda.jcudnn.JCudnn.cudnnSetFilter4dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetTensor4dDescriptor;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.vendor.Cudnn;
import dev.jdiffusion.cuda.vendor.ForeignCudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.stream.IntStream;
import jcuda.Pointer;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnTensorDescriptor;

/** cuDNN 8, through JCuda. */
public final class JCudnn implements Cudnn {
  private static final class Handle extends cudnnHandle {
    long value() {
      return getNativePointer();
    }
  }

  private final Handle handle = new Handle();
  private final MemorySegment oldFactor = Arena.ofAuto().allocate(JAVA_FLOAT);
  private final MemorySegment one = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1);
  private final HostPointer alpha = new HostPointer(one);
  private final HostPointer beta = new HostPointer(oldFactor);

  private JCudnn() {}

  /**
   * Loads JCuda's part. Look for cuDNN 8 before: without it this fails, for ever.
   *
   * @throws GpuException with the reason in one line
   */
  public static void load() {
    JCudaNatives.load(JCudaNatives.Library.CUDNN);
  }

  /**
   * Opens it for a stream.
   *
   * @param symbols of NVIDIA's library
   */
  public static JCudnn open(SymbolLookup symbols, long stream) {
    load();
    JCudnn cudnn = new JCudnn();
    check("cudnnCreate", cudnnCreate(cudnn.handle), "a new handle");
    ForeignCudnn.setStream(symbols, cudnn.handle.value(), stream);
    return cudnn;
  }

  private static void check(String call, int status, Object what) {
    if (status != 0) {
      throw new GpuException(call + " (" + what + ") failed with " + cudnnGetErrorString(status));
    }
  }

  @Override
  public Prepared prepare(Window window) {
    return new Described(window);
  }

  private final class Described implements Prepared {
    private final Window window;
    private final cudnnTensorDescriptor x = new cudnnTensorDescriptor();
    private final cudnnFilterDescriptor w = new cudnnFilterDescriptor();
    private final cudnnTensorDescriptor y = new cudnnTensorDescriptor();
    private final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();

    Described(Window window) {
      this.window = window;
      tensor(x, window.channels(), window.height(), window.width());
      tensor(y, window.outChannels(), window.outHeight(), window.outWidth());
      check("cudnnCreateFilterDescriptor", cudnnCreateFilterDescriptor(w), window);
      check(
          "cudnnSetFilter4dDescriptor",
          cudnnSetFilter4dDescriptor(
              w, FLOAT, NHWC, window.outChannels(), window.inGroup(), window.kh(), window.kw()),
          window);
      check(
          "cudnnCreateConvolutionDescriptor",
          cudnnCreateConvolutionDescriptor(convolution),
          window);
      int padding = window.geometry().padding();
      int stride = window.geometry().stride();
      check(
          "cudnnSetConvolution2dDescriptor",
          cudnnSetConvolution2dDescriptor(
              convolution, padding, padding, stride, stride, 1, 1, CROSS_CORRELATION, FLOAT),
          window);
      check(
          "cudnnSetConvolutionGroupCount",
          cudnnSetConvolutionGroupCount(convolution, window.geometry().groups()),
          window);
      check(
          "cudnnSetConvolutionMathType",
          cudnnSetConvolutionMathType(convolution, window.mathType()),
          window);
    }

    private void tensor(cudnnTensorDescriptor descriptor, int channels, int height, int width) {
      check("cudnnCreateTensorDescriptor", cudnnCreateTensorDescriptor(descriptor), window);
      check(
          "cudnnSetTensor4dDescriptor",
          cudnnSetTensor4dDescriptor(
              descriptor, NHWC, FLOAT, window.images(), channels, height, width),
          window);
    }

    @Override
    public int[] algorithms(Pass pass) {
      int most = MOST_ALGORITHMS;
      int[] count = new int[1];
      return switch (pass) {
        case FORWARD -> {
          var all = new cudnnConvolutionFwdAlgoPerf[most];
          IntStream.range(0, most).forEach(i -> all[i] = new cudnnConvolutionFwdAlgoPerf());
          checkAlgorithms(
              pass,
              cudnnGetConvolutionForwardAlgorithm_v7(
                  handle, x, w, convolution, y, most, count, all));
          yield IntStream.range(0, count[0])
              .filter(i -> isUsable(all[i].status, all[i].determinism))
              .map(i -> all[i].algo)
              .toArray();
        }
        case INPUT_GRAD -> {
          var all = new cudnnConvolutionBwdDataAlgoPerf[most];
          IntStream.range(0, most).forEach(i -> all[i] = new cudnnConvolutionBwdDataAlgoPerf());
          checkAlgorithms(
              pass,
              cudnnGetConvolutionBackwardDataAlgorithm_v7(
                  handle, w, y, convolution, x, most, count, all));
          yield IntStream.range(0, count[0])
              .filter(i -> isUsable(all[i].status, all[i].determinism))
              .map(i -> all[i].algo)
              .toArray();
        }
        case WEIGHT_GRAD -> {
          var all = new cudnnConvolutionBwdFilterAlgoPerf[most];
          IntStream.range(0, most).forEach(i -> all[i] = new cudnnConvolutionBwdFilterAlgoPerf());
          checkAlgorithms(
              pass,
              cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                  handle, x, y, convolution, w, most, count, all));
          yield IntStream.range(0, count[0])
              .filter(i -> isUsable(all[i].status, all[i].determinism))
              .map(i -> all[i].algo)
              .toArray();
        }
      };
    }

    private void checkAlgorithms(Pass pass, int status) {
      check(pass.function("Algorithm_v7"), status, window);
    }

    private static boolean isUsable(int status, int determinism) {
      return status == 0 && determinism == DETERMINISTIC;
    }

    @Override
    public long workspaceBytes(Pass pass, int algorithm) {
      long[] bytes = new long[1];
      int status =
          switch (pass) {
            case FORWARD ->
                cudnnGetConvolutionForwardWorkspaceSize(
                    handle, x, w, convolution, y, algorithm, bytes);
            case INPUT_GRAD ->
                cudnnGetConvolutionBackwardDataWorkspaceSize(
                    handle, w, y, convolution, x, algorithm, bytes);
            case WEIGHT_GRAD ->
                cudnnGetConvolutionBackwardFilterWorkspaceSize(
                    handle, x, y, convolution, w, algorithm, bytes);
          };
      return status == 0 ? bytes[0] : -1;
    }

    @Override
    public void run(
        Pass pass,
        int algorithm,
        long xAt,
        long wAt,
        long yAt,
        long workspaceAt,
        long bytes,
        float old) {
      oldFactor.set(JAVA_FLOAT, 0, old);
      Pointer input = new Address(xAt);
      Pointer filter = new Address(wAt);
      Pointer output = new Address(yAt);
      Pointer workspace = new Address(workspaceAt);
      int status =
          switch (pass) {
            case FORWARD ->
                cudnnConvolutionForward(
                    handle,
                    alpha,
                    x,
                    input,
                    w,
                    filter,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    beta,
                    y,
                    output);
            case INPUT_GRAD ->
                cudnnConvolutionBackwardData(
                    handle,
                    alpha,
                    w,
                    filter,
                    y,
                    output,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    beta,
                    x,
                    input);
            case WEIGHT_GRAD ->
                cudnnConvolutionBackwardFilter(
                    handle,
                    alpha,
                    x,
                    input,
                    y,
                    output,
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    beta,
                    w,
                    filter);
          };
      check(pass.function(), status, window);
    }
  }
}
