package dev.jdiffusion.cli;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.ValueType;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** Values of flags that are no settings of a training. */
final class Arguments {
  private Arguments() {}

  static Optional<Path> path(ParseResult arguments, String flag) {
    return text(arguments, flag)
        .map(text -> {
          try {
            return Path.of(text);
          } catch (InvalidPathException e) {
            throw new UserError(flag + ": '" + text + "' is not a path", e);
          }
        });
  }

  static Optional<Long> whole(ParseResult arguments, String flag, long min, long max) {
    return text(arguments, flag)
        .map(text -> (Long) new ValueType.Whole(min, max).parse(flag, text));
  }

  static Optional<String> choice(ParseResult arguments, String flag, List<String> names) {
    return text(arguments, flag)
        .map(text -> (String) new ValueType.Choice(names).parse(flag, text));
  }

  private static Optional<String> text(ParseResult arguments, String flag) {
    @Nullable String value = arguments.matchedOptionValue(flag, null);
    if (value != null && value.isBlank()) {
      throw new UserError(flag + ": needs a value");
    }
    return Optional.ofNullable(value);
  }
}
