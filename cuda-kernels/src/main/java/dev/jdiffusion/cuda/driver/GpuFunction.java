package dev.jdiffusion.cuda.driver;

/** A kernel, ready to be launched by the driver that loaded it. */
public interface GpuFunction {
  /** Its name in the PTX, such as {@code group_norm_forward}. */
  String name();
}
