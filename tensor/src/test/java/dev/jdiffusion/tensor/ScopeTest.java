package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ScopeTest {
  private final Backend backend = Backends.open(Device.REFERENCE);

  private Tensor tensor() {
    return Tensor.zeros(backend, Shape.of(3));
  }

  @Test
  void closingFreesWhatWasMadeInside() {
    Tensor outside = tensor();
    Tensor inside;
    try (Scope scope = Scope.open()) {
      inside = tensor();
      assertTrue(inside.storage().isAlive());
    }
    assertFalse(inside.storage().isAlive());
    assertTrue(outside.storage().isAlive());
  }

  @Test
  void useAfterFreeIsAnErrorThatNamesTheTensor() {
    Tensor freed;
    try (Scope scope = Scope.open()) {
      freed = tensor();
    }
    String message = assertThrows(IllegalStateException.class, freed::toFloats).getMessage();
    assertTrue(
        message.startsWith(
            "use after free: a tensor of 3 elements on reference was read after its scope closed"),
        message);
    Tensor view = freed.reshape(1, 3);
    assertThrows(IllegalStateException.class, view::toFloats);
    assertThrows(IllegalStateException.class, () -> backend.elementwise().fill(1, view));
    assertThrows(IllegalStateException.class, () -> freed.storage().release());
    assertThrows(IllegalStateException.class, () -> freed.storage().retain());
  }

  @Test
  void keptTensorsGoToTheEnclosingScope() {
    Tensor kept;
    try (Scope outer = Scope.open()) {
      try (Scope inner = Scope.open()) {
        kept = tensor();
        assertSame(kept, inner.keep(kept));
      }
      assertTrue(kept.storage().isAlive());
    }
    assertFalse(kept.storage().isAlive());
  }

  @Test
  void keptByTheOutermostScopeATensorIsPersistent() {
    Tensor kept;
    try (Scope scope = Scope.open()) {
      kept = scope.keep(tensor());
    }
    assertTrue(kept.storage().isAlive());
    kept.storage().release();
    assertFalse(kept.storage().isAlive());
  }

  @Test
  void keepingAViewKeepsItsStorage() {
    Tensor view;
    try (Scope scope = Scope.open()) {
      view = scope.keep(tensor().range(1, Shape.of(2)));
    }
    assertEquals(2, view.toFloats().length);
    view.storage().release();
  }

  @Test
  void aTensorOfAnotherScopeStaysWithItsOwner() {
    try (Scope outer = Scope.open()) {
      Tensor owned = tensor();
      try (Scope inner = Scope.open()) {
        inner.keep(owned);
      }
      assertTrue(owned.storage().isAlive());
    }
    Tensor persistent = tensor();
    try (Scope scope = Scope.open()) {
      scope.keep(persistent);
    }
    assertTrue(persistent.storage().isAlive());
  }

  @Test
  void aPersistentSectionIsNotFreed() {
    Tensor persistent;
    try (Scope outer = Scope.open()) {
      try (Scope section = Scope.openPersistent()) {
        persistent = tensor();
        try (Scope inner = Scope.open()) {
          Tensor temporary = inner.keep(tensor());
          assertTrue(temporary.storage().isAlive());
        }
      }
    }
    assertTrue(persistent.storage().isAlive());
  }

  @Test
  void aRetainedTensorOutlivesItsScope() {
    Tensor tensor;
    try (Scope scope = Scope.open()) {
      tensor = tensor();
      tensor.storage().retain();
    }
    assertEquals(3, tensor.toFloats().length);
    tensor.storage().release();
    assertFalse(tensor.storage().isAlive());
  }

  @Test
  void theLatestTensorIsFreedFirst() {
    List<Integer> order = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      for (int i = 1; i <= 3; i++) {
        int length = i;
        Scope.register(
            new Storage(backend, length) {
              @Override
              protected void recycle() {
                order.add(length);
              }
            });
      }
    }
    assertEquals(List.of(3, 2, 1), order);
  }

  @Test
  void scopesCloseInnermostFirst() {
    Scope outer = Scope.open();
    Scope inner = Scope.open();
    Tensor tensor = tensor();
    String message = assertThrows(IllegalStateException.class, outer::close).getMessage();
    assertEquals("scopes must be closed innermost first, on the thread that opened them", message);
    assertTrue(tensor.storage().isAlive());
    inner.close();
    outer.close();
    // Closing again does nothing.
    inner.close();
    outer.close();
    assertFalse(tensor.storage().isAlive());
  }

  @Test
  void scopesBelongToTheirThread() throws InterruptedException {
    List<RuntimeException> errors = new ArrayList<>();
    List<Tensor> made = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Thread other =
          new Thread(() -> {
            made.add(tensor());
            try {
              scope.close();
            } catch (IllegalStateException e) {
              errors.add(e);
            }
          });
      other.start();
      other.join();
    }
    assertEquals(1, errors.size());
    assertTrue(made.getFirst().storage().isAlive());
  }

  @Test
  void memoryInUseFollowsTheScopes() {
    long before = backend.memory().inUse();
    try (Scope scope = Scope.open()) {
      tensor();
      tensor();
      assertEquals(before + 2 * 3 * Double.BYTES, backend.memory().inUse());
    }
    assertEquals(before, backend.memory().inUse());
    assertEquals(before + 2 * 3 * Double.BYTES, backend.memory().peakInUse());
  }
}
