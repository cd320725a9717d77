package dev.jdiffusion.diffusion.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseScheduleTest {
  private static JsonNode points;
  private static JsonNode ddpmVariance;

  @BeforeAll
  static void readGoldenValues() throws IOException {
    try (InputStream in = NoiseScheduleTest.class.getResourceAsStream("/golden/schedules.json")) {
      JsonNode root = new ObjectMapper().readTree(in);
      points = root.get("schedule_points");
      ddpmVariance = root.get("ddpm_variance");
    }
  }

  @Test
  void linearWithThousandStepsHasThePublishedTables() {
    NoiseSchedule schedule = NoiseSchedule.linear(1000);
    checkTable("linear_T1000", "abar", schedule::alphaCumprod);
    checkTable("linear_T1000", "posterior_var", schedule::posteriorVariance);
    assertEquals(NoiseSchedule.linearUnscaled(1000).beta(500), schedule.beta(500));
  }

  @Test
  void linearWithTwoHundredStepsIsScaledByFiveUnlessAskedNotTo() {
    NoiseSchedule scaled = NoiseSchedule.linear(200);
    assertClose(points.at("/linear_T200_scaled_x5/abar_T").asDouble(), scaled.alphaCumprod(199));
    assertClose(5e-4, scaled.beta(0));
    assertClose(0.1, scaled.beta(199));

    JsonNode unscaled = points.get("linear_T200_unscaled_seed");
    NoiseSchedule schedule = NoiseSchedule.linearUnscaled(200);
    assertClose(unscaled.get("abar_T").asDouble(), schedule.alphaCumprod(199));
    assertClose(unscaled.get("sqrt_abar_T").asDouble(), schedule.sqrtAlphaCumprod(199));
    assertClose(unscaled.get("snr_T").asDouble(), schedule.signalToNoise(199));
  }

  @Test
  void cosineIsClippedAt0999() {
    NoiseSchedule schedule = NoiseSchedule.cosine(1000);
    checkTable("cosine_T1000_iDDPM_clip0.999", "beta", schedule::beta);
    checkTable("cosine_T1000_iDDPM_clip0.999", "abar", schedule::alphaCumprod);
  }

  @Test
  void cosineOfTheAnnotatedDiffusionModelHasItsOwnClip() {
    NoiseSchedule schedule = NoiseSchedule.cosine(100, 1e-4, 0.9999);
    JsonNode golden = points.get("cosine_T100_annotated_clip_1e-4_0.9999");
    JsonNode first = golden.get("posterior_variance_first");
    JsonNode last = golden.get("posterior_variance_last");
    for (int i = 0; i < 4; i++) {
      assertClose(first.get(i).asDouble(), schedule.posteriorVariance(i));
      assertClose(last.get(i).asDouble(), schedule.posteriorVariance(96 + i));
    }
  }

  @ParameterizedTest
  @CsvSource({"quadratic_T200,200", "quadratic_T1000,1000"})
  void quadraticHasThePublishedPoints(String name, int timesteps) {
    checkEnds(name, NoiseSchedule.quadratic(timesteps));
  }

  @ParameterizedTest
  @CsvSource({"scaled_linear_SD_T1000,0.00085,0.012", "scaled_linear_LDM_T1000,0.0015,0.0195"})
  void quadraticWithOtherEndsIsScaledLinear(String name, double betaStart, double betaEnd) {
    checkEnds(name, NoiseSchedule.quadratic(1000, betaStart, betaEnd));
  }

  @ParameterizedTest
  @CsvSource({"sigmoid_T200,200", "sigmoid_T1000,1000"})
  void sigmoidHasThePublishedPoints(String name, int timesteps) {
    checkEnds(name, NoiseSchedule.sigmoid(timesteps));
  }

  @Test
  void posteriorVarianceIsTheFixedSmallVarianceOfDdpm() {
    JsonNode config = ddpmVariance.get("config");
    NoiseSchedule schedule =
        NoiseSchedule.linear(
            config.get("num_train_timesteps").asInt(),
            config.get("beta_start").asDouble(),
            config.get("beta_end").asDouble());
    for (JsonNode value : ddpmVariance.get("values")) {
      assertEquals(
          value.get("expected").asDouble(),
          schedule.posteriorVariance(value.get("t").asInt()),
          ddpmVariance.get("tolerance").asDouble());
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyTableFollowsFromTheBetas(ScheduleKind kind) {
    for (int timesteps : new int[] {37, 200, 1000}) {
      NoiseSchedule s = kind.create(timesteps);
      assertEquals(timesteps, s.timesteps());
      double previous = 1;
      for (int t = 0; t < timesteps; t++) {
        double abar = previous * (1 - s.beta(t));
        assertClose(1 - s.beta(t), s.alpha(t));
        assertClose(abar, s.alphaCumprod(t));
        assertClose(previous, s.alphaCumprodPrev(t));
        assertClose(abar, Math.pow(s.sqrtAlphaCumprod(t), 2));
        assertClose(1 - abar, Math.pow(s.sqrtOneMinusAlphaCumprod(t), 2));
        assertClose(1 / abar, Math.pow(s.sqrtRecipAlphaCumprod(t), 2));
        assertClose(1 / abar - 1, Math.pow(s.sqrtRecipm1AlphaCumprod(t), 2));
        // Bayes: 1/variance of the posterior is the sum of the precisions of its two factors.
        double variance = s.posteriorVariance(t);
        if (t > 0) {
          assertClose((1 - s.beta(t)) / s.beta(t) + 1 / (1 - previous), 1 / variance);
        }
        assertClose(
            Math.log(s.posteriorVariance(Math.max(t, 1))), s.posteriorLogVarianceClipped(t));
        assertClose(s.beta(t) * Math.sqrt(previous), s.posteriorMeanCoef1(t) * (1 - abar));
        assertClose(
            (1 - previous) * Math.sqrt(1 - s.beta(t)), s.posteriorMeanCoef2(t) * (1 - abar));
        previous = abar;
      }
      assertEquals(0, s.posteriorVariance(0));
      assertEquals(1, s.posteriorMeanCoef1(0), 1e-12);
      assertEquals(0, s.posteriorMeanCoef2(0));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-5, 0, 1})
  void tooFewTimestepsAreRefused(int timesteps) {
    for (ScheduleKind kind : ScheduleKind.values()) {
      UserError error = assertThrows(UserError.class, () -> kind.create(timesteps));
      assertTrue(error.getMessage().contains(timesteps + " timesteps"), error.getMessage());
    }
  }

  @Test
  void scalingBeyondOneIsRefusedWithTheTimestep() {
    UserError error = assertThrows(UserError.class, () -> NoiseSchedule.linear(10));
    assertTrue(error.getMessage().contains("beta at timestep"), error.getMessage());
  }

  @Test
  void schedulesAreFoundByNameAndUnknownNamesListThemAll() {
    for (ScheduleKind kind : ScheduleKind.values()) {
      assertEquals(kind, ScheduleKind.parse(kind.toString()));
    }
    assertEquals(ScheduleKind.COSINE, ScheduleKind.parse("Cosine"));
    UserError error = assertThrows(UserError.class, () -> ScheduleKind.parse("cosin"));
    assertTrue(error.getMessage().contains("linear-unscaled, cosine"), error.getMessage());
  }

  private static void checkTable(String name, String table, IntToDoubleFunction actual) {
    JsonNode golden = points.get(name).get(table);
    golden
        .fields()
        .forEachRemaining(entry ->
            assertEquals(
                entry.getValue().asDouble(),
                actual.applyAsDouble(Integer.parseInt(entry.getKey())),
                1e-10 * Math.abs(entry.getValue().asDouble()),
                () -> name + " " + table + " at " + entry.getKey()));
  }

  private static void checkEnds(String name, NoiseSchedule schedule) {
    JsonNode golden = points.get(name);
    int last = schedule.timesteps() - 1;
    assertClose(golden.get("beta_0").asDouble(), schedule.beta(0));
    assertClose(golden.get("beta_mid").asDouble(), schedule.beta(schedule.timesteps() / 2));
    assertClose(golden.get("beta_T").asDouble(), schedule.beta(last));
    assertClose(golden.get("abar_T").asDouble(), schedule.alphaCumprod(last));
  }

  private static void assertClose(double expected, double actual) {
    assertEquals(expected, actual, 1e-9 * Math.max(Math.abs(expected), 1e-30));
  }
}
