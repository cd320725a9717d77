package dev.jdiffusion.cuda.driver;

/**
 * What a driver says of its device.
 *
 * @param name the product's name
 * @param driverVersion the newest CUDA version of the driver, 12060 for 12.6
 * @param major of the compute capability, 9 of 9.0
 * @param minor of the compute capability, 0 of 9.0
 * @param multiprocessors how many blocks run side by side at least
 * @param sharedBytesPerBlock the most shared memory that one block may ask for
 */
public record GpuDevice(
    String name,
    int driverVersion,
    int major,
    int minor,
    int multiprocessors,
    int sharedBytesPerBlock) {}
