package dev.jdiffusion.tensor.cpu;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * A border between what calls vector loops and the loops themselves.
 *
 * <p>C2 stops inlining once a method it compiles has grown past a number of nodes, and a vector
 * operation costs some hundred of them before it is folded to one instruction. A method that calls
 * several loops would swallow them one by one, run into the limit in the middle of the last, and
 * leave that one calling the Vector API's methods on boxed vectors: group norm's gradient took nine
 * times as long. So each loop is compiled by itself.
 *
 * <p>C2 inlines an interface call wherever one receiver was seen much more often than others, so
 * the border is a method handle instead, in a field that is not final: a call that C2 cannot know.
 */
final class Kernel {
  @SuppressWarnings("FieldMayBeFinal") // a constant would be inlined
  private static MethodHandle run = find();

  private Kernel() {}

  static void launch(Runnable loop) {
    try {
      run.invokeExact(loop);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static MethodHandle find() {
    try {
      return MethodHandles.lookup()
          .findVirtual(Runnable.class, "run", MethodType.methodType(void.class));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
