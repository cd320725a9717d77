package dev.jdiffusion.tensor.cpu;

import java.lang.ref.Cleaner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a backend. The calling thread works too, so {@code threads - 1} helpers stand by:
 * they spin for some microseconds after each job, since the next kernel usually follows at once,
 * and then park. Longer spinning keeps others from the processor on a crowded machine: two
 * trainings at once, or more threads than processors.
 *
 * <p>Tasks are claimed one by one in ascending order. What a task computes must not depend on who
 * runs it or when; then results are the same for any number of threads.
 */
final class Workers {
  /** Multiply-adds below which waking other threads costs more than it brings. */
  static final long SERIAL_WORK = 1 << 16;

  private static final int SPINS = 1_000;

  /**
   * How long after its start a backend works on one thread, in milliseconds. With two processors
   * the JIT compiler then has one of them to itself, and kernels are compiled sooner.
   */
  private static final long SOLO_NANOS =
      TimeUnit.MILLISECONDS.toNanos(Long.getLong("jdiffusion.soloMillis", 0));

  private static final Cleaner CLEANER = Cleaner.create();

  private final Crew crew;
  private final int threads;
  private final AtomicBoolean busy = new AtomicBoolean();
  private final long soloUntil = System.nanoTime() + SOLO_NANOS;

  /** One part of a job. */
  interface Task {
    void run(int index);
  }

  /** A part of a range of elements. */
  interface RangeTask {
    void run(int from, int to);
  }

  Workers(int threads) {
    this.threads = threads;
    // With fewer processors than threads a spinning thread only keeps a working one from running.
    int spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    Crew shared = new Crew(new Helper[threads - 1], spins);
    for (int i = 0; i < shared.helpers.length; i++) {
      shared.helpers[i] = new Helper(shared, i + 1);
    }
    for (Helper helper : shared.helpers) {
      helper.start();
    }
    this.crew = shared;
    // Helpers see the crew only, so that a forgotten backend becomes unreachable and its threads
    // end.
    var unused = CLEANER.register(this, shared::close);
  }

  int threads() {
    return threads;
  }

  /** Into how many blocks to cut work at least, so that no thread waits long for the last. */
  int wantedBlocks() {
    return threads == 1 ? 1 : 4 * threads;
  }

  /**
   * Runs {@code task} for 0..tasks-1, here and now if the whole work is small, given in
   * multiply-adds.
   */
  void run(int tasks, long work, Task task) {
    if (work < SERIAL_WORK) {
      serial(tasks, task);
    } else {
      run(tasks, task);
    }
  }

  /**
   * Runs {@code task} for 0..tasks-1 on all threads and returns when all are done. An exception of
   * a task is thrown here. Called from within a task, or while another thread's job is running, it
   * runs on the calling thread alone.
   */
  void run(int tasks, Task task) {
    if (tasks <= 1 || threads == 1 || isSolo() || !busy.compareAndSet(false, true)) {
      serial(tasks, task);
      return;
    }
    try {
      Job job = new Job(tasks, task, Thread.currentThread());
      crew.start(job);
      job.work();
      job.await(crew.spins);
      crew.job = null;
      job.rethrow();
    } finally {
      crew.job = null;
      busy.set(false);
    }
  }

  /**
   * Splits 0..length-1 into ranges of {@code grain} elements (the last may be shorter) and runs
   * them as tasks.
   */
  void forRanges(int length, int grain, RangeTask task) {
    run(Math.ceilDiv(length, grain), range(length, grain, task));
  }

  /** The same, here and now if the whole work is small, given in multiply-adds. */
  void forRanges(int length, int grain, long work, RangeTask task) {
    run(Math.ceilDiv(length, grain), work, range(length, grain, task));
  }

  private static Task range(int length, int grain, RangeTask task) {
    return index -> {
      int from = index * grain;
      task.run(from, from + Math.min(grain, length - from));
    };
  }

  private boolean isSolo() {
    return SOLO_NANOS > 0 && System.nanoTime() - soloUntil < 0;
  }

  private static void serial(int tasks, Task task) {
    for (int i = 0; i < tasks; i++) {
      task.run(i);
    }
  }

  /** One call of {@link #run}. A helper that comes too late finds no task left and does no harm. */
  private static final class Job {
    private final int tasks;
    private final Task task;
    private final Thread caller;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Throwable failure;

    Job(int tasks, Task task, Thread caller) {
      this.tasks = tasks;
      this.task = task;
      this.caller = caller;
    }

    boolean hasWork() {
      return next.get() < tasks;
    }

    void work() {
      int index;
      while ((index = next.getAndIncrement()) < tasks) {
        try {
          if (failure == null) {
            task.run(index);
          }
        } catch (Throwable thrown) {
          failure = thrown;
        } finally {
          if (done.incrementAndGet() == tasks && Thread.currentThread() != caller) {
            LockSupport.unpark(caller);
          }
        }
      }
    }

    void await(int spins) {
      for (int i = 0; i < spins; i++) {
        if (done.get() == tasks) {
          return;
        }
        Thread.onSpinWait();
      }
      boolean interrupted = false;
      while (done.get() != tasks) {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
      if (interrupted) {
        caller.interrupt();
      }
    }

    void rethrow() {
      switch (failure) {
        case null -> {}
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case Throwable checked -> throw new IllegalStateException(checked);
      }
    }
  }

  /** What helpers share. */
  private static final class Crew {
    private final Helper[] helpers;
    private final int spins;
    private volatile @Nullable Job job;
    private volatile boolean closed;

    Crew(Helper[] helpers, int spins) {
      this.helpers = helpers;
      this.spins = spins;
    }

    void start(Job started) {
      job = started;
      int wanted = Math.min(helpers.length, started.tasks - 1);
      for (int i = 0; i < wanted; i++) {
        if (helpers[i].parked) {
          LockSupport.unpark(helpers[i]);
        }
      }
    }

    void close() {
      closed = true;
      for (Helper helper : helpers) {
        LockSupport.unpark(helper);
      }
    }
  }

  private static final class Helper extends Thread {
    private final Crew crew;
    private volatile boolean parked;

    Helper(Crew crew, int number) {
      super("jdiffusion-cpu-" + number);
      this.crew = crew;
      setDaemon(true);
    }

    @Override
    public void run() {
      int idle = 0;
      while (!crew.closed) {
        if (work()) {
          idle = 0;
        } else if (idle < crew.spins) {
          idle++;
          Thread.onSpinWait();
        } else {
          park();
          idle = 0;
        }
      }
    }

    /**
     * Whether there was work. A job is held by this method and the next alone: a parked thread with
     * a job on its stack would keep the job's backend from becoming unreachable.
     */
    private boolean work() {
      Job job = crew.job;
      if (job == null || !job.hasWork()) {
        return false;
      }
      job.work();
      return true;
    }

    private boolean hasWork() {
      Job job = crew.job;
      return job != null && job.hasWork();
    }

    /**
     * The job is looked at once more after {@code parked} is visible: whoever starts one later sees
     * it and wakes us.
     */
    private void park() {
      parked = true;
      if (!hasWork() && !crew.closed) {
        LockSupport.park(crew);
      }
      parked = false;
    }
  }
}
