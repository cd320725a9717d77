/**
 * Diffusion: noise schedules, the forward process, parameterisations and samplers. May use all
 * modules below.
 */
@NullMarked
package dev.jdiffusion.diffusion;

import org.jspecify.annotations.NullMarked;
