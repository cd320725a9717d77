package dev.jdiffusion.diffusion.model;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.model.UNetConfig.Block;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class UNetConfigTest {
  @Test
  void theNetworksOfTheArticleHaveTheirParameters() {
    assertEquals(2_996_315, count(UNetConfig.annotated(28, List.of(1, 2, 4), 1)));
    assertEquals(57_646_781, count(UNetConfig.annotated(64, List.of(1, 2, 4, 8), 3)));
    assertEquals(1_694_929, count(new UNetConfig(28, List.of(1, 2, 4), 1, Block.RESNET, 4, 4, 32)));
  }

  private static long count(UNetConfig config) {
    return new UNet(config).parameterCount();
  }

  @Test
  void imageSizesThatTheLevelsCannotHalveAreRejected() {
    UNetConfig config = UNetConfig.annotated(28, List.of(1, 2, 4), 1);
    assertDoesNotThrow(() -> config.checkImageSize(28));
    assertDoesNotThrow(() -> config.checkImageSize(4));
    assertMessage(
        "image size 30 cannot be halved 2 times by the 3 levels of the network; choose a multiple of 4",
        () -> config.checkImageSize(30));
    assertThrows(UserError.class, () -> config.checkImageSize(0));
  }

  @Test
  void numbersThatDoNotMakeANetworkAreRejected() {
    assertMessage(
        "8 groups do not divide the 28 channels of a ResNet block; choose groups that divide dim",
        () -> new UNetConfig(28, List.of(1, 2, 4), 1, Block.RESNET, 8, 4, 32));
    assertMessage(
        "dim must be even and at least 4, got 7", () -> UNetConfig.annotated(7, List.of(1), 1));
    assertMessage(
        "multipliers must be one or more positive numbers, got []",
        () -> UNetConfig.annotated(28, List.of(), 1));
    assertMessage(
        "multipliers must be one or more positive numbers, got [1, 0]",
        () -> UNetConfig.annotated(28, List.of(1, 0), 1));
    assertMessage(
        "channels, heads and features of a head must be at least 1, got 0, 4 and 32",
        () -> UNetConfig.annotated(28, List.of(1), 0));
  }

  private static void assertMessage(String expected, Executable call) {
    assertEquals(expected, assertThrows(UserError.class, call).getMessage());
  }

  @Test
  void survivesJson() throws IOException {
    UNetConfig config = new UNetConfig(28, List.of(1, 2, 4), 1, Block.RESNET, 4, 2, 16);
    ObjectMapper json = new ObjectMapper();
    assertEquals(config, json.readValue(json.writeValueAsString(config), UNetConfig.class));
  }
}
