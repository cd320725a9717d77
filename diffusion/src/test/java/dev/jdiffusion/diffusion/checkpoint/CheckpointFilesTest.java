package dev.jdiffusion.diffusion.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFilesTest {
  @TempDir Path folder;

  @Test
  void theNewestHasTheMostStepsNotTheLongestName() throws IOException {
    CheckpointFiles files = new CheckpointFiles(folder);
    for (int step : new int[] {999_999, 5, 1_000_000, 500}) {
      Files.createFile(files.at(step));
    }
    assertEquals(Optional.of(files.at(1_000_000)), files.newest());
    assertEquals(Optional.of(files.at(999_999)), files.before(files.at(1_000_000)));
    assertEquals(Optional.empty(), files.before(files.at(5)));
  }

  @Test
  void onlyTheNewestFewAreKeptAndNothingElseIsTouched() throws IOException {
    CheckpointFiles files = new CheckpointFiles(folder);
    for (int step = 1; step <= 5; step++) {
      Files.createFile(files.at(step));
    }
    Files.createFile(folder.resolve("step-000006.safetensors.tmp"));
    Files.createFile(folder.resolve("best.safetensors"));
    files.prune(2);
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(
          List.of("best.safetensors", "step-000004.safetensors", "step-000005.safetensors"),
          left.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void aMissingFolderHasNoCheckpoints() {
    assertTrue(new CheckpointFiles(folder.resolve("none")).newest().isEmpty());
  }
}
