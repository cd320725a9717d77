package dev.jdiffusion.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What can be said without nvcc of whether the committed PTX is that of the committed sources. */
@DisplayName("The committed PTX")
final class PtxSourceTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final String TIERS = "// tiers: ";
  private static final Pattern INCLUDE = Pattern.compile("^#include \"(.*)\"$", Pattern.MULTILINE);

  @Test
  @DisplayName("was built from the sources beside it (if not: cuda-kernels/build-ptx)")
  void isCurrent() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path ptx : files("*/*.ptx")) {
      String text = Files.readString(ptx);
      int body = text.indexOf(".version");
      StringBuilder expected = new StringBuilder();
      for (Path file : sourceAndHeaders(source(ptx))) {
        expected.append(line(file.getFileName().toString(), Files.readString(file)));
      }
      expected.append(line("PTX", text.substring(Math.max(0, body))));
      if (body < 0 || !text.substring(0, body).contentEquals(expected)) {
        wrong.add(ptx.toString());
      }
    }
    assertEquals(List.of(), wrong, "run cuda-kernels/build-ptx");
  }

  @Test
  @DisplayName("is there for each source and tier, and for nothing else")
  void isComplete() throws IOException {
    TreeSet<Path> expected = new TreeSet<>();
    for (Path source : files("*.cu")) {
      String first = Files.readAllLines(source).getFirst();
      String tiers = first.startsWith(TIERS) ? first.substring(TIERS.length()) : "sm_75";
      for (String tier : tiers.split(" ")) {
        String name = source.getFileName().toString().replace(".cu", ".ptx");
        expected.add(SOURCES.resolve(tier).resolve(name));
      }
    }
    assertEquals(expected, new TreeSet<>(files("*/*.ptx")));
  }

  private static Path source(Path ptx) {
    return SOURCES.resolve(ptx.getFileName().toString().replace(".ptx", ".cu"));
  }

  private static List<Path> files(String glob) throws IOException {
    var matcher = SOURCES.getFileSystem().getPathMatcher("glob:" + glob);
    try (Stream<Path> all = Files.walk(SOURCES)) {
      return all.filter(file -> matcher.matches(SOURCES.relativize(file))).sorted().toList();
    }
  }

  /** A source and the headers it includes, each once, in the order in which they are named. */
  private static List<Path> sourceAndHeaders(Path source) throws IOException {
    List<Path> files = new ArrayList<>(List.of(source));
    for (int i = 0; i < files.size(); i++) {
      Matcher includes = INCLUDE.matcher(Files.readString(files.get(i)));
      while (includes.find()) {
        Path header = SOURCES.resolve(includes.group(1));
        if (!files.contains(header)) {
          files.add(header);
        }
      }
    }
    return files;
  }

  private static String line(String name, String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return "// " + name + " " + HexFormat.of().formatHex(digest) + "\n";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
