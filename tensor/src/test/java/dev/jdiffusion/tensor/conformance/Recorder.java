package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.ops.Convolution;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Notes which operations of the contract were called in cases whose results were compared. */
final class Recorder {
  private static final String FAMILIES = Convolution.class.getPackageName();

  private final Set<Method> called = new LinkedHashSet<>();
  private final Set<Method> compared = new LinkedHashSet<>();

  /** The same backend, whose families note their calls. */
  Backend record(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, accessor, arguments) -> {
              Object family = invoke(accessor, backend, arguments);
              if (!isFamily(accessor.getReturnType())) {
                called.add(accessor);
                return family;
              }
              return Proxy.newProxyInstance(
                  Backend.class.getClassLoader(),
                  new Class<?>[] {accessor.getReturnType()},
                  (familyProxy, operation, operands) -> {
                    called.add(operation);
                    return invoke(operation, family, operands);
                  });
            });
  }

  /** A new case starts; calls of one that failed do not count. */
  void begin() {
    called.clear();
  }

  /** The calls since {@link #begin} led to results that agree with the reference. */
  void compared() {
    compared.addAll(called);
  }

  /** Names of the contract's operations that no successful case has called. */
  Set<String> missing() {
    return Arrays.stream(Backend.class.getMethods())
        .map(Method::getReturnType)
        .filter(Recorder::isFamily)
        .flatMap(family -> Arrays.stream(family.getMethods()))
        .filter(method -> Modifier.isAbstract(method.getModifiers()))
        .filter(method -> !compared.contains(method))
        .map(method -> method.getDeclaringClass().getSimpleName() + "." + method.getName())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static boolean isFamily(Class<?> type) {
    return type.isInterface() && type.getPackageName().equals(FAMILIES);
  }

  private static Object invoke(Method method, Object target, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
