package dev.jdiffusion.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Standard error passes through the launcher")
final class RelayTest {
  private static final String WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8192})
  @DisplayName("without the first warning about incubator modules, whatever the chunks")
  void leavesOutTheWarning(int chunk) throws IOException {
    assertEquals("one\ntwo\n", copy("one\n" + WARNING + "\ntwo\n", chunk));
    assertEquals("one\r\ntwo", copy("one\r\n" + WARNING + "\r\ntwo", chunk));
    assertEquals(WARNING + "\n", copy(WARNING + "\n" + WARNING + "\n", chunk));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8192})
  @DisplayName("unchanged otherwise")
  void copiesEverythingElse(int chunk) throws IOException {
    for (String text :
        new String[] {
          "",
          "W",
          "WARNING: Using incubator modules: jdk.incubator.foreign\nmore",
          "WARNING: something else\n\n\nWARNING",
          "in a line: " + WARNING + "\n",
          WARNING,
          "äöü 中文\n"
        }) {
      assertEquals(text, copy(text, chunk));
    }
  }

  private static String copy(String text, int chunk) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (InputStream in =
        new ByteArrayInputStream(text.getBytes(UTF_8)) {
          @Override
          public synchronized int read(byte[] buffer, int offset, int length) {
            return super.read(buffer, offset, Math.min(length, chunk));
          }
        }) {
      Relay.copyWithoutWarning(in, out);
    }
    return out.toString(UTF_8);
  }
}
