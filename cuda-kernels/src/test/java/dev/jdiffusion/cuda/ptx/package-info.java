/** How PTX text becomes a model. */
@NullMarked
package dev.jdiffusion.cuda.ptx;

import org.jspecify.annotations.NullMarked;
