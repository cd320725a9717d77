package dev.jdiffusion.diffusion.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.image.LossPlot;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * {@code metrics.jsonl}: one JSON object a line for each logged step, and the losses in memory for
 * the plot.
 *
 * <p>A line is written at once, so that a killed process leaves at most one torn line, the last.
 */
final class Metrics implements AutoCloseable {
  private static final int LONGEST_LINE = 1 << 16;

  /**
   * One line.
   *
   * @param step counts from 1
   * @param epoch the pass over the dataset that the step's last picture belongs to, from 0
   * @param loss the step's own mean loss; may be infinite or NaN
   * @param gradNorm length of the whole gradient before clipping
   * @param skippedBecause empty, or why the weights stayed as they were
   */
  record Line(
      int step,
      long epoch,
      double loss,
      double learningRate,
      double gradNorm,
      double imagesPerSecond,
      String skippedBecause) {}

  private final Path file;
  private final FileChannel channel;
  private final JsonFactory factory = new JsonFactory();
  private final List<LossPlot.Point> points = new ArrayList<>();
  private double seconds;

  private Metrics(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens the file, made if missing, and drops every line after a step.
   *
   * @param lastStep the step of the checkpoint to go on from; 0 for a new run
   */
  static Metrics open(Path file, int lastStep) {
    try {
      Metrics metrics =
          new Metrics(
              file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
      long kept = metrics.load(lastStep);
      metrics.channel.truncate(kept);
      metrics.channel.position(kept);
      return metrics;
    } catch (IOException e) {
      throw new UserError(file + ": cannot be written (" + RunFolder.reason(e) + ")", e);
    }
  }

  /** Reads the lines up to a step. Returns the number of bytes that they take. */
  private long load(int lastStep) throws IOException {
    long kept = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = in.read(); b >= 0 && line.size() < LONGEST_LINE; b = in.read()) {
        line.write(b);
        if (b == '\n') {
          if (!loadLine(line.toByteArray(), lastStep)) {
            return kept;
          }
          kept += line.size();
          line.reset();
        }
      }
    } catch (NoSuchFileException e) {
      return 0;
    }
    return kept;
  }

  private boolean loadLine(byte[] line, int lastStep) {
    int step = 0;
    double loss = Double.NaN;
    double rate = Double.NaN;
    double time = 0;
    try (JsonParser parser = factory.createParser(line)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "step" -> step = parser.getIntValue();
          case "loss" -> loss = number(parser);
          case "lr" -> rate = number(parser);
          case "seconds" -> time = number(parser);
          default -> parser.skipChildren();
        }
      }
    } catch (IOException e) {
      // A line torn by a kill: it and what follows is written again.
      return false;
    }
    if (step < 1 || step > lastStep) {
      return false;
    }
    points.add(new LossPlot.Point(step, loss, rate));
    seconds = time;
    return true;
  }

  private static double number(JsonParser parser) throws IOException {
    return parser.currentToken() == JsonToken.VALUE_NULL ? Double.NaN : parser.getDoubleValue();
  }

  /**
   * Adds a line.
   *
   * @throws UserError if the disk is full
   */
  void add(Line line) {
    points.add(new LossPlot.Point(line.step, line.loss, line.learningRate));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try {
      try (JsonGenerator json = factory.createGenerator(bytes)) {
        json.writeStartObject();
        json.writeNumberField("step", line.step);
        json.writeNumberField("epoch", line.epoch);
        writeNumber(json, "loss", line.loss);
        writeNumber(json, "lr", line.learningRate);
        writeNumber(json, "grad_norm", line.gradNorm);
        writeNumber(json, "images_per_second", Math.rint(line.imagesPerSecond * 10) / 10);
        writeNumber(json, "seconds", Math.rint(seconds * 1000) / 1000);
        if (!line.skippedBecause.isEmpty()) {
          json.writeStringField("skipped", line.skippedBecause);
        }
        json.writeEndObject();
        json.writeRaw('\n');
      }
      ByteBuffer buffer = ByteBuffer.wrap(bytes.toByteArray());
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      throw new UserError(
          file
              + ": cannot be written ("
              + RunFolder.reason(e)
              + "); make room and continue with --resume",
          e);
    }
  }

  /** The shortest text that gives the same number back; JSON has none for NaN and infinity. */
  private static void writeNumber(JsonGenerator json, String name, double value)
      throws IOException {
    if (!Double.isFinite(value)) {
      json.writeNullField(name);
    } else if ((float) value == value) {
      json.writeNumberField(name, (float) value);
    } else {
      json.writeNumberField(name, value);
    }
  }

  /** All lines, as the plot takes them. */
  List<LossPlot.Point> points() {
    return Collections.unmodifiableList(points);
  }

  /** Adds to the training time, which pauses between two parts of a run do not count for. */
  void passTime(double passed) {
    seconds += passed;
  }

  /** The training time so far. */
  double seconds() {
    return seconds;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UserError(file + ": cannot be written (" + RunFolder.reason(e) + ")", e);
    }
  }
}
