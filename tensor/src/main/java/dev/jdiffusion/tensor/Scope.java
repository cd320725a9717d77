package dev.jdiffusion.tensor;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A lifetime: every tensor made on this thread while the scope is open belongs to it, and goes back
 * to the pool when it closes, unless it was kept.
 *
 * <pre>{@code
 * try (Scope step = Scope.open()) {
 *   Tensor a = ...;             // freed at the end
 *   return step.keep(b);        // handed to the enclosing scope
 * }
 * }</pre>
 *
 * <p>Scopes nest, one stack per thread. A tensor made while none is open is persistent: it lives
 * until it is released or becomes unreachable. This is how parameters, gradients and optimizer
 * state are made.
 */
public final class Scope implements AutoCloseable {
  private static final ThreadLocal<@Nullable Scope> CURRENT = new ThreadLocal<>();

  private final @Nullable Scope parent;
  private final boolean persistent;
  private final ArrayList<Storage> owned = new ArrayList<>();
  private boolean closed;

  private Scope(@Nullable Scope parent, boolean persistent) {
    this.parent = parent;
    this.persistent = persistent;
  }

  /** Opens a scope inside the current one. */
  public static Scope open() {
    Scope scope = new Scope(CURRENT.get(), false);
    CURRENT.set(scope);
    return scope;
  }

  /** Opens a section in which new tensors are persistent, whatever scopes enclose it. */
  public static Scope openPersistent() {
    Scope scope = new Scope(CURRENT.get(), true);
    CURRENT.set(scope);
    return scope;
  }

  /** Gives a new storage to the current scope of this thread. */
  static void register(Storage storage) {
    Scope scope = CURRENT.get();
    if (scope != null && !scope.persistent) {
      scope.owned.add(storage);
    }
  }

  /**
   * Hands a tensor to the enclosing scope, or makes it persistent where there is none. A tensor
   * that this scope does not own is left with its owner.
   */
  public Tensor keep(Tensor tensor) {
    Storage storage = tensor.storage();
    for (int i = owned.size() - 1; i >= 0; i--) {
      if (owned.get(i) == storage) {
        owned.remove(i);
        if (parent != null && !parent.persistent) {
          parent.owned.add(storage);
        }
        break;
      }
    }
    return tensor;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (CURRENT.get() != this) {
      throw new IllegalStateException(
          "scopes must be closed innermost first, on the thread that opened them");
    }
    closed = true;
    if (parent == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(parent);
    }
    for (int i = owned.size() - 1; i >= 0; i--) {
      owned.get(i).release();
    }
    owned.clear();
  }
}
