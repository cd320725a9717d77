/** The rules that hold for the sources of all modules. */
@NullMarked
package dev.jdiffusion.architecture;

import org.jspecify.annotations.NullMarked;
