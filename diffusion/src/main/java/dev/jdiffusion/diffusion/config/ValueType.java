package dev.jdiffusion.diffusion.config;

import dev.jdiffusion.diffusion.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What values a {@link Setting} takes. Values are {@link Long}, {@link Double}, {@link Boolean},
 * {@link String} or a list of {@code Long}.
 */
public sealed interface ValueType {
  /**
   * The value written as {@code text}.
   *
   * @param where how to call the setting in a message: {@code --batch} or {@code batch in FILE}
   */
  Object parse(String where, String text);

  /** What a help text shows in the place of the value. */
  String label();

  /** Whole numbers of a range. */
  record Whole(long min, long max) implements ValueType {
    @Override
    public Object parse(String where, String text) {
      long value;
      try {
        value = Long.parseLong(text.strip());
      } catch (NumberFormatException e) {
        throw new UserError(where + ": '" + text + "' is not a whole number", e);
      }
      if (value < min || value > max) {
        throw new UserError(where + ": " + value + " is not " + range(min, max));
      }
      return value;
    }

    private static String range(long min, long max) {
      return max >= Integer.MAX_VALUE ? "at least " + min : "between " + min + " and " + max;
    }

    @Override
    public String label() {
      return "N";
    }
  }

  /** One of a few whole numbers. */
  record WholeChoice(List<Long> numbers) implements ValueType {
    @Override
    public Object parse(String where, String text) {
      long value = (Long) new Whole(Long.MIN_VALUE, Long.MAX_VALUE).parse(where, text);
      if (!numbers.contains(value)) {
        throw new UserError(where + ": " + value + " is not possible, use one of " + label());
      }
      return value;
    }

    @Override
    public String label() {
      return numbers.stream().map(Object::toString).collect(Collectors.joining("|"));
    }
  }

  /** Finite real numbers of a closed range. */
  record Real(double min, double max) implements ValueType {
    @Override
    public Object parse(String where, String text) {
      double value;
      try {
        value = Double.parseDouble(text.strip());
      } catch (NumberFormatException e) {
        throw new UserError(where + ": '" + text + "' is not a number", e);
      }
      if (!(value >= min && value <= max)) {
        throw new UserError(where + ": " + value + " is not between " + min + " and " + max);
      }
      return value;
    }

    @Override
    public String label() {
      return "X";
    }
  }

  /** One of a few names. */
  record Choice(List<String> names) implements ValueType {
    @Override
    public Object parse(String where, String text) {
      String wanted = text.strip().toLowerCase(Locale.ROOT);
      if (!names.contains(wanted)) {
        throw new UserError(
            where
                + ": '"
                + text
                + "' is unknown, use one of "
                + String.join(", ", names)
                + NearestName.hint(wanted, names));
      }
      return wanted;
    }

    @Override
    public String label() {
      return String.join("|", names);
    }
  }

  /** Any text that is not blank. */
  record Text(String label) implements ValueType {
    @Override
    public Object parse(String where, String text) {
      if (text.isBlank()) {
        throw new UserError(where + ": needs a value");
      }
      return text;
    }
  }

  /** A name that case does not count in, of a list that another place knows. */
  record Name() implements ValueType {
    @Override
    public Object parse(String where, String text) {
      return ((String) new Text(label()).parse(where, text)).strip().toLowerCase(Locale.ROOT);
    }

    @Override
    public String label() {
      return "NAME";
    }
  }

  /** Yes or no; as a flag it needs no value. */
  record Switch() implements ValueType {
    @Override
    public Object parse(String where, String text) {
      return switch (text.strip().toLowerCase(Locale.ROOT)) {
        case "true" -> true;
        case "false" -> false;
        default -> throw new UserError(where + ": '" + text + "' is neither true nor false");
      };
    }

    @Override
    public String label() {
      return "true|false";
    }
  }

  /** One to eight whole numbers of a range, separated by commas or dashes: {@code 1,2,4}. */
  record WholeList(long min, long max) implements ValueType {
    private static final int MOST = 8;

    @Override
    public Object parse(String where, String text) {
      Whole each = new Whole(min, max);
      List<Long> values = new ArrayList<>();
      for (String part : text.strip().split("\\s*[,-]\\s*", -1)) {
        values.add((Long) each.parse(where, part));
      }
      if (values.size() > MOST) {
        throw new UserError(
            where + ": " + values.size() + " values, at most " + MOST + " are possible");
      }
      return List.copyOf(values);
    }

    @Override
    public String label() {
      return "N,N,...";
    }
  }
}
