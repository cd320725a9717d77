package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.Presets;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.config.Setting;
import dev.jdiffusion.diffusion.model.UNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the README and the chapters claim about commands, presets and files. */
class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");
  private static final Pattern FLAG = Pattern.compile("(?<=\\s)--([a-z][a-z-]*)");

  @Test
  void theTestCommandIsTheOneThatContinuousIntegrationRuns() throws IOException {
    assertTrue(readme().contains("./mvnw verify"));
    assertTrue(Files.readString(ROOT.resolve(".ci/run")).contains("./mvnw -B -ntp verify"));
  }

  @Test
  void everyFlagOfAnExampleExists() throws IOException {
    List<String> known =
        Stream.concat(
                Stream.of(Setting.values()).map(Setting::key),
                Stream.of("resume", "profile", "out", "config", "checkpoint", "count", "help"))
            .toList();
    for (MatchResult flag : FLAG.matcher(readme()).results().toList()) {
      assertTrue(known.contains(flag.group(1)), "--" + flag.group(1));
    }
  }

  @Test
  void theHelpNamesThePresets() {
    String help = String.join(" ", Program.call("train --help").out()).replaceAll(" +", " ");
    assertTrue(help.contains("come from: " + String.join(" or ", Presets.names())), help);
  }

  @Test
  void thePresetsAreTheOnesOfTheTableWithItsNumbersOfParameters() throws IOException {
    assertEquals("quick", Presets.DEFAULT);
    for (String name : Presets.names()) {
      Layer flags = new Layer();
      flags.putFlag(Setting.PRESET, name);
      UNet network = new UNet(RunConfig.of(new Layer(), flags).unet());
      String row =
          readme().lines().filter(l -> l.startsWith("| `" + name + "`")).findFirst().orElseThrow();
      String parameters = String.format(Locale.ROOT, "%,d parameters", network.parameterCount());
      assertTrue(row.contains(parameters), row + " does not say " + parameters);
    }
  }

  static Stream<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      return Stream.concat(
          Stream.of(ROOT.resolve("README.md")),
          docs.filter(page -> page.toString().endsWith(".md")).sorted().toList().stream());
    }
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) throws IOException {
    for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
      assertTrue(Files.exists(page.resolveSibling(link.group(1))), link.group(1));
    }
  }

  @Test
  void noPictureIsEmpty() throws IOException {
    try (Stream<Path> pictures = Files.list(ROOT.resolve("docs/images"))) {
      List<Path> all = pictures.toList();
      assertFalse(all.isEmpty());
      for (Path picture : all) {
        assertTrue(Files.size(picture) > 1000, picture.toString());
      }
    }
  }

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }
}
