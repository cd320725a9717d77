package dev.jdiffusion.diffusion.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** Values for some of the settings, from one place: a preset, a file or the flags. */
public final class Layer {
  /** A configuration is a page of text; whatever is longer is another file. */
  private static final long LONGEST_FILE = 1 << 20;

  private final EnumMap<Setting, Object> values = new EnumMap<>(Setting.class);

  /** A layer without values. */
  public Layer() {}

  /**
   * Reads a JSON object of {@code "name": value} pairs.
   *
   * @throws UserError if the file is missing, is no such object, or has an unknown name or value
   */
  public static Layer ofFile(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new UserError(file + ": is a folder; --config needs a JSON file");
      }
      if (Files.size(file) > LONGEST_FILE) {
        throw new UserError(
            file + ": has " + Files.size(file) + " bytes, too many for a configuration");
      }
      return ofJson(file.toString(), Files.readString(file, StandardCharsets.UTF_8));
    } catch (NoSuchFileException e) {
      throw new UserError(file + ": no such configuration file", e);
    } catch (IOException e) {
      throw new UserError(file + ": cannot be read as text: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a JSON object of {@code "name": value} pairs.
   *
   * @param source how to call the text in a message
   */
  static Layer ofJson(String source, String json) {
    JsonFactory factory =
        JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    Layer layer = new Layer();
    try (JsonParser parser = factory.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new UserError(source + ": is not a JSON object {\"name\": value, ...}");
      }
      for (JsonToken token = parser.nextToken();
          token != JsonToken.END_OBJECT;
          token = parser.nextToken()) {
        String key = parser.currentName();
        parser.nextToken();
        Setting setting =
            Setting.find(key)
                .orElseThrow(() ->
                    new UserError(
                        source
                            + ": unknown setting '"
                            + key
                            + "'"
                            + NearestName.hint(key, Setting.keys())));
        String where = key + " in " + source;
        layer.values.put(setting, setting.parse(where, scalarOrList(parser, where)));
      }
      if (parser.nextToken() != null) {
        throw new UserError(source + ": has more after the JSON object's end");
      }
    } catch (JacksonException e) {
      throw new UserError(
          source
              + ": is not valid JSON, line "
              + e.getLocation().getLineNr()
              + ", column "
              + e.getLocation().getColumnNr()
              + ": "
              + e.getOriginalMessage(),
          e);
    } catch (IOException e) {
      throw new UserError(source + ": " + e.getMessage(), e);
    }
    layer.checkLength(source + ": ");
    return layer;
  }

  private static String scalarOrList(JsonParser parser, String where) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      return scalar(parser, where);
    }
    StringBuilder joined = new StringBuilder();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      joined.append(joined.isEmpty() ? "" : ",").append(scalar(parser, where));
    }
    return joined.toString();
  }

  private static String scalar(JsonParser parser, String where) throws IOException {
    if (!parser.currentToken().isScalarValue() || parser.currentToken() == JsonToken.VALUE_NULL) {
      throw new UserError(where + ": needs a number, a text, true or false");
    }
    return parser.getText();
  }

  /** Sets a value from a flag's text. */
  public void putFlag(Setting setting, String text) {
    values.put(setting, setting.parse(setting.flag(), text));
  }

  /**
   * @throws UserError if the length of the training is given twice
   */
  public void checkLength(String where) {
    if (values.containsKey(Setting.STEPS) && values.containsKey(Setting.EPOCHS)) {
      throw new UserError(where + "give either epochs or steps, not both");
    }
  }

  Layer put(Setting setting, Object value) {
    values.put(setting, value);
    return this;
  }

  Map<Setting, Object> values() {
    return Collections.unmodifiableMap(values);
  }

  /** The name of the preset that this layer asks for, or {@code otherwise}. */
  public String presetOr(String otherwise) {
    return (String) values.getOrDefault(Setting.PRESET, otherwise);
  }
}
