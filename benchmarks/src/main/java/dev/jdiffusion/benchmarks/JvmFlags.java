package dev.jdiffusion.benchmarks;

/** What JVMs are started with that run kernels: the flags that the program's launcher gives. */
public final class JvmFlags {
  public static final String VECTOR_API = "--add-modules=jdk.incubator.vector";
  public static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  /** Unrolled kernels would stay in a tier of C1 while C2 is busy, a hundred times slower. */
  public static final String NO_LIMITED_PROFILE = "-XX:Tier3DelayOn=1000000";

  /** Integers parked in vector registers come back behind the multiply-adds. */
  public static final String SPILL_TO_STACK = "-XX:-UseFPUForSpilling";

  public static final String COLLECTOR = "-XX:+UseSerialGC";

  /** Young objects would touch a third of the heap otherwise. */
  public static final String YOUNG = "-Xmn32m";

  public static final String HEAP = "-XX:MaxRAMPercentage=75";

  private JvmFlags() {}
}
