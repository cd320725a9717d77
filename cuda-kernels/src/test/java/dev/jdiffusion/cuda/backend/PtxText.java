package dev.jdiffusion.cuda.backend;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines of a PTX file that this project's compiler wrote. */
record PtxText(List<String> lines) {
  /** The first line of a kernel; group 1 is its name. */
  static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)");

  static PtxText of(String ptx) {
    return new PtxText(ptx.lines().toList());
  }

  /** The text without the other kernels, of which blank lines stay: lines keep their numbers. */
  String only(String kernel) {
    StringBuilder text = new StringBuilder();
    boolean isOther = false;
    for (String line : lines) {
      Matcher entry = ENTRY.matcher(line);
      if (entry.find()) {
        isOther = !entry.group(1).equals(kernel);
      }
      text.append(isOther ? "" : line).append('\n');
      if (line.equals("}")) {
        isOther = false;
      }
    }
    return text.toString();
  }
}
