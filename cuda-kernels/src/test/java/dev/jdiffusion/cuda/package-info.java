/** The driver probe with and without a driver. */
@NullMarked
package dev.jdiffusion.cuda;

import org.jspecify.annotations.NullMarked;
