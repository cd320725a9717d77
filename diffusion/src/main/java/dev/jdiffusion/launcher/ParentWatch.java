package dev.jdiffusion.launcher;

import java.time.Duration;

/**
 * What the program has to know of the launcher that started it. Above all that it is gone without
 * having passed on a signal ({@code kill -9}), so that a training nobody can stop any more does not
 * go on for ever.
 */
public final class ParentWatch {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private ParentWatch() {}

  /**
   * Whether a signal that goes to this process and the launcher alike, as those to a process group
   * do, arrives here a second time, from the launcher.
   *
   * @param name such as {@code INT}
   */
  public static boolean signalComesTwice(String name) {
    return System.getProperty(Launcher.PARENT_PID_PROPERTY) != null
        && (name.equals("TERM") || !Relay.terminalSignalsTheChildToo());
  }

  /**
   * Calls {@code stop} once, on a thread of its own, within about a second after the launcher of
   * this process has died. Does nothing where no launcher started this process.
   */
  public static void onLauncherDeath(Runnable stop) {
    String launcher = System.getProperty(Launcher.PARENT_PID_PROPERTY);
    if (launcher == null) {
      return;
    }
    long pid = Long.parseLong(launcher);
    Thread.ofPlatform()
        .daemon()
        .name("parent-watch")
        .start(() -> {
          // Asking for the present parent, not for the process with that id: ids come again,
          // and a dead launcher that nobody has waited for still has one.
          while (ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L) == pid) {
            try {
              Thread.sleep(INTERVAL);
            } catch (InterruptedException e) {
              return;
            }
          }
          stop.run();
        });
  }
}
