package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import java.util.Arrays;
import java.util.Locale;

/** Pointwise arithmetic: {@code elementwise.cu}. */
final class CudaElementwise implements Elementwise {
  private static final String FILE = "elementwise";
  private static final int THREADS = 256;
  private static final int PER_BLOCK = 4 * THREADS;

  /** Axes that the kernel for any broadcasting has; what lies outside of them is a loop here. */
  private static final int MOST_AXES = 5;

  private static final int FEW_AXES = 3;

  private static final String[] UNARY = names(Unary.values(), "");
  private static final String[] UNARY_GRAD = names(Unary.values(), "_grad");
  private static final String[] BINARY = names(Binary.values(), "");
  private static final String[] BINARY_FEW_AXES = names(Binary.values(), "_" + FEW_AXES);
  private static final String[] BINARY_MOST_AXES = names(Binary.values(), "_" + MOST_AXES);

  private final Kernels kernels;
  private final CudaMemory memory;

  CudaElementwise(Kernels kernels, CudaMemory memory) {
    this.kernels = kernels;
    this.memory = memory;
  }

  private static void launch(Kernel kernel, int elements) {
    kernel.launch(Kernels.blocks(elements, PER_BLOCK), THREADS);
  }

  /** The kernels' names by the function's number, so that a launch puts none together. */
  private static String[] names(Enum<?>[] functions, String suffix) {
    return Arrays.stream(functions)
        .map(function -> "elementwise_" + function.name().toLowerCase(Locale.ROOT) + suffix)
        .toArray(String[]::new);
  }

  @Override
  public void unary(Unary function, Tensor x, Tensor out) {
    int n = out.size();
    launch(kernels.get(FILE, UNARY[function.ordinal()]).with(x).with(out).with(n), n);
  }

  @Override
  public void unaryGrad(Unary function, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    Tensor read =
        switch (function) {
          case EXP, SQRT, SIGMOID, TANH -> y;
          case NEG, LOG, SQUARE, ABS, RELU, SILU, GELU, GELU_TANH -> x;
        };
    int n = dx.size();
    launch(
        kernels.get(FILE, UNARY_GRAD[function.ordinal()]).with(read).with(dy).with(dx).with(n), n);
  }

  private static boolean isSmallInteger(double exponent) {
    return exponent == Math.rint(exponent) && Math.abs(exponent) <= 64;
  }

  @Override
  public void power(Tensor x, double exponent, Tensor out) {
    int n = out.size();
    if (isSmallInteger(exponent)) {
      launch(
          kernels
              .get(FILE, "elementwise_integer_power")
              .with(x)
              .with((int) exponent)
              .with(out)
              .with(n),
          n);
    } else {
      launch(
          kernels.get(FILE, "elementwise_power").with(x).with((float) exponent).with(out).with(n),
          n);
    }
  }

  @Override
  public void powerGrad(Tensor x, double exponent, Tensor dy, Tensor dx) {
    int n = dx.size();
    if (exponent == 0) {
      // x^0 is constant, also at x = 0, where the formula would be 0 times infinity.
      affine(dy, 0, 0, dx);
    } else if (isSmallInteger(exponent - 1)) {
      launch(
          kernels
              .get(FILE, "elementwise_integer_power_grad")
              .with(x)
              .with(dy)
              .with((float) exponent)
              .with((int) (exponent - 1))
              .with(dx)
              .with(n),
          n);
    } else {
      launch(
          kernels
              .get(FILE, "elementwise_power_grad")
              .with(x)
              .with(dy)
              .with((float) exponent)
              .with((float) (exponent - 1))
              .with(dx)
              .with(n),
          n);
    }
  }

  @Override
  public void binary(Binary function, Tensor a, Tensor b, Tensor out) {
    int n = out.size();
    boolean flat = (a.size() == n || a.size() == 1) && (b.size() == n || b.size() == 1);
    if (flat) {
      launch(
          kernels
              .get(FILE, BINARY[function.ordinal()])
              .with(a)
              .with(b)
              .with(out)
              .with(n)
              .with(a.size() == n ? 1 : 0)
              .with(b.size() == n ? 1 : 0),
          n);
      return;
    }
    if (n == 0) {
      return;
    }
    Axes axes = Axes.of(out.shape(), a.shape(), b.shape());
    strided(function, axes, 0, a, 0, b, 0, out, 0);
  }

  /** Merged axes of a result, outermost first, with the operands' strides along them. */
  private record Axes(int[] extents, int[] a, int[] b) {
    static Axes of(Shape out, Shape a, Shape b) {
      int rank = out.rank();
      int[] extents = new int[rank];
      int[] stridesA = new int[rank];
      int[] stridesB = new int[rank];
      int count = 0;
      for (int axis = 0; axis < rank; axis++) {
        if (out.dim(axis) == 1) {
          continue;
        }
        extents[count] = out.dim(axis);
        stridesA[count] = stride(a, axis - rank);
        stridesB[count] = stride(b, axis - rank);
        if (count > 0
            && stridesA[count - 1] == stridesA[count] * extents[count]
            && stridesB[count - 1] == stridesB[count] * extents[count]) {
          extents[count - 1] *= extents[count];
          stridesA[count - 1] = stridesA[count];
          stridesB[count - 1] = stridesB[count];
        } else {
          count++;
        }
      }
      return new Axes(
          Arrays.copyOf(extents, count),
          Arrays.copyOf(stridesA, count),
          Arrays.copyOf(stridesB, count));
    }

    /** Of an axis counted from the last; 0 where the operand is repeated. */
    private static int stride(Shape shape, int fromLast) {
      int axis = shape.rank() + fromLast;
      return axis < 0 || shape.dim(axis) == 1 ? 0 : shape.sizeOf(axis + 1, shape.rank());
    }

    int rank() {
      return extents.length;
    }

    int sizeFrom(int axis) {
      int size = 1;
      for (int i = axis; i < rank(); i++) {
        size *= extents[i];
      }
      return size;
    }
  }

  private void strided(
      Binary function,
      Axes axes,
      int from,
      Tensor a,
      int atA,
      Tensor b,
      int atB,
      Tensor out,
      int at) {
    int rank = axes.rank() - from;
    int size = axes.sizeFrom(from);
    if (rank > MOST_AXES) {
      int inner = size / axes.extents[from];
      for (int i = 0; i < axes.extents[from]; i++) {
        strided(
            function,
            axes,
            from + 1,
            a,
            atA + i * axes.a[from],
            b,
            atB + i * axes.b[from],
            out,
            at + i * inner);
      }
      return;
    }
    boolean few = rank <= FEW_AXES;
    int axesOfKernel = few ? FEW_AXES : MOST_AXES;
    int missing = axesOfKernel - rank;
    Kernel kernel =
        kernels
            .get(FILE, (few ? BINARY_FEW_AXES : BINARY_MOST_AXES)[function.ordinal()])
            .with(a.range(atA, Shape.of()))
            .with(b.range(atB, Shape.of()))
            .with(out.range(at, Shape.of()))
            .with(size);
    for (int i = 1; i < axesOfKernel; i++) {
      kernel.with(i < missing ? 1 : axes.extents[from + i - missing]);
    }
    for (int[] strides : new int[][] {axes.a, axes.b}) {
      for (int i = 0; i < axesOfKernel; i++) {
        kernel.with(i < missing ? 0 : strides[from + i - missing]);
      }
    }
    launch(kernel, size);
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    int n = out.size();
    launch(
        kernels
            .get(FILE, "elementwise_affine")
            .with(x)
            .with((float) scale)
            .with((float) shift)
            .with(out)
            .with(n),
        n);
  }

  @Override
  public void clamp(Tensor x, double low, double high, Tensor out) {
    int n = out.size();
    launch(
        kernels
            .get(FILE, "elementwise_clamp")
            .with(x)
            .with((float) low)
            .with((float) high)
            .with(out)
            .with(n),
        n);
  }

  @Override
  public void addScaled(double scale, Tensor x, Tensor y) {
    int n = y.size();
    launch(
        kernels.get(FILE, "elementwise_add_scaled").with((float) scale).with(x).with(y).with(n), n);
  }

  @Override
  public void fill(double value, Tensor out) {
    memory.fill(out, (float) value);
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    memory.copy(x, out);
  }
}
