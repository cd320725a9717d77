/** The launcher as a process and its search for a Java. Start at {@code LauncherProcessTest}. */
@NullMarked
package dev.jdiffusion.launcher;

import org.jspecify.annotations.NullMarked;
