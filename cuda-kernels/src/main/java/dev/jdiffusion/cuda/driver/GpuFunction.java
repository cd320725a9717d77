package dev.jdiffusion.cuda.driver;

/** A kernel, ready to be launched by the driver that loaded it. */
public interface GpuFunction {
  String name();
}
