package dev.jdiffusion.benchmarks;

import dev.jdiffusion.launcher.Launcher;

/** What JVMs are started with that run kernels: the flags that the program's launcher gives. */
public final class JvmFlags {
  public static final String VECTOR_API = "--add-modules=jdk.incubator.vector";
  public static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";
  public static final String NO_LIMITED_PROFILE = Launcher.NO_LIMITED_PROFILE;
  public static final String SPILL_TO_STACK = Launcher.SPILL_TO_STACK;
  public static final String COLLECTOR = "-XX:+UseSerialGC";
  public static final String YOUNG = Launcher.SMALL_YOUNG_GENERATION;
  public static final String HEAP = "-XX:MaxRAMPercentage=75";

  private JvmFlags() {}
}
