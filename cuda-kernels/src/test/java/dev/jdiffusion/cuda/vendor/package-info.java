/** Fakes of NVIDIA's libraries, and tests of what calls them. */
@NullMarked
package dev.jdiffusion.cuda.vendor;

import org.jspecify.annotations.NullMarked;
