package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.ptx.PtxInstruction;

/**
 * A block of threads: its warps run to the next barrier one after the other. One object runs many
 * blocks of a launch, one after the other.
 */
final class Block {
  private final Launch launch;
  private final Warp[] warps;
  private final SharedMemory shared;
  private final Counters counters;
  private long index;

  Block(Launch launch) {
    this.launch = launch;
    counters = new Counters(launch.countMemory());
    shared = new SharedMemory(launch.program().sharedBytes() + launch.sharedBytes());
    warps = new Warp[launch.warps()];
    for (int i = 0; i < warps.length; i++) {
      warps[i] = new Warp(this, i);
    }
  }

  Launch launch() {
    return launch;
  }

  Program program() {
    return launch.program();
  }

  /** Which block of the grid it is now. */
  long index() {
    return index;
  }

  SharedMemory shared() {
    return shared;
  }

  /** The number that marks this block's accesses of global memory. */
  int tag() {
    return launch.tags() + 1 + (int) index;
  }

  /**
   * Runs a block of the grid.
   *
   * @throws GpuException if one of its threads does something forbidden
   */
  void run(long block) {
    index = block;
    shared.forget();
    int threads = launch.threads();
    for (int i = 0; i < warps.length; i++) {
      warps[i].start(Math.min(Lanes.COUNT, threads - i * Lanes.COUNT));
    }
    boolean waiting;
    do {
      waiting = false;
      for (Warp warp : warps) {
        if (warp.state == Warp.State.RUNNING) {
          run(warp);
        }
        waiting |= warp.state == Warp.State.AT_BARRIER;
      }
      if (waiting) {
        release();
      }
    } while (waiting);
  }

  private void run(Warp warp) {
    try {
      warp.run();
    } catch (Fault fault) {
      throw new GpuException(describe(warp, fault));
    }
  }

  /** All warps that have not ended wait: lets them go on. */
  private void release() {
    Warp first = null;
    for (Warp warp : warps) {
      if (warp.state != Warp.State.AT_BARRIER) {
        continue;
      }
      if (first == null) {
        first = warp;
      } else if (warp.current() != first.current()) {
        throw new GpuException(
            describe(
                warp,
                new Fault(
                    Integer.numberOfTrailingZeros(warp.active),
                    "waits at barrier "
                        + warp.barrier
                        + " while warp "
                        + first.number
                        + " waits at barrier "
                        + first.barrier
                        + " of line "
                        + first.current().source.line())));
      }
    }
    for (Warp warp : warps) {
      if (warp.state == Warp.State.AT_BARRIER) {
        warp.state = Warp.State.RUNNING;
      }
    }
    shared.passBarrier();
  }

  private String describe(Warp warp, Fault fault) {
    PtxInstruction source = warp.current().source;
    int thread = warp.number * Lanes.COUNT + fault.lane();
    return "%s, line %d (%s), block (%d,%d,%d), thread (%d,%d,%d): %s"
        .formatted(
            program().name(),
            source.line(),
            source,
            launch.x(index),
            launch.y(index),
            launch.z(index),
            thread % launch.blockX(),
            thread / launch.blockX() % launch.blockY(),
            thread / launch.blockX() / launch.blockY(),
            fault.getMessage());
  }

  Counters counters() {
    return counters;
  }
}
