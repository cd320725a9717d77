/**
 * The command line: {@code train}, {@code sample} and {@code info}. Start with {@link
 * dev.jdiffusion.cli.Main}.
 *
 * <p>Turns arguments into calls of the packages below and failures into one line and an exit code;
 * holds no logic of its own. The only package that uses picocli.
 */
@NullMarked
package dev.jdiffusion.cli;

import org.jspecify.annotations.NullMarked;
