package dev.jdiffusion.tensor.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ErfTest {
  /** Values of the C library's erf and erfc. */
  @ParameterizedTest
  @CsvSource({
    "0, 0.0, 1.0",
    "1e-10, 1.1283791670955126e-10, 0.999999999887162",
    "0.1, 0.1124629160182849, 0.8875370839817152",
    "0.5, 0.5204998778130465, 0.4795001221869535",
    "0.9, 0.7969082124228322, 0.20309178757716786",
    "1, 0.8427007929497149, 0.15729920705028513",
    "1.5, 0.9661051464753108, 0.033894853524689274",
    "1.99, 0.995111413199617, 0.004888586800383003",
    "2, 0.9953222650189527, 0.004677734981047265",
    "2.5, 0.999593047982555, 0.0004069520174449589",
    "3, 0.9999779095030014, 2.2090496998585438e-05",
    "4, 0.9999999845827421, 1.541725790028002e-08",
    "6, 1.0, 2.1519736712498916e-17",
    "10, 1.0, 2.088487583762545e-45",
    "26, 1.0, 5.663192408856143e-296",
  })
  void agreesWithTheCLibrary(double x, double erf, double erfc) {
    assertEquals(erf, Erf.erf(x), 1e-15 * Math.max(erf, 1e-300));
    assertEquals(-erf, Erf.erf(-x), 1e-15 * Math.max(erf, 1e-300));
    assertEquals(erfc, Erf.erfc(x), 1e-13 * erfc);
    assertEquals(2 - erfc, Erf.erfc(-x), 4e-16 * 2);
  }
}
