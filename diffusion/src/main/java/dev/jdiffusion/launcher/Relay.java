package dev.jdiffusion.launcher;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs the program as a child process and is invisible around it: streams, signals and the exit
 * code pass through. The one thing taken away is the JVM's line about incubating modules, which a
 * user can do nothing about; for that, standard error is piped instead of inherited.
 */
final class Relay {
  private static final byte[] INCUBATOR_WARNING =
      "WARNING: Using incubator modules: jdk.incubator.vector\n"
          .getBytes(StandardCharsets.US_ASCII);

  /** A signal that ended the child on its way to {@code exec} is noticed here after a moment. */
  private static final long SIGNAL_MILLIS = 500;

  private static final int INTERRUPTED = 130;

  private final List<String> command;

  private volatile @Nullable Process child;
  private volatile int endedWith;
  private boolean ending;

  Relay(List<String> command) {
    this.command = command;
  }

  /** Runs the child to its end. Returns its exit code, 128 + n when signal n ended it. */
  int run() throws IOException {
    // A shutdown that no handler below catches (a closed console, a signal of another kind) must
    // not end this process before the child has saved its work.
    Thread lastResort =
        new Thread() {
          @Override
          public void run() {
            endChild();
          }
        };
    try {
      Runtime.getRuntime().addShutdownHook(lastResort);
    } catch (IllegalStateException e) {
      // A signal came before its handler: this process is ending, with an exit code of its own.
      return INTERRUPTED;
    }
    handleSignals();
    Process started = start();
    if (started == null) {
      return endedWith == 0 ? INTERRUPTED : endedWith;
    }
    try {
      copyWithoutWarning(started.getErrorStream(), System.err);
    } catch (IOException e) {
      // Java 8 closes the streams of a process that it is told to end.
      return waitFor(started);
    }
    return waitFor(started);
  }

  /** Starts the child; gives null where this process has been told to end before that. */
  private synchronized @Nullable Process start() throws IOException {
    if (ending) {
      return null;
    }
    try {
      Process started =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .start();
      child = started;
      return started;
    } catch (IOException e) {
      awaitSignal();
      if (endedWith != 0) {
        return null;
      }
      throw e;
    }
  }

  private void awaitSignal() {
    try {
      for (int i = 0; i < SIGNAL_MILLIS && endedWith == 0; i++) {
        Thread.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void endChild() {
    ending = true;
    Process running = child;
    if (running != null) {
      terminate(running);
      waitFor(running);
    }
  }

  private static int waitFor(Process child) {
    while (true) {
      try {
        return child.waitFor();
      } catch (InterruptedException e) {
        // Nothing interrupts this process but its own end, and the child's end comes first.
        continue;
      }
    }
  }

  /** Copies until the end of the stream, leaving out the first line that is the warning. */
  static void copyWithoutWarning(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[8192];
    boolean searching = true;
    int matched = 0;
    boolean lineStart = true;
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      int i = 0;
      while (searching && i < n) {
        byte b = buffer[i];
        if (lineStart && b == INCUBATOR_WARNING[matched]) {
          i++;
          matched++;
          searching = matched < INCUBATOR_WARNING.length;
        } else if (lineStart && matched == INCUBATOR_WARNING.length - 1 && b == '\r') {
          i++;
        } else {
          out.write(INCUBATOR_WARNING, 0, lineStart ? matched : 0);
          matched = 0;
          out.write(b);
          i++;
          lineStart = b == '\n';
        }
      }
      out.write(buffer, i, n - i);
      out.flush();
    }
    if (searching) {
      out.write(INCUBATOR_WARNING, 0, matched);
    }
    out.flush();
  }

  /**
   * Keeps this process alive on SIGINT, SIGHUP and SIGTERM and hands them to the child, unless the
   * terminal did so already. {@code sun.misc.Signal} is reached by reflection because Java 8's
   * published signatures leave it out.
   */
  private void handleSignals() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      final Method number = signal.getMethod("getNumber");
      Object forward =
          Proxy.newProxyInstance(
              Relay.class.getClassLoader(),
              new Class<?>[] {handler},
              new InvocationHandler() {
                @Override
                public Object invoke(Object proxy, Method method, Object[] args)
                    throws ReflectiveOperationException {
                  if (method.getName().equals("handle")) {
                    signalled(args[0].toString(), (Integer) number.invoke(args[0]));
                  }
                  return null;
                }
              });
      Method handle = signal.getMethod("handle", signal, handler);
      for (String name : new String[] {"INT", "HUP", "TERM"}) {
        try {
          handle.invoke(null, signal.getConstructor(String.class).newInstance(name), forward);
        } catch (ReflectiveOperationException e) {
          // This system has no such signal, or the user asked the JVM to leave it alone (-Xrs).
          continue;
        }
      }
    } catch (ReflectiveOperationException e) {
      System.err.println("diffusion: signals are not passed on: " + e);
    }
  }

  private void signalled(String signal, int number) {
    Process running = child;
    if (running != null) {
      forward(running, signal);
    } else {
      // A child that is being started at this moment is ended on the way out.
      endedWith = 128 + number;
      System.exit(endedWith);
    }
  }

  private static void forward(Process child, String signal) {
    if (signal.equals("SIGTERM")) {
      terminate(child);
      return;
    }
    String pid = pidOf(child);
    if (pid.isEmpty() || File.separatorChar == '\\' || terminalSignalsTheChildToo()) {
      return;
    }
    try {
      // A child that is gone by then, of the same signal perhaps, needs no message.
      String kill = "kill -" + signal.substring("SIG".length()) + " " + pid + " 2>/dev/null";
      new ProcessBuilder("sh", "-c", kill).inheritIO().start();
    } catch (IOException e) {
      terminate(child);
    }
  }

  /** {@code Process.destroy} would also close the stream that the child's last words come from. */
  private static void terminate(Process child) {
    try {
      Object handle = Process.class.getMethod("toHandle").invoke(child);
      Class.forName("java.lang.ProcessHandle").getMethod("destroy").invoke(handle);
    } catch (ReflectiveOperationException e) {
      child.destroy();
    }
  }

  private static String pidOf(Process child) {
    try {
      return Process.class.getMethod("pid").invoke(child).toString();
    } catch (ReflectiveOperationException e) {
      return "";
    }
  }

  /**
   * A terminal signals every process of its foreground group. The child is in this process's group,
   * so it has its own signal when that group is the foreground one; a second would look like a
   * second Ctrl-C. Fields of {@code stat} after the command name: state, ppid, pgrp, session,
   * tty_nr, tpgid.
   */
  static boolean terminalSignalsTheChildToo() {
    byte[] stat = new byte[1024];
    try (InputStream in = new FileInputStream("/proc/self/stat")) {
      int n = in.read(stat);
      String text = new String(stat, 0, Math.max(n, 0), StandardCharsets.US_ASCII);
      String[] fields = text.substring(text.lastIndexOf(')') + 1).trim().split(" ");
      return fields.length > 5 && fields[2].equals(fields[5]);
    } catch (IOException e) {
      return System.console() != null;
    }
  }
}
