package dev.jdiffusion.autograd;

/**
 * Is told of every operation on a {@link Tape}, also of those that need no gradient: for profiles
 * and diagnoses.
 */
public interface Observer {
  /** Looks at nothing. */
  Observer NONE =
      new Observer() {
        @Override
        public void forward(Operation operation) {}

        @Override
        public void backward(Operation operation) {}
      };

  /** An operation has computed its result. */
  void forward(Operation operation);

  /** An operation has added its share to the gradients of its inputs. */
  void backward(Operation operation);

  /**
   * Something that is no operation of a tape has been done since the last call of any of these
   * methods.
   *
   * @param work its name for people
   */
  default void outside(String work, Cost cost) {}
}
