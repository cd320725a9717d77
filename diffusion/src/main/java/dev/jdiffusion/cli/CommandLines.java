package dev.jdiffusion.cli;

import dev.jdiffusion.diffusion.config.NearestName;
import dev.jdiffusion.diffusion.config.Presets;
import dev.jdiffusion.diffusion.config.Setting;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The grammar of the command line, and what to say about a line that is not in it. */
final class CommandLines {
  static final String PROGRAM = "diffusion";

  private CommandLines() {}

  static CommandLine program() {
    CommandSpec program =
        CommandSpec.create()
            .name("java -jar diffusion.jar")
            .mixinStandardHelpOptions(true)
            .version("JDiffusion " + version());
    program
        .usageMessage()
        .description("Trains diffusion models and draws pictures with them.")
        .footer(
            "Start with: java -jar diffusion.jar train",
            "More about a command: java -jar diffusion.jar train --help");
    program.addSubcommand("train", train());
    program.addSubcommand("sample", sample());
    program.addSubcommand("info", info());
    program.addSubcommand("emulate", emulate());
    // The last of several values counts, without a word about it: scripts append their own.
    CommandLine.tracer().setLevel(CommandLine.TraceLevel.OFF);
    return new CommandLine(program).setOverwrittenOptionsAllowed(true);
  }

  private static CommandSpec train() {
    CommandSpec train = command("train", "Trains a model; without flags, on drawn digits.");
    for (Setting setting : Setting.values()) {
      OptionSpec.Builder option =
          OptionSpec.builder(setting.flag())
              .type(String.class)
              .paramLabel(setting.label())
              .description(help(setting));
      if (setting.isSwitch()) {
        option.arity("0..1").fallbackValue("true");
      }
      train.addOption(option.build());
    }
    train.addOption(text("--out", "DIR", "the run's folder (default: runs/<dataset>-<preset>)"));
    train.addOption(
        text("--config", "FILE", "JSON object of the names above without dashes; flags win"));
    train.addOption(
        OptionSpec.builder("--resume")
            .type(boolean.class)
            .description("continue the run in --out, bit for bit")
            .build());
    train.addOption(
        OptionSpec.builder(TrainCommand.PROFILE)
            .type(String.class)
            .paramLabel(String.join("|", TrainCommand.GROUPINGS))
            .arity("0..1")
            .fallbackValue(TrainCommand.GROUPINGS.getFirst())
            .description("show at the end where the time went; changes no result")
            .build());
    train.usageMessage().sortOptions(false);
    return train;
  }

  private static String help(Setting setting) {
    return setting == Setting.PRESET
        ? setting.help() + ": " + String.join(" or ", Presets.names())
        : setting.help();
  }

  private static CommandSpec sample() {
    CommandSpec sample = command("sample", "Draws pictures with a trained model.");
    sample.addOption(text("--checkpoint", "PATH", "a .safetensors file, or a run's folder"));
    sample.addOption(text("--count", "N", "pictures to draw (default: 16)"));
    sample.addOption(
        text("--steps", "N", "denoising steps (default: all that it was trained for)"));
    sample.addOption(
        text("--sampler", "NAME", "ddpm or ddim (default: ddpm; ddim with fewer steps)"));
    sample.addOption(text("--seed", "N", "of the noise that the pictures begin as (default: 0)"));
    sample.addOption(text("--out", "FILE.png", "a grid of the pictures (default: sample.png)"));
    sample.addOption(text("--gif", "FILE.gif", "the same as they emerge from the noise"));
    sample.addOption(text("--batch", "N", "pictures at a time; changes no picture (default: 64)"));
    sample.addOption(text("--weights", "NAME", "ema, the averaged weights, or raw (default: ema)"));
    sample.addOption(text("--device", "DEVICE", "cpu, reference, cuda, cuda:N or cuda:emulator"));
    sample.addOption(
        text(
            "--precision",
            "fp32|tf32|bf16",
            "of the numbers that are multiplied (default: fp32); the others need a GPU"));
    sample.addOption(
        text(
            "--matmul",
            "own|vendor",
            "whose products and convolutions (default: own); vendor: cuBLAS and cuDNN"));
    sample.addOption(text("--threads", "N", "default: one per processor; changes no picture"));
    sample.usageMessage().sortOptions(false);
    return sample;
  }

  private static CommandSpec info() {
    return command("info", "Says which devices there are, what is used, and why what is not.");
  }

  private static CommandSpec emulate() {
    CommandSpec emulate =
        command(
            "emulate",
            "Runs the GPU kernels of one operation without a GPU and counts what they do.");
    emulate.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("OPERATION")
            .description("such as matMul or softmax; without it, all are listed")
            .build());
    emulate.addOption(text("--size", "N", "how large its tensors are"));
    emulate.addOption(
        text("--kernel", "NAME", "other kernels for the same, where there are (default: usual)"));
    emulate.usageMessage().sortOptions(false);
    return emulate;
  }

  private static CommandSpec command(String name, String description) {
    CommandSpec command = CommandSpec.create().name(name).mixinStandardHelpOptions(true);
    command.usageMessage().description(description);
    return command;
  }

  private static OptionSpec text(String flag, String label, String description) {
    return OptionSpec.builder(flag)
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "(not from a jar)" : version;
  }

  /** One line about what picocli did not understand, with the nearest name. */
  static String explain(ParameterException e) {
    CommandSpec spec = e.getCommandLine().getCommandSpec();
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      return explainUnknown(unmatched.getUnmatched().getFirst(), spec);
    }
    return e.getMessage() + help(spec);
  }

  private static String explainUnknown(String word, CommandSpec spec) {
    if (word.startsWith("-")) {
      String flag = word.replaceFirst("=.*", "");
      List<String> flags =
          spec.optionsMap().keySet().stream().filter(name -> name.startsWith("--")).toList();
      return "unknown flag " + flag + NearestName.hint(flag, flags) + help(spec);
    }
    if (spec.parent() == null) {
      List<String> commands = List.copyOf(spec.subcommands().keySet());
      return "unknown command '"
          + word
          + "', use one of "
          + String.join(", ", commands)
          + NearestName.hint(word, commands);
    }
    return "'" + word + "' does not belong to any flag" + help(spec);
  }

  private static String help(CommandSpec spec) {
    return spec.parent() == null ? "" : " (" + spec.name() + " --help lists all flags)";
  }
}
