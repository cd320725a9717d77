/**
 * PTX, NVIDIA's assembly language, as text and as an immutable model of it: functions with their
 * instructions, labels and variables. It knows the syntax and nothing of what instructions do. Uses
 * the JDK alone. Start at {@link dev.jdiffusion.cuda.ptx.PtxParser}; the grammar is that of
 * NVIDIA's "Parallel Thread Execution ISA".
 */
@NullMarked
package dev.jdiffusion.cuda.ptx;

import org.jspecify.annotations.NullMarked;
