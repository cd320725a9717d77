package dev.jdiffusion.cuda.driver;

/** Assembled PTX. */
public interface GpuModule extends AutoCloseable {
  /**
   * A kernel of the module.
   *
   * @throws GpuException if it has none of this name
   */
  GpuFunction function(String name);

  @Override
  void close();
}
