package dev.jdiffusion.cuda.vendor;

import static dev.jdiffusion.cuda.vendor.EmulatedMemory.call;
import static dev.jdiffusion.cuda.vendor.EmulatedMemory.number;
import static dev.jdiffusion.cuda.vendor.EmulatedMemory.set;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.jcuda.FakeLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The functions of cuDNN that are called here, as cudnn_ops.h and cudnn_cnn.h declare them, in
 * plain loops over the memory of an emulated GPU.
 *
 * <p>Of each pass it has four algorithms, the fastest first: 7 gives other bits each time, 5 is not
 * supported, 3 turns out to be not supported when it is asked for its workspace, and 1 works.
 */
@SuppressWarnings({"restricted", "unused"}) // Called through addresses.
public final class FakeCudnn {
  private static final int SUCCESS = 0;
  private static final int BAD_PARAM = 3;
  private static final int INTERNAL_ERROR = 4;
  private static final int NOT_SUPPORTED = 9;
  private static final long HANDLE = 0xD99;
  private static final int WORKING = 1;
  private static final int[][] ALGORITHMS = {
    {7, SUCCESS, 0}, {5, NOT_SUPPORTED, 1}, {3, SUCCESS, 1}, {WORKING, SUCCESS, 1}
  };
  private static final int PERFORMANCE_BYTES = 48;
  private static final long WORKSPACE_BYTES = 1028;

  /** What a descriptor of a tensor or a filter says: n, c, h, w, or k, c, kh, kw. */
  private record Extents(int n, int c, int h, int w) {
    /** Where an element lies in NHWC, or in KRSC. */
    int at(int image, int channel, int row, int column) {
      return ((image * h + row) * w + column) * c + channel;
    }

    int size() {
      return n * c * h * w;
    }
  }

  /** A convolution's descriptor, which is filled in by three calls. */
  private static final class Convolution {
    private int padding;
    private int stride;
    private int groups = 1;
  }

  private final EmulatedMemory memory = new EmulatedMemory();
  private final FakeLibrary library;
  private final Map<Long, Extents> tensors = new HashMap<>();
  private final Map<Long, Extents> filters = new HashMap<>();
  private final Map<Long, Convolution> convolutions = new HashMap<>();
  private final int version;
  private long nextDescriptor = 0x100;

  /** Math types of convolutions, in their order. */
  public final List<Integer> mathTypes = new ArrayList<>();

  /** Whether no algorithm gives the same bits each time. */
  public boolean nothingDeterministic;

  /** Takes the place of the library for this process. */
  public FakeCudnn(Path directory, String name, int version) throws IOException {
    this.version = version;
    library = new FakeLibrary(directory, name, this, MethodHandles.lookup(), "cudnn");
  }

  public SymbolLookup symbols() {
    return library.symbols();
  }

  /** From now on the addresses are those of another GPU. */
  public void use(GpuDriver driver) {
    memory.use(driver);
  }

  int cudnnGetProperty(int part, MemorySegment value) {
    set(value, part == 0 ? version : part);
    return SUCCESS;
  }

  MemorySegment cudnnGetErrorString(int status) {
    return Arena.global().allocateFrom("CUDNN_STATUS_" + status);
  }

  int cudnnCreate(MemorySegment handle) {
    set(handle, HANDLE);
    return SUCCESS;
  }

  int cudnnSetStream(long handle, long stream) {
    return handle == HANDLE ? SUCCESS : BAD_PARAM;
  }

  private int create(MemorySegment descriptor) {
    set(descriptor, nextDescriptor);
    nextDescriptor += 16;
    return SUCCESS;
  }

  int cudnnCreateTensorDescriptor(MemorySegment descriptor) {
    return create(descriptor);
  }

  int cudnnCreateFilterDescriptor(MemorySegment descriptor) {
    return create(descriptor);
  }

  int cudnnCreateConvolutionDescriptor(MemorySegment descriptor) {
    convolutions.put(nextDescriptor, new Convolution());
    return create(descriptor);
  }

  int cudnnSetTensor4dDescriptor(
      long descriptor, int format, int type, int n, int c, int h, int w) {
    tensors.put(descriptor, new Extents(n, c, h, w));
    return format == 1 && type == 0 ? SUCCESS : BAD_PARAM;
  }

  int cudnnSetFilter4dDescriptor(
      long descriptor, int type, int format, int k, int c, int h, int w) {
    filters.put(descriptor, new Extents(k, c, h, w));
    return format == 1 && type == 0 ? SUCCESS : BAD_PARAM;
  }

  int cudnnSetConvolution2dDescriptor(
      long descriptor,
      int padHeight,
      int padWidth,
      int strideHeight,
      int strideWidth,
      int dilationHeight,
      int dilationWidth,
      int mode,
      int type) {
    Convolution convolution = convolutions.get(descriptor);
    boolean valid =
        convolution != null
            && padHeight == padWidth
            && strideHeight == strideWidth
            && strideHeight > 0
            && dilationHeight == 1
            && dilationWidth == 1
            && mode == 1
            && type == 0;
    if (!valid) {
      return BAD_PARAM;
    }
    convolution.padding = padHeight;
    convolution.stride = strideHeight;
    return SUCCESS;
  }

  int cudnnSetConvolutionGroupCount(long descriptor, int groups) {
    Convolution convolution = convolutions.get(descriptor);
    if (convolution == null) {
      return BAD_PARAM;
    }
    convolution.groups = groups;
    return SUCCESS;
  }

  int cudnnSetConvolutionMathType(long descriptor, int type) {
    mathTypes.add(type);
    return convolutions.containsKey(descriptor) ? SUCCESS : BAD_PARAM;
  }

  private int algorithms(boolean valid, int most, MemorySegment count, MemorySegment all) {
    if (!valid) {
      return BAD_PARAM;
    }
    int found = Math.min(most, ALGORITHMS.length);
    MemorySegment target = all.reinterpret((long) most * PERFORMANCE_BYTES);
    for (int i = 0; i < found; i++) {
      long at = (long) i * PERFORMANCE_BYTES;
      target.set(JAVA_INT, at, ALGORITHMS[i][0]);
      target.set(JAVA_INT, at + 4, ALGORITHMS[i][1]);
      target.set(JAVA_FLOAT, at + 8, i);
      target.set(JAVA_LONG, at + 16, WORKSPACE_BYTES);
      target.set(JAVA_INT, at + 24, nothingDeterministic ? 0 : ALGORITHMS[i][2]);
    }
    set(count, found);
    return SUCCESS;
  }

  private static int workspace(boolean valid, int algorithm, MemorySegment bytes) {
    set(bytes, WORKSPACE_BYTES);
    return !valid ? BAD_PARAM : algorithm == WORKING ? SUCCESS : NOT_SUPPORTED;
  }

  /** Whether a convolution of x by w gives what y can hold. */
  private boolean fits(long xDescriptor, long wDescriptor, long yDescriptor, long convolution) {
    Extents x = tensors.get(xDescriptor);
    Extents w = filters.get(wDescriptor);
    Extents y = tensors.get(yDescriptor);
    Convolution c = convolutions.get(convolution);
    return x != null
        && w != null
        && y != null
        && c != null
        && x.n == y.n
        && x.c == w.c * c.groups
        && y.c == w.n
        && y.h == (x.h + 2 * c.padding - w.h) / c.stride + 1
        && y.w == (x.w + 2 * c.padding - w.w) / c.stride + 1;
  }

  int cudnnGetConvolutionForwardAlgorithm_v7(
      long handle,
      long x,
      long w,
      long c,
      long y,
      int most,
      MemorySegment count,
      MemorySegment all) {
    return algorithms(fits(x, w, y, c), most, count, all);
  }

  int cudnnGetConvolutionBackwardDataAlgorithm_v7(
      long handle,
      long w,
      long y,
      long c,
      long x,
      int most,
      MemorySegment count,
      MemorySegment all) {
    return algorithms(fits(x, w, y, c), most, count, all);
  }

  int cudnnGetConvolutionBackwardFilterAlgorithm_v7(
      long handle,
      long x,
      long y,
      long c,
      long w,
      int most,
      MemorySegment count,
      MemorySegment all) {
    return algorithms(fits(x, w, y, c), most, count, all);
  }

  int cudnnGetConvolutionForwardWorkspaceSize(
      long handle, long x, long w, long c, long y, int algorithm, MemorySegment bytes) {
    return workspace(fits(x, w, y, c), algorithm, bytes);
  }

  int cudnnGetConvolutionBackwardDataWorkspaceSize(
      long handle, long w, long y, long c, long x, int algorithm, MemorySegment bytes) {
    return workspace(fits(x, w, y, c), algorithm, bytes);
  }

  int cudnnGetConvolutionBackwardFilterWorkspaceSize(
      long handle, long x, long y, long c, long w, int algorithm, MemorySegment bytes) {
    return workspace(fits(x, w, y, c), algorithm, bytes);
  }

  /** One multiply-add of a convolution: places in input, filter and output. */
  private interface Term {
    void at(int x, int w, int y);
  }

  private static void forEachTerm(
      Extents x, Extents w, Extents y, Convolution convolution, Term term) {
    int outGroup = y.c / convolution.groups;
    for (int n = 0; n < y.n; n++) {
      for (int row = 0; row < y.h; row++) {
        for (int column = 0; column < y.w; column++) {
          for (int out = 0; out < y.c; out++) {
            for (int i = 0; i < w.h; i++) {
              for (int j = 0; j < w.w; j++) {
                int inRow = row * convolution.stride - convolution.padding + i;
                int inColumn = column * convolution.stride - convolution.padding + j;
                if (inRow < 0 || inRow >= x.h || inColumn < 0 || inColumn >= x.w) {
                  continue;
                }
                for (int c = 0; c < w.c; c++) {
                  int in = out / outGroup * w.c + c;
                  term.at(
                      x.at(n, in, inRow, inColumn), w.at(out, c, i, j), y.at(n, out, row, column));
                }
              }
            }
          }
        }
      }
    }
  }

  /** Which of the three a pass computes. */
  private enum Result {
    X,
    W,
    Y
  }

  private int run(
      Result result,
      long handle,
      MemorySegment alpha,
      long xDescriptor,
      long x,
      long wDescriptor,
      long w,
      long yDescriptor,
      long y,
      long convolution,
      int algorithm,
      long workspace,
      long bytes,
      MemorySegment beta) {
    if (handle != HANDLE || !fits(xDescriptor, wDescriptor, yDescriptor, convolution)) {
      return BAD_PARAM;
    }
    if (algorithm != WORKING || bytes < WORKSPACE_BYTES) {
      return NOT_SUPPORTED;
    }
    return call(
        INTERNAL_ERROR,
        () -> {
          memory.scribble(workspace, bytes);
          Extents ex = tensors.get(xDescriptor);
          Extents ew = filters.get(wDescriptor);
          Extents ey = tensors.get(yDescriptor);
          float[] input = result == Result.X ? new float[0] : memory.read(x, ex.size());
          float[] filter = result == Result.W ? new float[0] : memory.read(w, ew.size());
          float[] output = result == Result.Y ? new float[0] : memory.read(y, ey.size());
          Extents computed = result == Result.X ? ex : result == Result.W ? ew : ey;
          long target = result == Result.X ? x : result == Result.W ? w : y;
          double[] sums = new double[computed.size()];
          forEachTerm(
              ex,
              ew,
              ey,
              convolutions.get(convolution),
              (atX, atW, atY) -> {
                switch (result) {
                  case X -> sums[atX] += (double) filter[atW] * output[atY];
                  case W -> sums[atW] += (double) input[atX] * output[atY];
                  case Y -> sums[atY] += (double) input[atX] * filter[atW];
                }
              });
          float[] old =
              number(beta) == 0 ? new float[sums.length] : memory.read(target, sums.length);
          for (int i = 0; i < sums.length; i++) {
            old[i] = (float) (number(alpha) * sums[i] + number(beta) * old[i]);
          }
          memory.write(target, old);
          return SUCCESS;
        });
  }

  int cudnnConvolutionForward(
      long handle,
      MemorySegment alpha,
      long xDescriptor,
      long x,
      long wDescriptor,
      long w,
      long convolution,
      int algorithm,
      long workspace,
      long bytes,
      MemorySegment beta,
      long yDescriptor,
      long y) {
    return run(
        Result.Y,
        handle,
        alpha,
        xDescriptor,
        x,
        wDescriptor,
        w,
        yDescriptor,
        y,
        convolution,
        algorithm,
        workspace,
        bytes,
        beta);
  }

  int cudnnConvolutionBackwardData(
      long handle,
      MemorySegment alpha,
      long wDescriptor,
      long w,
      long yDescriptor,
      long y,
      long convolution,
      int algorithm,
      long workspace,
      long bytes,
      MemorySegment beta,
      long xDescriptor,
      long x) {
    return run(
        Result.X,
        handle,
        alpha,
        xDescriptor,
        x,
        wDescriptor,
        w,
        yDescriptor,
        y,
        convolution,
        algorithm,
        workspace,
        bytes,
        beta);
  }

  int cudnnConvolutionBackwardFilter(
      long handle,
      MemorySegment alpha,
      long xDescriptor,
      long x,
      long yDescriptor,
      long y,
      long convolution,
      int algorithm,
      long workspace,
      long bytes,
      MemorySegment beta,
      long wDescriptor,
      long w) {
    return run(
        Result.W,
        handle,
        alpha,
        xDescriptor,
        x,
        wDescriptor,
        w,
        yDescriptor,
        y,
        convolution,
        algorithm,
        workspace,
        bytes,
        beta);
  }
}
