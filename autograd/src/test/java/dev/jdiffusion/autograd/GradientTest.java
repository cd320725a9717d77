package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.lang.StackWalker.StackFrame;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every gradient of every operation agrees with finite differences. */
class GradientTest {
  private static final String OPERATIONS = Elementwise.class.getPackageName();
  private static final StackWalker WALKER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  static List<GradientCase> cases() {
    return Stream.of(
            ElementwiseCases.all(),
            ReductionCases.all(),
            MatMulCases.all(),
            ConvolutionCases.all(),
            NormalisationCases.all(),
            AttentionCases.all(),
            LayoutCases.all(),
            LossCases.all())
        .flatMap(List::stream)
        .toList();
  }

  @TestFactory
  @DisplayName("A gradient agrees with finite differences")
  Stream<DynamicTest> gradientsAgreeWithFiniteDifferences() {
    Backend device = GradientCheck.device();
    List<GradientCase> cases = cases();
    return cases.stream()
        .map(gradientCase ->
            DynamicTest.dynamicTest(
                gradientCase.name(),
                () ->
                    GradientCheck.operation(
                        device,
                        gradientCase.inputs(),
                        gradientCase.operation(),
                        gradientCase.name().hashCode())));
  }

  @Test
  @DisplayName("Every public operation has a gradient case")
  void everyOperationHasAGradientCase() throws Exception {
    Set<String> called = new TreeSet<>();
    Backend device = GradientCheck.device();
    for (GradientCase gradientCase : cases()) {
      called.addAll(operationsCalled(device, gradientCase));
    }
    Set<String> missing = new TreeSet<>();
    Set<String> known = new TreeSet<>();
    for (Class<?> family : families()) {
      for (Method method : family.getDeclaredMethods()) {
        if (Modifier.isPublic(method.getModifiers())
            && (method.getReturnType() == Variable.class || method.getReturnType() == List.class)) {
          String signature = signature(family, method.getName(), method.getParameterTypes());
          known.add(signature);
          if (!called.contains(signature)) {
            missing.add(signature);
          }
        }
      }
    }
    assertTrue(known.size() > 40, "operations found in " + OPERATIONS + ": " + known);
    assertEquals(Set.of(), missing, "operations without a gradient case");
  }

  /**
   * The methods of the operations' package that a case calls itself: the outermost ones on the
   * stack at each node.
   */
  private static Set<String> operationsCalled(Backend device, GradientCase gradientCase) {
    Set<String> called = new TreeSet<>();
    Observer outermost =
        new Observer() {
          @Override
          public void forward(Operation operation) {
            List<StackFrame> frames =
                WALKER.walk(stack ->
                    stack
                        .filter(f -> f.getDeclaringClass().getPackageName().equals(OPERATIONS))
                        .toList());
            StackFrame entry = frames.getLast();
            called.add(
                signature(
                    entry.getDeclaringClass(),
                    entry.getMethodName(),
                    entry.getMethodType().parameterArray()));
          }

          @Override
          public void backward(Operation operation) {}
        };
    Random random = new Random(1);
    try (Scope _ = Scope.open();
        Tape _ = Tape.record(outermost)) {
      List<Variable> inputs = new ArrayList<>();
      for (GradientCheck.Input input : gradientCase.inputs()) {
        inputs.add(Variable.constant(Tensor.of(device, input.shape(), input.values(random))));
      }
      assertTrue(gradientCase.operation().apply(inputs).shape().size() >= 0);
    }
    return called;
  }

  private static String signature(Class<?> family, String name, Class<?>[] parameters) {
    return family.getSimpleName()
        + "."
        + name
        + Arrays.stream(parameters).map(Class::getSimpleName).toList();
  }

  private static List<Class<?>> families()
      throws IOException, URISyntaxException, ClassNotFoundException {
    URI location = Elementwise.class.getProtectionDomain().getCodeSource().getLocation().toURI();
    Path folder = Path.of(location).resolve(OPERATIONS.replace('.', '/'));
    List<Class<?>> families = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".class", "");
        if (!name.contains("-")) {
          families.add(Class.forName(OPERATIONS + "." + name));
        }
      }
    }
    return families;
  }
}
