package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.driver.GpuException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Threads of the host that share the blocks of a launch. */
final class Workers implements AutoCloseable {
  private final int threads;
  private final ExecutorService helpers;

  Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("the emulator needs a thread, not " + threads);
    }
    this.threads = threads;
    helpers =
        Executors.newCachedThreadPool(work -> {
          Thread thread = new Thread(work, "emulator");
          thread.setDaemon(true);
          return thread;
        });
  }

  /** What went wrong first in the order of the blocks, if anything did. */
  private static final class Failure {
    private long block = Long.MAX_VALUE;
    private @Nullable RuntimeException exception;

    synchronized void add(long failed, RuntimeException because) {
      if (failed < block) {
        block = failed;
        exception = because;
      }
    }

    synchronized boolean isThere() {
      return exception != null;
    }

    synchronized void rethrow() {
      if (exception != null) {
        throw exception;
      }
    }
  }

  /**
   * Runs all blocks.
   *
   * @throws GpuException of the first block that fails; later ones may not have run
   */
  Emulation run(Launch launch) {
    AtomicLong next = new AtomicLong();
    Failure failure = new Failure();
    int count = (int) Math.min(threads, launch.blocks());
    List<Future<Block>> others = new ArrayList<>();
    for (int i = 1; i < count; i++) {
      others.add(helpers.submit(() -> share(launch, next, failure)));
    }
    Emulation result = share(launch, next, failure).counters().sum();
    for (Future<Block> other : others) {
      result = result.plus(join(other).counters().sum());
    }
    failure.rethrow();
    return result.plus(Emulation.ONE_LAUNCH);
  }

  private static Block share(Launch launch, AtomicLong next, Failure failure) {
    Block block = new Block(launch);
    // Blocks are taken in order, so all before one that fails have been taken and will end.
    for (long index = next.getAndIncrement();
        index < launch.blocks() && !failure.isThere();
        index = next.getAndIncrement()) {
      try {
        block.run(index);
      } catch (RuntimeException e) {
        failure.add(index, e);
      }
    }
    return block;
  }

  private static Block join(Future<Block> other) {
    try {
      return other.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a thread of the emulator failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GpuException("the emulator was interrupted");
    }
  }

  @Override
  public void close() {
    helpers.shutdown();
  }
}
