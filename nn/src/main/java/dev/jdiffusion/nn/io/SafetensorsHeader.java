package dev.jdiffusion.nn.io;

import static dev.jdiffusion.nn.io.SafetensorsException.quote;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header: {@code {"__metadata__": {..}, "name": {"dtype": "F32", "shape": [..],
 * "data_offsets": [begin, end]}, ..}}.
 *
 * <p>It is read token by token, so that a hostile header fails at its first wrong token and not
 * after a tree of it filled the memory.
 */
record SafetensorsHeader(Map<String, String> metadata, SequencedMap<String, TensorEntry> tensors) {
  private static final String METADATA = "__metadata__";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxStringLength(Safetensors.MAX_HEADER_BYTES)
                  .maxNameLength(1 << 16)
                  .build())
          .build();

  /**
   * Parses a header and checks every offset against the number of bytes that follow it.
   *
   * @param file for messages
   * @param dataBytes the length of the file after its header
   */
  static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
    if (json.length == 0 || json[0] != '{') {
      throw new SafetensorsException(file + ": not a safetensors file: its header is not JSON");
    }
    // Jackson guesses UTF-16 from zero bytes, the format is UTF-8 only: hence a strict decoder.
    InputStreamReader reader =
        new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder());
    try (JsonParser parser = JSON.createParser(reader)) {
      SafetensorsHeader header = new Reader(file, dataBytes, parser).header();
      checkLayout(file, header.tensors, dataBytes);
      return header;
    } catch (StreamConstraintsException e) {
      throw new SafetensorsException(
          file + ": damaged safetensors header: " + e.getOriginalMessage(), e);
    } catch (JsonProcessingException e) {
      throw new SafetensorsException(
          file
              + ": damaged safetensors header at character "
              + e.getLocation().getCharOffset()
              + ": "
              + e.getOriginalMessage(),
          e);
    } catch (CharacterCodingException e) {
      throw new SafetensorsException(file + ": damaged safetensors header: not UTF-8", e);
    } catch (IOException e) {
      throw new SafetensorsException(file + ": cannot read header: " + e.getMessage(), e);
    }
  }

  /** The header as bytes, padded with spaces so that the data that follows is 8-byte aligned. */
  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
      }
      for (TensorEntry entry : tensors.values()) {
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", entry.dataType().name());
        json.writeArrayFieldStart("shape");
        for (long extent : entry.extents()) {
          json.writeNumber(extent);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(entry.begin());
        json.writeNumber(entry.end());
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new SafetensorsException("cannot write header: " + e.getMessage(), e);
    }
    byte[] header = bytes.toByteArray();
    byte[] padded = Arrays.copyOf(header, (header.length + 7) / 8 * 8);
    Arrays.fill(padded, header.length, padded.length, (byte) ' ');
    return padded;
  }

  /** The tensors cover the data without overlap and without holes, as the format demands. */
  private static void checkLayout(
      String file, SequencedMap<String, TensorEntry> tensors, long dataBytes) {
    List<TensorEntry> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(TensorEntry::begin).thenComparing(TensorEntry::end));
    long expected = 0;
    for (TensorEntry entry : sorted) {
      if (entry.begin() != expected) {
        throw new SafetensorsException(
            "%s: damaged safetensors header: tensor %s begins at byte %d of the data, but %s"
                .formatted(
                    file,
                    quote(entry.name()),
                    entry.begin(),
                    entry.begin() < expected
                        ? "overlaps the tensor that ends at byte " + expected
                        : "nothing fills the data from byte " + expected));
      }
      expected = entry.end();
    }
    if (expected != dataBytes) {
      throw new SafetensorsException(
          "%s: damaged safetensors file: its tensors end at byte %d of the data, which has %d"
              .formatted(file, expected, dataBytes));
    }
  }

  /** A recursive-descent reader: one method for each level of the header. */
  private record Reader(String file, long dataBytes, JsonParser parser) {
    SafetensorsHeader header() throws IOException {
      SequencedMap<String, String> metadata = new LinkedHashMap<>();
      SequencedMap<String, TensorEntry> tensors = new LinkedHashMap<>();
      expect(JsonToken.START_OBJECT, "header");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (name.equals(METADATA)) {
          expect(JsonToken.START_OBJECT, METADATA);
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            expect(JsonToken.VALUE_STRING, METADATA + " entry " + quote(key));
            metadata.put(key, parser.getText());
          }
        } else {
          tensors.put(name, tensor(name));
        }
      }
      if (parser.nextToken() != null) {
        throw damaged("text follows the closing brace");
      }
      return new SafetensorsHeader(metadata, tensors);
    }

    private TensorEntry tensor(String name) throws IOException {
      String what = "tensor " + quote(name);
      @Nullable String typeName = null;
      @Nullable List<Long> shape = null;
      @Nullable List<Long> offsets = null;
      expect(JsonToken.START_OBJECT, what);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        switch (parser.currentName()) {
          case "dtype" -> {
            expect(JsonToken.VALUE_STRING, "dtype of " + what);
            typeName = parser.getText();
          }
          case "shape" -> shape = longs("shape of " + what, 64);
          case "data_offsets" -> offsets = longs("data_offsets of " + what, 2);
          default -> {
            parser.nextToken();
            parser.skipChildren();
          }
        }
      }
      if (typeName == null || shape == null || offsets == null) {
        throw damaged(what + " lacks dtype, shape or data_offsets");
      }
      String unknown = "%s has the unknown dtype %s".formatted(what, quote(typeName));
      DataType type = DataType.parse(typeName).orElseThrow(() -> damaged(unknown));
      return entry(name, what, type, shape, offsets);
    }

    private TensorEntry entry(
        String name, String what, DataType type, List<Long> shape, List<Long> offsets) {
      if (offsets.size() != 2) {
        throw damaged("data_offsets of " + what + " are not two numbers");
      }
      long begin = offsets.get(0);
      long end = offsets.get(1);
      if (begin > end || end > dataBytes) {
        throw damaged(
            "%s lies at bytes %d..%d, but the data has %d bytes (is the file truncated?)"
                .formatted(what, begin, end, dataBytes));
      }
      long bytes = type.bytes();
      try {
        for (long extent : shape) {
          bytes = Math.multiplyExact(bytes, extent);
        }
      } catch (ArithmeticException e) {
        bytes = -1;
      }
      if (bytes != end - begin) {
        throw damaged(
            "%s has shape %s of %s, which does not take the %d bytes %d..%d"
                .formatted(what, shape, type, end - begin, begin, end));
      }
      return new TensorEntry(name, type, shape, begin, end);
    }

    private List<Long> longs(String what, int limit) throws IOException {
      List<Long> values = new ArrayList<>();
      expect(JsonToken.START_ARRAY, what);
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || values.size() == limit) {
          throw damaged(what + " is not a list of at most " + limit + " integers");
        }
        long value = parser.getLongValue();
        if (value < 0) {
          throw damaged(what + " contains " + value);
        }
        values.add(value);
      }
      return values;
    }

    private void expect(JsonToken token, String what) throws IOException {
      if (parser.nextToken() != token) {
        throw damaged(what + " is not of the expected type");
      }
    }

    private SafetensorsException damaged(String problem) {
      return new SafetensorsException(file + ": damaged safetensors header: " + problem);
    }
  }
}
