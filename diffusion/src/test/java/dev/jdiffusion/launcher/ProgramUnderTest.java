package dev.jdiffusion.launcher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import sun.misc.Signal;

/** Stands in for the command line: does what its first argument says. */
final class ProgramUnderTest {
  private ProgramUnderTest() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    switch (args[0]) {
      case "echo" -> {
        System.out.println(Arrays.toString(args));
        System.out.print(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        System.err.println("to standard error");
      }
      case "exit" -> System.exit(Integer.parseInt(args[1]));
      case "describe" -> {
        System.out.println("feature " + Runtime.version().feature());
        System.out.println(
            "vector " + ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
        System.out.println(
            "property " + System.getProperty("given") + ", " + System.getProperty("other"));
        System.out.println(
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.matches("-Xmx.*|-XX:.*GC"))
                .collect(Collectors.joining(" ", "flags ", "")));
        System.out.println("launcher " + System.getProperty(Launcher.PARENT_PID_PROPERTY));
      }
      case "too late" -> {
        // Whoever is started while the JVM is ending can add no hook any more.
        Relay relay = new Relay(List.of("no such program"));
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(() -> {
                  try {
                    System.out.println("ended with " + relay.run());
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }));
      }
      case "wait" -> {
        CountDownLatch signalled = new CountDownLatch(1);
        String[] by = {""};
        for (String name : new String[] {"INT", "TERM"}) {
          Signal.handle(
              new Signal(name),
              signal -> {
                by[0] = signal.getName();
                signalled.countDown();
              });
        }
        ParentWatch.onLauncherDeath(() -> Runtime.getRuntime().halt(1));
        System.out.println("pid " + ProcessHandle.current().pid());
        signalled.await();
        System.out.println("saved after " + by[0]);
        System.err.println("last words");
        System.exit(by[0].equals("INT") ? 130 : 143);
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }
}
