/** Tests of the backend of GPUs, on the emulator. */
@NullMarked
package dev.jdiffusion.cuda.backend;

import org.jspecify.annotations.NullMarked;
