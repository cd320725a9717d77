package dev.jdiffusion.tensor;

/**
 * The memory behind one or more tensors, counted by reference: a {@link Scope} holds one reference,
 * a tape holds one for every operation that needs the tensor in its backward pass. When the last is
 * released the memory goes back to the backend's pool, and any later access is an error.
 *
 * <p>A storage is confined to the thread that builds the graph; kernels running on worker threads
 * only see raw arrays.
 */
public abstract class Storage {
  private final Backend backend;
  private final int length;
  private int references = 1;

  protected Storage(Backend backend, int length) {
    this.backend = backend;
    this.length = length;
  }

  public final Backend backend() {
    return backend;
  }

  /** Number of elements. */
  public final int length() {
    return length;
  }

  /** {@link Tensor#offset} of the first element. */
  public int first() {
    return 0;
  }

  public final boolean isAlive() {
    return references > 0;
  }

  /** Whether more than one reference is held. */
  public final boolean isShared() {
    return references > 1;
  }

  /** Adds a reference. */
  public final void retain() {
    checkAlive();
    references++;
  }

  /** Drops a reference; the last one returns the memory to the pool. */
  public final void release() {
    checkAlive();
    if (--references == 0) {
      recycle();
    }
  }

  /** Throws if the memory has been returned to the pool. */
  public final void checkAlive() {
    if (references <= 0) {
      throw new IllegalStateException(
          "use after free: a tensor of "
              + length
              + " elements on "
              + backend.device()
              + " was read after its scope closed; keep it with Scope.keep");
    }
  }

  /** Returns the memory to the backend's pool; called once. */
  protected abstract void recycle();
}
