package dev.jdiffusion.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jdiffusion.cuda.driver.GpuException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** cuDNN 8 or 9, through {@code java.lang.foreign}. */
@SuppressWarnings("restricted")
public final class ForeignCudnn implements Cudnn {
  /** {@code cudnnConvolution*AlgoPerf_t}, the same for all passes. */
  private static final int PERFORMANCE_BYTES = 48;

  private static final int ALGORITHM_AT = 0;
  private static final int STATUS_AT = 4;
  private static final int DETERMINISM_AT = 24;

  /** All three passes take: handle, alpha, two tensors with their descriptors, and so on. */
  private static final MethodHandle RUN =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_INT, JAVA_LONG, ADDRESS, // the handle, alpha
                  JAVA_LONG, JAVA_LONG, // the first tensor
                  JAVA_LONG, JAVA_LONG, // the second
                  JAVA_LONG, JAVA_INT, // the convolution, the algorithm
                  JAVA_LONG, JAVA_LONG, // the workspace
                  ADDRESS, // beta
                  JAVA_LONG, JAVA_LONG)); // the result

  private final Functions functions;
  private final long handle;
  private final MemorySegment alpha = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1);
  private final MemorySegment beta = Arena.ofAuto().allocate(JAVA_FLOAT);
  private final MethodHandle errorString;

  private ForeignCudnn(SymbolLookup symbols) {
    functions = new Functions(symbols);
    errorString =
        Linker.nativeLinker()
            .downcallHandle(
                functions.find("cudnnGetErrorString"), FunctionDescriptor.of(ADDRESS, JAVA_INT));
    handle = create("cudnnCreate");
  }

  /**
   * Opens it for a stream.
   *
   * @param symbols of the library
   */
  public static ForeignCudnn open(SymbolLookup symbols, long stream) {
    ForeignCudnn cudnn = new ForeignCudnn(symbols);
    setStream(symbols, cudnn.handle, stream);
    return cudnn;
  }

  /** {@code cudnnSetStream}: JCuda has no way to make its stream of a number. */
  public static void setStream(SymbolLookup symbols, long handle, long stream) {
    int status = new Functions(symbols).call("cudnnSetStream", handle, stream);
    if (status != 0) {
      throw new GpuException("cudnnSetStream failed with status " + status);
    }
  }

  @Override
  public Prepared prepare(Window w) {
    long input = create("cudnnCreateTensorDescriptor");
    tensor(w, input, w.images(), w.channels(), w.height(), w.width());
    long output = create("cudnnCreateTensorDescriptor");
    tensor(w, output, w.images(), w.outChannels(), w.outHeight(), w.outWidth());
    long filter = create("cudnnCreateFilterDescriptor");
    check(
        "cudnnSetFilter4dDescriptor",
        w,
        filter,
        FLOAT,
        NHWC,
        w.outChannels(),
        w.inGroup(),
        w.kh(),
        w.kw());
    long convolution = create("cudnnCreateConvolutionDescriptor");
    int padding = w.geometry().padding();
    int stride = w.geometry().stride();
    check(
        "cudnnSetConvolution2dDescriptor",
        w,
        convolution,
        padding,
        padding,
        stride,
        stride,
        1,
        1,
        CROSS_CORRELATION,
        FLOAT);
    check("cudnnSetConvolutionGroupCount", w, convolution, w.geometry().groups());
    check("cudnnSetConvolutionMathType", w, convolution, w.mathType());
    return new Described(w, input, filter, output, convolution);
  }

  private void tensor(Window w, long descriptor, int n, int c, int height, int width) {
    check("cudnnSetTensor4dDescriptor", w, descriptor, NHWC, FLOAT, n, c, height, width);
  }

  /** Calls a function that makes a handle or a descriptor. */
  private long create(String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(JAVA_LONG);
      check(function, "a new one", created);
      return created.get(JAVA_LONG, 0);
    }
  }

  private void check(String function, Object what, Object... arguments) {
    check(function, functions.call(function, arguments), what);
  }

  private void check(String function, int status, Object what) {
    if (status != 0) {
      throw new GpuException(function + " (" + what + ") failed with " + describe(status));
    }
  }

  private String describe(int status) {
    try {
      MemorySegment text = (MemorySegment) errorString.invokeExact(status);
      return text.reinterpret(256).getString(0);
    } catch (Throwable e) {
      throw Functions.failure("cudnnGetErrorString", e);
    }
  }

  private final class Described implements Prepared {
    private final Window window;
    private final long convolution;
    private final Map<Pass, Ordered<Long>> descriptors = new EnumMap<>(Pass.class);
    private final Map<Pass, MemorySegment> run = new EnumMap<>(Pass.class);

    Described(Window window, long x, long w, long y, long convolution) {
      this.window = window;
      this.convolution = convolution;
      for (Pass pass : Pass.values()) {
        descriptors.put(pass, pass.order(x, w, y));
        run.put(pass, functions.find(pass.function()));
      }
    }

    private Ordered<Long> descriptors(Pass pass) {
      return Objects.requireNonNull(descriptors.get(pass));
    }

    @Override
    public int[] algorithms(Pass pass) {
      Ordered<Long> d = descriptors(pass);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment count = arena.allocate(JAVA_INT);
        MemorySegment all = arena.allocate((long) MOST_ALGORITHMS * PERFORMANCE_BYTES, 8);
        check(
            pass.function("Algorithm_v7"),
            window,
            handle,
            d.first(),
            d.second(),
            convolution,
            d.result(),
            MOST_ALGORITHMS,
            count,
            all);
        return IntStream.range(0, count.get(JAVA_INT, 0))
            .mapToObj(i -> all.asSlice((long) i * PERFORMANCE_BYTES, PERFORMANCE_BYTES))
            .filter(each -> each.get(JAVA_INT, STATUS_AT) == 0)
            .filter(each -> each.get(JAVA_INT, DETERMINISM_AT) == DETERMINISTIC)
            .mapToInt(each -> each.get(JAVA_INT, ALGORITHM_AT))
            .toArray();
      }
    }

    @Override
    public long workspaceBytes(Pass pass, int algorithm) {
      Ordered<Long> d = descriptors(pass);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bytes = arena.allocate(JAVA_LONG);
        int status =
            functions.call(
                pass.function("WorkspaceSize"),
                handle,
                d.first(),
                d.second(),
                convolution,
                d.result(),
                algorithm,
                bytes);
        return status == 0 ? bytes.get(JAVA_LONG, 0) : -1;
      }
    }

    @Override
    public void run(
        Pass pass, int algorithm, long x, long w, long y, long workspace, long bytes, float old) {
      beta.set(JAVA_FLOAT, 0, old);
      Ordered<Long> d = descriptors(pass);
      Ordered<Long> at = pass.order(x, w, y);
      int status;
      try {
        status =
            (int)
                RUN.invokeExact(
                    Objects.requireNonNull(run.get(pass)),
                    handle,
                    alpha,
                    (long) d.first(),
                    (long) at.first(),
                    (long) d.second(),
                    (long) at.second(),
                    convolution,
                    algorithm,
                    workspace,
                    bytes,
                    beta,
                    (long) d.result(),
                    (long) at.result());
      } catch (Throwable e) {
        throw Functions.failure(pass.function(), e);
      }
      check(pass.function(), status, window);
    }
  }
}
