package dev.jdiffusion.cli;

import dev.jdiffusion.cuda.backend.EmulatedOperation;
import dev.jdiffusion.cuda.backend.EmulatedRun;
import dev.jdiffusion.cuda.emulator.Emulation;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.NearestName;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** {@code emulate}: what the kernels of an operation do on a GPU, counted without one. */
final class EmulateCommand {
  private EmulateCommand() {}

  static int run(ParseResult arguments, PrintStream out) {
    @Nullable String name = arguments.matchedPositionalValue(0, null);
    if (name == null) {
      if (arguments.hasMatchedOption("--size") || arguments.hasMatchedOption("--kernel")) {
        throw new UserError("emulate needs an operation before --size and --kernel; " + known());
      }
      list(out);
      return ExitCode.DONE;
    }
    EmulatedOperation operation = operation(name);
    int size =
        Arguments.whole(arguments, "--size", 1, operation.largestSize())
            .map(Long::intValue)
            .orElse(operation.usualSize());
    String kernel =
        Arguments.choice(arguments, "--kernel", EmulatedRun.kernelsOf(operation))
            .orElse(EmulatedRun.USUAL);
    EmulatedRun run =
        EmulatedRun.of(operation, size, kernel, Runtime.getRuntime().availableProcessors());
    out.printf(Locale.ROOT, "%s: %s%n", operation.label(), operation.describe(size));
    run.kernels().forEach(each -> print(out, each));
    out.printf(
        Locale.ROOT,
        "%s with reference: the largest difference is %.1e, the largest number %.3g%n",
        run.agrees() ? "agrees" : "DISAGREES",
        run.difference(),
        run.largest());
    return run.agrees() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static void list(PrintStream out) {
    for (EmulatedOperation each : EmulatedOperation.values()) {
      List<String> kernels = EmulatedRun.kernelsOf(each);
      out.printf(
          Locale.ROOT,
          "%-18s%s%s%n",
          each.label(),
          each.describe(each.usualSize()),
          kernels.size() == 1 ? "" : "; --kernel " + String.join("|", kernels));
    }
    out.println("for example: java -jar diffusion.jar emulate matMul --size 256 --kernel naive");
  }

  private static EmulatedOperation operation(String name) {
    return Arrays.stream(EmulatedOperation.values())
        .filter(each -> each.label().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(() ->
            new UserError(
                "emulate: there is no operation '"
                    + name
                    + "'; "
                    + known()
                    + NearestName.hint(name, labels())));
  }

  private static List<String> labels() {
    return Arrays.stream(EmulatedOperation.values()).map(EmulatedOperation::label).toList();
  }

  private static String known() {
    return "use one of " + String.join(", ", labels());
  }

  private static void print(PrintStream out, EmulatedRun.KernelCounts kernel) {
    Emulation counts = kernel.counts();
    out.printf(
        Locale.ROOT,
        "%s: %s, %s x %,d threads%n",
        kernel.kernel(),
        counted(counts.launches(), "launch", "launches"),
        counted(kernel.blocks(), "block", "blocks"),
        kernel.threads());
    row(
        out,
        "instructions",
        "%,d of warps, %,d of threads (%.1f of 32 take part)",
        counts.instructions(),
        counts.threadInstructions(),
        (double) counts.threadInstructions() / counts.instructions());
    row(
        out,
        "global memory",
        "%,d accesses of warps, %,d transactions of 32 bytes (%,d if all lay together)",
        counts.globalAccesses(),
        counts.globalTransactions(),
        counts.leastTransactions());
    row(
        out,
        "shared memory",
        "%,d accesses of warps, %,d more for bank conflicts",
        counts.sharedAccesses(),
        counts.bankConflicts());
    row(out, "branches", "%,d divergent", counts.divergentBranches());
  }

  private static String counted(long count, String one, String many) {
    return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
  }

  private static void row(PrintStream out, String name, String format, Object... values) {
    out.printf(Locale.ROOT, "  %-16s%s%n", name, String.format(Locale.ROOT, format, values));
  }
}
