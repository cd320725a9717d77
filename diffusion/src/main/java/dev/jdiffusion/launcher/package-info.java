/**
 * Starts the program with the Java and the flags it needs. Everything here but {@link
 * dev.jdiffusion.launcher.ParentWatch} is compiled for Java 8, so that an old Java can still say
 * which one is wanted; nothing here may touch another class of this project. Start at {@link
 * dev.jdiffusion.launcher.Launcher}.
 */
@NullMarked
package dev.jdiffusion.launcher;

import org.jspecify.annotations.NullMarked;
