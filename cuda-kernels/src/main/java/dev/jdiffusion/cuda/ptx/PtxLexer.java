package dev.jdiffusion.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/** Cuts PTX into words, numbers and punctuation. */
final class PtxLexer {
  /** A piece of the text and the line it stands in, from 1. */
  record Token(String text, int line) {
    boolean is(String other) {
      return text.equals(other);
    }

    boolean isNumber() {
      return Character.isDigit(text.charAt(0));
    }

    boolean isWord() {
      return isWordStart(text.charAt(0));
    }
  }

  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  private PtxLexer(String text) {
    this.text = text;
  }

  static List<Token> tokens(String text) {
    PtxLexer lexer = new PtxLexer(text);
    lexer.read();
    return lexer.tokens;
  }

  private void read() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\n') {
        line++;
        at++;
      } else if (Character.isWhitespace(c)) {
        at++;
      } else if (text.startsWith("//", at)) {
        at = endOfLine();
      } else if (text.startsWith("/*", at)) {
        skipBlockComment();
      } else if (c == '"') {
        int end = text.indexOf('"', at + 1);
        if (end < 0) {
          throw new PtxException(line, "a string that does not end");
        }
        add(end + 1);
      } else if (isWordStart(c) || Character.isDigit(c)) {
        int end = at + 1;
        while (end < text.length() && (isWordPart(text.charAt(end)) || isScope(end))) {
          end += isScope(end) ? 2 : 1;
        }
        add(end);
      } else {
        add(at + 1);
      }
    }
  }

  /** Two colons belong to a word, as in {@code .L2::128B}; one ends a label. */
  private boolean isScope(int position) {
    return text.startsWith("::", position);
  }

  private void add(int end) {
    tokens.add(new Token(text.substring(at, end), line));
    at = end;
  }

  private int endOfLine() {
    int end = text.indexOf('\n', at);
    return end < 0 ? text.length() : end;
  }

  private void skipBlockComment() {
    int end = text.indexOf("*/", at);
    if (end < 0) {
      throw new PtxException(line, "a comment that does not end");
    }
    line += (int) text.substring(at, end).chars().filter(c -> c == '\n').count();
    at = end + 2;
  }

  private static boolean isWordStart(char c) {
    return Character.isLetter(c) || c == '.' || c == '%' || c == '$' || c == '_';
  }

  private static boolean isWordPart(char c) {
    return isWordStart(c) || Character.isDigit(c);
  }
}
