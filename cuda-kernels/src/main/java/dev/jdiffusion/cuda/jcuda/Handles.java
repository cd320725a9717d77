package dev.jdiffusion.cuda.jcuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Objects of JCuda behind the numbers that this project's contract uses; no boxing on the way. */
final class Handles<T extends Object> {
  private final String what;
  private final List<@Nullable T> objects = new ArrayList<>();

  Handles(String what) {
    this.what = what;
  }

  long add(T object) {
    int free = objects.indexOf(null);
    if (free < 0) {
      objects.add(object);
      return objects.size() - 1L;
    }
    objects.set(free, object);
    return free;
  }

  T get(long handle) {
    T object = handle >= 0 && handle < objects.size() ? objects.get((int) handle) : null;
    if (object == null) {
      throw new IllegalStateException(what + " " + handle + " was destroyed or never created");
    }
    return object;
  }

  T remove(long handle) {
    T object = get(handle);
    objects.set((int) handle, null);
    return object;
  }

  /** All that are there. */
  List<T> all() {
    return objects.stream().filter(Objects::nonNull).map(Objects::requireNonNull).toList();
  }
}
