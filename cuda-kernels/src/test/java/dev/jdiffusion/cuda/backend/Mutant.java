package dev.jdiffusion.cuda.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A small mistake in a PTX file.
 *
 * @param file such as {@code group_norm}
 * @param kernel in which it is
 * @param kind what was done
 * @param line in the file, from 1
 */
record Mutant(String file, String kernel, Kind kind, int line) {
  /** What goes wrong. */
  enum Kind {
    /** A barrier is missing. */
    BARRIER(Pattern.compile("bar(rier)?\\.sync.*;")),
    /** A wait for asynchronous copies is missing. */
    WAIT(Pattern.compile("cp\\.async\\.wait.*;")),
    /** Asynchronous copies are in the group of later ones. */
    COMMIT(Pattern.compile("cp\\.async\\.commit.*;")),
    /** A comparison of integers that ends threads takes in one number more or less. */
    BOUND(Pattern.compile("setp\\.(lt|le|gt|ge)\\.")),
    /** One that decides about a single access of memory, where no kernel of a file has a bound. */
    GUARD(BOUND.pattern);

    private final Pattern pattern;

    Kind(Pattern pattern) {
      this.pattern = pattern;
    }
  }

  private static final Pattern INTEGERS =
      Pattern.compile("setp\\.[a-z]+\\.[su](32|64)\\s+(%p\\d+)");
  private static final Pattern BRANCH = Pattern.compile("@!?(%p\\d+) bra\\s+(\\S+);");

  private static final Pattern ACCESS = Pattern.compile("(ld|st)\\.global");

  /** How many lines behind a comparison its branch may stand. */
  private static final int REACH = 3;

  /**
   * The places of a file where something can go wrong.
   *
   * @param bounds how many bounds of a kernel at most
   */
  static List<Mutant> of(String file, PtxText ptx, int bounds) {
    List<Mutant> mutants = new ArrayList<>();
    List<Mutant> ofKernel = new ArrayList<>();
    String kernel = "";
    List<String> lines = ptx.lines();
    for (int i = 0; i < lines.size(); i++) {
      Matcher entry = PtxText.ENTRY.matcher(lines.get(i));
      if (entry.find()) {
        addSome(ofKernel, bounds, mutants);
        ofKernel.clear();
        kernel = entry.group(1);
      }
      for (Kind kind : Kind.values()) {
        if (kind.pattern.matcher(lines.get(i)).find()
            && (kind != Kind.BOUND || decides(lines, i, Mutant::endsThread))
            && (kind != Kind.GUARD || decides(lines, i, Mutant::guardsAccess))) {
          ofKernel.add(new Mutant(file, kernel, kind, i + 1));
        }
      }
    }
    addSome(ofKernel, bounds, mutants);
    if (mutants.stream().anyMatch(mutant -> mutant.kind == Kind.BOUND)) {
      mutants.removeIf(mutant -> mutant.kind == Kind.GUARD);
    }
    return mutants;
  }

  private static void addSome(List<Mutant> ofKernel, int bounds, List<Mutant> mutants) {
    for (Kind kind : Kind.values()) {
      List<Mutant> ofKind = ofKernel.stream().filter(m -> m.kind == kind).toList();
      int most =
          switch (kind) {
            case BOUND -> bounds;
            case GUARD -> 1;
            default -> Integer.MAX_VALUE;
          };
      int count = Math.min(most, ofKind.size());
      for (int i = 0; i < count; i++) {
        mutants.add(ofKind.get(i * ofKind.size() / count));
      }
    }
  }

  /** What a branch does, from its line and its label. */
  @FunctionalInterface
  private interface Effect {
    boolean isThatOf(List<String> lines, int branch, String label);
  }

  /**
   * Whether a comparison decides about a branch with an effect: others, of which a compiler makes
   * many when it unrolls loops, may choose between two ways to the same result.
   */
  private static boolean decides(List<String> lines, int at, Effect effect) {
    Matcher comparison = INTEGERS.matcher(lines.get(at));
    if (!comparison.find()) {
      return false;
    }
    for (int i = at + 1; i < Math.min(lines.size(), at + 1 + REACH); i++) {
      Matcher branch = BRANCH.matcher(lines.get(i));
      if (branch.find() && branch.group(1).equals(comparison.group(2))) {
        return effect.isThatOf(lines, i, branch.group(2));
      }
    }
    return false;
  }

  private static boolean endsThread(List<String> lines, int branch, String label) {
    for (int i = branch + 1; i < lines.size() && !lines.get(i).startsWith("}"); i++) {
      if (lines.get(i).startsWith(label + ":")) {
        return lines.subList(i + 1, Math.min(lines.size(), i + 3)).stream()
            .anyMatch(line -> line.strip().equals("ret;"));
      }
    }
    return false;
  }

  /** Whether a branch skips a stretch without labels in which memory is accessed. */
  private static boolean guardsAccess(List<String> lines, int branch, String label) {
    boolean accesses = false;
    for (int i = branch + 1; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("$") || line.startsWith("}")) {
        return accesses && line.startsWith(label + ":");
      }
      accesses |= ACCESS.matcher(line).find();
    }
    return false;
  }

  /** The text with the mistake. */
  PtxText applyTo(PtxText ptx) {
    List<String> lines = new ArrayList<>(ptx.lines());
    Matcher matcher = kind.pattern.matcher(lines.get(line - 1));
    lines.set(
        line - 1,
        matcher.replaceFirst(match ->
            kind != Kind.BOUND && kind != Kind.GUARD
                ? ";"
                : switch (match.group(1)) {
                  case "lt" -> "setp.le.";
                  case "le" -> "setp.lt.";
                  case "gt" -> "setp.ge.";
                  default -> "setp.gt.";
                }));
    return new PtxText(lines);
  }

  /** How the list of harmless ones names it. */
  String key() {
    return kernel + " " + kind;
  }
}
