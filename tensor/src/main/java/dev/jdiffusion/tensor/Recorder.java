package dev.jdiffusion.tensor;

/**
 * Writes down what is asked of a device, so that the device repeats all of it on a single call: no
 * operation is asked for again, and no time passes between one and the next.
 */
public interface Recorder {
  /**
   * Writes down all that {@code work} asks of the device; nothing of it is done yet.
   *
   * <p>A repetition uses the very memory of the recording. So the work takes its inputs from
   * tensors that live at least as long as the recording, and copies its results to such tensors;
   * what it makes itself has lost its contents at the next repetition. Whatever the host decided
   * stays decided: shapes, factors, which operations. Work that waits for the device, takes numbers
   * from the host or draws random numbers with a key of the host's would repeat the numbers of
   * then, and is refused; a {@link dev.jdiffusion.tensor.ops.RandomFill.DeviceKey} may be used.
   *
   * <p>Let the same work run once before: what it makes only the first time, and keeps, must not
   * become part of the repetition.
   *
   * @throws RecordingRefusedException with the reason; then nothing was done and nothing is kept
   */
  Recording record(Runnable work);
}
