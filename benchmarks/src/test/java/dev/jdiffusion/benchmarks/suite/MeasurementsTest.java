package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class MeasurementsTest {
  @Test
  void whatIsWrittenNamesNoFileOfTheMachineAndCountsAllForks() throws JsonProcessingException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode result =
        (ObjectNode)
            mapper.readTree(
                """
                {
                  "jvm": "/opt/jdk/bin/java",
                  "jvmArgs": [
                    "-Djdiffusion.benchmarks.answers=/tmp/answers",
                    "-XX:SharedArchiveFile=/tmp/cpu.jsa",
                    "-XX:+AutoCreateSharedArchive",
                    "-XX:+UseSerialGC"
                  ],
                  "forks": 1,
                  "primaryMetric": {"rawData": [[1.5], [2.5]]}
                }
                """);
    Measurements.clean(result);
    assertEquals(
        mapper.readTree(
            """
            {
              "jvmArgs": ["-XX:+UseSerialGC"],
              "forks": 2,
              "primaryMetric": {"rawData": [[1.5], [2.5]]}
            }
            """),
        result);
  }
}
