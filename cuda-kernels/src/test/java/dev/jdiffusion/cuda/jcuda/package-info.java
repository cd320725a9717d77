@NullMarked
package dev.jdiffusion.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
