package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path temporary;
  private Path root;

  @BeforeEach
  void name() {
    root = temporary.resolve("deep/run");
  }

  private static void assertRefused(String expected, Executable executable) {
    UserError error = assertThrows(UserError.class, executable);
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }

  @Test
  void aNewRunMakesItsFolders() {
    try (RunFolder folder = RunFolder.create(root)) {
      assertTrue(Files.isDirectory(root.resolve("samples")));
      assertEquals(root.resolve("samples/step-000500.png"), folder.samples(500));
      assertEquals(
          root.resolve("checkpoints/step-000500.safetensors"), folder.checkpoints().at(500));
    }
  }

  @Test
  void aFolderThatHoldsARunIsNotOverwritten() throws IOException {
    try (RunFolder folder = RunFolder.create(root)) {
      Files.writeString(folder.config(), "{}");
    }
    assertRefused("holds a run already; continue it with --resume", () -> RunFolder.create(root));
  }

  @Test
  void whatWasKilledBeforeItsFirstCheckpointMayStartAgain() throws IOException {
    try (RunFolder folder = RunFolder.create(root)) {
      Files.createFile(folder.metrics());
    }
    RunFolder.create(root).close();
    assertFalse(Files.exists(root));
  }

  @Test
  void withoutACheckpointThereIsNothingToContinue() throws IOException {
    Files.createDirectories(root.resolve("checkpoints"));
    assertRefused("has no checkpoint to resume from", () -> RunFolder.resume(root, line -> {}));
  }

  @Test
  void thereMustBeSomethingToResume() {
    assertRefused("no run to resume here", () -> RunFolder.resume(root, line -> {}));
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "");
    assertRefused("cannot be written to", () -> RunFolder.create(file));
    assertRefused("cannot be written to", () -> RunFolder.create(file.resolve("run")));
  }

  @Test
  void twoTrainingsDoNotShareAFolder() {
    try (RunFolder _ = RunFolder.create(root)) {
      assertRefused("another training is writing here", () -> RunFolder.create(root));
    }
    RunFolder.create(root).close();
  }
}
