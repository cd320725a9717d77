package dev.jdiffusion.tensor;

/**
 * Names a family of random streams. Together with a row (a picture's index) and the position in the
 * row it determines a number, whatever the batch size, the device or the number of threads.
 *
 * <p>The Philox key is the seed; the counter's four words are the position divided by four, the
 * row, the step and the purpose.
 *
 * @param seed the run's seed
 * @param purpose what the numbers are for: numbers of different purposes are independent
 * @param step the training step, or the step of a sampler
 */
public record RandomKey(long seed, int purpose, int step) {}
