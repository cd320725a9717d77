package dev.jdiffusion.tensor.cpu;

/**
 * A border between what calls vector loops and the loops themselves.
 *
 * <p>C2 stops inlining once a method it compiles has grown past a number of nodes, and a vector
 * operation costs some hundred of them before it is folded to one instruction. A method that calls
 * several loops would swallow them one by one, run into the limit in the middle of the last, and
 * leave that one calling the Vector API's methods on boxed vectors: group norm's gradient took nine
 * times as long. The call here has many receivers, so it is never inlined, and each loop is
 * compiled by itself.
 */
final class Kernel {
  private Kernel() {}

  static void launch(Runnable loop) {
    loop.run();
  }
}
