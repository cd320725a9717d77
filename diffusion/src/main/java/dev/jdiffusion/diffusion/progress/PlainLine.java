package dev.jdiffusion.diffusion.progress;

/**
 * Text for one line of a terminal. Names of files and messages of others may hold line breaks, or
 * sequences that a terminal would obey.
 */
public final class PlainLine {
  private PlainLine() {}

  /** {@code text} with a blank for each line break and {@code ?} for other control characters. */
  public static String of(String text) {
    return text.replaceAll("\\R+", " ").replaceAll("\\p{Cntrl}|[\\x80-\\x9F]", "?");
  }
}
