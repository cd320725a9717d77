package dev.jdiffusion.diffusion.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RunConfigTest {
  @TempDir Path folder;

  private static Layer flags(String... namesAndValues) {
    Layer layer = new Layer();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      layer.putFlag(Setting.find(namesAndValues[i]).orElseThrow(), namesAndValues[i + 1]);
    }
    return layer;
  }

  private Layer file(String json) throws IOException {
    return Layer.ofFile(Files.writeString(folder.resolve("mine.json"), json));
  }

  @Test
  void flagsOverrideTheFileWhichOverridesThePreset() throws IOException {
    RunConfig config =
        RunConfig.of(
            file("{\"preset\": \"annotated\", \"batch\": 32, \"lr\": 0.5, \"flip\": true}"),
            flags("batch", "16"));
    assertEquals("annotated", config.preset());
    assertEquals(28, config.unet().dim());
    assertEquals(0.5, config.learningRate());
    assertEquals(16, config.batch());
    assertTrue(config.flip());
  }

  @Test
  void aTrainingWithoutFlagsDrawsStrokesWithTheQuickPreset() {
    RunConfig config = RunConfig.of(new Layer(), new Layer());
    assertEquals("quick", config.preset());
    assertEquals("strokes", config.dataset());
    assertEquals(Path.of("runs/strokes-quick"), config.defaultFolder());
    assertFalse(config.flip());
  }

  @Test
  void gridsOfTheEmulatorAreSmallUnlessSomebodySaysHowLarge() throws IOException {
    assertEquals(64, RunConfig.of(new Layer(), new Layer()).sampleCount());
    Layer emulator = flags("device", "cuda:emulator");
    assertEquals(4, RunConfig.of(new Layer(), emulator).sampleCount());
    assertEquals(9, RunConfig.of(file("{\"sample-count\": 9}"), emulator).sampleCount());
    Layer both = flags("device", "cuda:emulator", "sample-count", "64");
    assertEquals(64, RunConfig.of(new Layer(), both).sampleCount());
  }

  @Test
  void aRunFromBeforeThereWasAPrecisionHasFp32() {
    String json = RunConfig.of(new Layer(), flags("precision", "tf32")).toJson();
    assertEquals(Precision.TF32, RunConfig.ofJson("new", json).precision());
    String old = json.replace("\"precision\" : \"tf32\",", "");
    assertFalse(old.contains("precision"), old);
    assertEquals(Precision.FP32, RunConfig.ofJson("old", old).precision());
    assertEquals(
        Products.OWN, RunConfig.ofJson("old", json.replace("\"matmul\" : \"own\",", "")).matMul());
  }

  @Test
  void everyPresetIsComplete() {
    for (String name : Presets.names()) {
      RunConfig config = RunConfig.of(new Layer(), flags("preset", name));
      assertEquals(config.toJson(), RunConfig.ofJson("copy", config.toJson()).toJson());
      assertEquals(name, config.preset());
    }
  }

  @Test
  void caseDoesNotCountInAPresetsName() {
    RunConfig config = RunConfig.of(new Layer(), flags("preset", "Annotated"));
    assertEquals("annotated", config.preset());
    assertEquals(28, config.unet().dim());
  }

  @Test
  void theLastWordOnTheLengthOfTheTrainingWins() throws IOException {
    RunConfig config = RunConfig.of(file("{\"epochs\": 7}"), flags("steps", "11"));
    assertEquals(OptionalInt.of(11), config.steps());
    assertEquals(OptionalInt.empty(), config.epochs());
  }

  @Test
  void whatATrainingWroteIsAConfigurationFile() throws IOException {
    RunConfig config = RunConfig.of(new Layer(), flags("multipliers", "1,2", "epochs", "3"));
    RunConfig again = RunConfig.of(file(config.toJson()), new Layer());
    assertEquals(config.toJson(), again.toJson());
    assertEquals(List.of(1, 2), again.unet().multipliers());
  }

  @Test
  void aCheckpointsConfigurationDoesNotDependOnTheThreads() {
    String one = RunConfig.of(new Layer(), flags("threads", "1")).toCheckpointJson();
    String two = RunConfig.of(new Layer(), flags("threads", "2")).toCheckpointJson();
    assertEquals(one, two);
    assertFalse(one.contains("\n"));
  }

  @Test
  void aResumedRunMayBecomeLongerButNotWider() {
    RunConfig config = RunConfig.of(new Layer(), flags("steps", "10", "dim", "8"));
    Path run = Path.of("runs/x");
    assertEquals(20, config.resumedWith(flags("steps", "20"), run).steps().orElseThrow());
    assertEquals(8, config.resumedWith(flags("dim", "8"), run).unet().dim());
    UserError error =
        assertThrows(UserError.class, () -> config.resumedWith(flags("dim", "16"), run));
    assertTrue(error.getMessage().contains("runs/x: the run to resume has dim 8, not 16"));
  }

  @ParameterizedTest
  @CsvSource({
    "cats, ./cats/, true",
    "../a/cats, ../a/b/../cats, true",
    "cats, dogs, false",
    "mnist, ./mnist, false",
    "./mnist, mnist, false"
  })
  void aResumedRunTakesAnyPathToItsDataset(String before, String now, boolean same) {
    RunConfig config = RunConfig.of(new Layer(), flags("dataset", before));
    Path run = Path.of("runs/x");
    if (same) {
      assertEquals(before, config.resumedWith(flags("dataset", now), run).dataset());
    } else {
      UserError error =
          assertThrows(UserError.class, () -> config.resumedWith(flags("dataset", now), run));
      // Without --dataset alone, the run's folder would be looked for under another name.
      assertTrue(error.getMessage().contains("train --resume --out runs/x"), error.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "batch | 0 | --batch: 0 is not between 1 and 65536",
        "batch | many | --batch: 'many' is not a whole number",
        "batch | 99999999999999999999 | is not a whole number",
        "lr | NaN | --lr: NaN is not between 1.0E-12 and 10.0",
        "schedule | cosin | did you mean cosine?",
        "block | resent | did you mean resnet?",
        "sampler | dpm | use one of ddpm, ddim; did you mean ddpm?",
        "channels | 2 | --channels: 2 is not possible, use one of 1",
        "multipliers | 1,,2 | --multipliers: '' is not a whole number",
        "multipliers | 1,0 | --multipliers: 0 is not between 1 and 64",
        "flip | maybe | neither true nor false",
      })
  void aWrongValueIsNamed(String key, String value, String expected) {
    UserError error = assertThrows(UserError.class, () -> flags(key, value));
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }

  @Test
  void anUnknownPresetGetsTheNearestName() {
    UserError error =
        assertThrows(UserError.class, () -> RunConfig.of(new Layer(), flags("preset", "anotated")));
    assertEquals(
        "unknown preset 'anotated', use one of annotated, quick; did you mean annotated?",
        error.getMessage());
  }

  private record BadFile(String json, String expected) {}

  static List<BadFile> badFiles() {
    return List.of(
        new BadFile("{\"batchs\": 3}", "unknown setting 'batchs'; did you mean batch?"),
        new BadFile("{\"batch\": 0}", "batch in"),
        new BadFile("{\"batch\": 3", "not valid JSON"),
        new BadFile("{\"batch\": 3, \"batch\": 4}", "not valid JSON"),
        new BadFile("{\"batch\": 3} []", "has more after"),
        new BadFile("{\"batch\": {}}", "needs a number"),
        new BadFile("{\"batch\": null}", "needs a number"),
        new BadFile("{\"multipliers\": [1, [2]]}", "needs a number"),
        new BadFile("{\"batch\": 1.5}", "'1.5' is not a whole number"),
        new BadFile("[]", "is not a JSON object"),
        new BadFile("", "is not a JSON object"),
        new BadFile("{\"steps\": 3, \"epochs\": 4}", "either epochs or steps"));
  }

  @ParameterizedTest
  @MethodSource("badFiles")
  void aWrongFileIsNamedInOneLine(BadFile bad) {
    UserError error = assertThrows(UserError.class, () -> file(bad.json));
    assertTrue(error.getMessage().contains("mine.json"), error.getMessage());
    assertTrue(error.getMessage().contains(bad.expected), error.getMessage());
    assertFalse(error.getMessage().contains("\n"));
  }

  @Test
  void aMissingFileIsNamed() {
    UserError error =
        assertThrows(UserError.class, () -> Layer.ofFile(folder.resolve("none.json")));
    assertTrue(error.getMessage().contains("none.json: no such configuration file"));
  }

  @ParameterizedTest
  @CsvSource({
    "/data/My Cats.zip, runs/my-cats-quick",
    "../pictures/, runs/pictures-quick",
    ".., runs/pictures-quick",
    "mnist, runs/mnist-quick",
  })
  void theRunsFolderIsNamedAfterTheDataset(String dataset, String expected) {
    RunConfig config = RunConfig.of(new Layer(), flags("dataset", dataset));
    assertEquals(Path.of(expected), config.defaultFolder());
  }

  @Test
  void theNearestNameIsNoFarGuess() {
    assertEquals(
        Optional.of("--epochs"), NearestName.of("--epoch", List.of("--steps", "--epochs")));
    assertEquals(Optional.of("train"), NearestName.of("trian", List.of("train", "sample", "info")));
    assertEquals(Optional.empty(), NearestName.of("banana", List.of("train", "sample", "info")));
  }
}
