package dev.jdiffusion.nn.io;

/**
 * A safetensors file cannot be read or written. The message is one line that names the file and
 * what is wrong with it.
 */
public final class SafetensorsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SafetensorsException(String message) {
    super(oneLine(message));
  }

  SafetensorsException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /** Names in a hostile header may hold control characters, or be as long as the header. */
  static String quote(String name) {
    StringBuilder text = new StringBuilder("'");
    for (int i = 0; i < Math.min(name.length(), 80); i++) {
      char c = name.charAt(i);
      text.append(Character.isISOControl(c) ? '?' : c);
    }
    return text.append(name.length() > 80 ? "...'" : "'").toString();
  }

  private static String oneLine(String message) {
    return message.replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
  }
}
