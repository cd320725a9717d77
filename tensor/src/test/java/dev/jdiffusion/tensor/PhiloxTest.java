package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class PhiloxTest {
  @Test
  void givesThePublishedKnownAnswers() throws IOException {
    String json;
    try (InputStream file = PhiloxTest.class.getResourceAsStream("/golden/philox4x32-10.json")) {
      json = new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
    // Ten hexadecimal words a case: counter, key, output.
    int[] words =
        Pattern.compile("\"([0-9a-f]{8})\"")
            .matcher(json)
            .results()
            .map((MatchResult match) -> match.group(1))
            .mapToInt(word -> Integer.parseUnsignedInt(word, 16))
            .toArray();
    assertEquals(30, words.length);
    for (int i = 0; i < words.length; i += 10) {
      int[] expected = {words[i + 6], words[i + 7], words[i + 8], words[i + 9]};
      int[] actual = new int[Philox.BLOCK];
      Philox.block(
          words[i], words[i + 1], words[i + 2], words[i + 3], words[i + 4], words[i + 5], actual);
      assertArrayEquals(expected, actual, "case " + i / 10);
    }
  }

  @Test
  void counterAndKeyAreMadeOfKeyRowAndBlock() {
    int[] direct = new int[Philox.BLOCK];
    int[] named = new int[Philox.BLOCK];
    Philox.block(4, 3, 2, 1, 0x9ABCDEF0, 0x12345678, direct);
    Philox.block(new RandomKey(0x123456789ABCDEF0L, 1, 2), 3, 4, named);
    assertArrayEquals(direct, named);
  }

  @Test
  void everyPartOfTheKeyMatters() {
    Set<Integer> first = new HashSet<>();
    int[] words = new int[Philox.BLOCK];
    for (RandomKey key :
        new RandomKey[] {
          new RandomKey(1, 2, 3),
          new RandomKey(0, 2, 3),
          new RandomKey(1L << 40, 2, 3),
          new RandomKey(1, 0, 3),
          new RandomKey(1, 2, 0)
        }) {
      for (int row : new int[] {0, 1, -1}) {
        for (int block : new int[] {0, 1}) {
          Philox.block(key, row, block, words);
          first.add(words[0]);
        }
      }
    }
    assertEquals(30, first.size());
  }

  @Test
  void uniformNumbersLieInTheirIntervals() {
    assertEquals(0f, Philox.uniform(0x000000FF));
    assertEquals(1f - 0x1p-24f, Philox.uniform(-1));
    assertNotEquals(1f, Philox.uniform(-1));
    assertEquals(0x1p-24f, Philox.positiveUniform(0));
    assertEquals(1f, Philox.positiveUniform(-1));
  }
}
