/**
 * Talking with the person at the keyboard during long work: how far it is, and whether to stop.
 * Uses the JDK only. Start with {@link dev.jdiffusion.diffusion.progress.Progress}.
 */
@NullMarked
package dev.jdiffusion.diffusion.progress;

import org.jspecify.annotations.NullMarked;
