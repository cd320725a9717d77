/**
 * What moves the weights: parameters gathered in flat buffers, Adam and AdamW over them, clipping,
 * the weights' moving average, and learning-rate schedules. Start at {@link
 * dev.jdiffusion.nn.optim.AdamOptimizer}.
 */
@NullMarked
package dev.jdiffusion.nn.optim;

import org.jspecify.annotations.NullMarked;
