package dev.jdiffusion.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Imports go one way, and special powers stay in the package that is there for them. */
@AnalyzeClasses(
    packages = "dev.jdiffusion",
    importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
final class ArchitectureTest {
  private static final String TENSOR = "dev.jdiffusion.tensor..";
  private static final String AUTOGRAD = "dev.jdiffusion.autograd..";
  private static final String NN = "dev.jdiffusion.nn..";
  private static final String CUDA = "dev.jdiffusion.cuda..";
  private static final String LAUNCHER = "dev.jdiffusion.launcher..";

  @ArchTest
  static final ArchRule tensorUsesNoOtherModule =
      noClasses()
          .that()
          .resideInAPackage(TENSOR)
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.jdiffusion..").and(not(resideInAPackage(TENSOR))));

  @ArchTest
  static final ArchRule autogradUsesTensorOnly =
      noClasses()
          .that()
          .resideInAPackage(AUTOGRAD)
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.jdiffusion..").and(not(resideInAnyPackage(TENSOR, AUTOGRAD))));

  @ArchTest
  static final ArchRule nnUsesAutogradAndTensorOnly =
      noClasses()
          .that()
          .resideInAPackage(NN)
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.jdiffusion..")
                  .and(not(resideInAnyPackage(TENSOR, AUTOGRAD, NN))));

  @ArchTest
  static final ArchRule cudaUsesTensorOnly =
      noClasses()
          .that()
          .resideInAPackage(CUDA)
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.jdiffusion..").and(not(resideInAnyPackage(TENSOR, CUDA))));

  @ArchTest
  static final ArchRule launcherUsesTheJdkOnly =
      classes()
          .that()
          .resideInAPackage(LAUNCHER)
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage("java..", "org.jspecify.annotations", LAUNCHER))
          .because("an old Java must be able to load it");

  @ArchTest
  static final ArchRule onlyCudaUsesJcuda =
      noClasses()
          .that()
          .resideOutsideOfPackage(CUDA)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jcuda..");

  @ArchTest
  static final ArchRule onlyTheCpuBackendUsesVectors =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.jdiffusion.tensor.cpu..", "dev.jdiffusion.benchmarks.ladder..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.incubator..")
          .because(
              "a program must run without the module; the rungs of the ladder are no part of the"
                  + " engine but there to be read and timed");

  @ArchTest
  static final ArchRule backendsAreFoundNotNamed =
      noClasses()
          .that()
          .resideOutsideOfPackage(TENSOR)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.jdiffusion.tensor.cpu..", "dev.jdiffusion.tensor.reference..")
          .because("the same model code runs on every backend that ServiceLoader finds");

  @ArchTest
  static final ArchRule onlyTheCommandLineAndBenchmarksNameCuda =
      noClasses()
          .that()
          .resideOutsideOfPackages(CUDA, "dev.jdiffusion.cli..", "dev.jdiffusion.benchmarks..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(CUDA)
          .because(
              "they show the emulator and compare NVIDIA's libraries; all others open a device");

  @ArchTest
  static final ArchRule onlyTheEntryPointsEndTheProcess =
      noClasses()
          .that()
          .resideOutsideOfPackage(LAUNCHER)
          .and()
          .doNotHaveFullyQualifiedName("dev.jdiffusion.cli.Main")
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class);

  @ArchTest
  static final ArchRule noPublicStaticVariables =
      fields()
          .that()
          .areStatic()
          .and()
          .arePublic()
          .should()
          .beFinal()
          .because("state that anybody may change belongs to nobody");

  /** The fixtures that modules lend to each other's tests come as jars. */
  static final class NoTestJars implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("-tests.jar");
    }
  }
}
