package dev.jdiffusion.cuda.jcuda;

import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuModule;
import jcuda.driver.CUmodule;

/** Assembled PTX in one context. */
final class JCudaModule implements GpuModule {
  private final JCudaDriver driver;
  private final String name;
  private final CUmodule handle;
  private boolean closed;

  JCudaModule(JCudaDriver driver, String name, CUmodule handle) {
    this.driver = driver;
    this.name = name;
    this.handle = handle;
  }

  @Override
  public GpuFunction function(String function) {
    driver.enter();
    JCudaFunction found = new JCudaFunction(driver, function);
    driver.check(
        "cuModuleGetFunction",
        cuModuleGetFunction(found, handle, function),
        "kernel " + function + " of " + name);
    return found;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      driver.enter();
      driver.check("cuModuleUnload", cuModuleUnload(handle), "module " + name);
    }
  }
}
