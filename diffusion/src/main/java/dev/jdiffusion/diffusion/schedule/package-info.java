/**
 * Noise schedules: how much noise each timestep of the forward process adds, as tables in double
 * precision.
 *
 * <p>Plain Java, no tensors. Start at {@link dev.jdiffusion.diffusion.schedule.NoiseSchedule}.
 */
@NullMarked
package dev.jdiffusion.diffusion.schedule;

import org.jspecify.annotations.NullMarked;
