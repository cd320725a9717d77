package dev.jdiffusion.diffusion.train;

/** A training that cannot go on; the message is one line that says why and what is left. */
public final class TrainingStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TrainingStoppedException(String message) {
    super(message);
  }
}
