/**
 * Files of weights: the safetensors format, read and written so that other tools can exchange them.
 * May use {@code tensor} only. Start at {@link dev.jdiffusion.nn.io.Safetensors}.
 */
@NullMarked
package dev.jdiffusion.nn.io;

import org.jspecify.annotations.NullMarked;
