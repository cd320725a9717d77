package dev.jdiffusion.diffusion.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that someone probably meant. */
public final class NearestName {
  private NearestName() {}

  /**
   * The candidate with the fewest edits from {@code typed}, where that is at most about a third of
   * the name; case does not count.
   */
  public static Optional<String> of(String typed, Collection<String> candidates) {
    String wanted = typed.toLowerCase(Locale.ROOT);
    String best = "";
    int fewest = Integer.MAX_VALUE;
    for (String candidate : candidates) {
      String lower = candidate.toLowerCase(Locale.ROOT);
      // An abbreviation is closer than its missing letters say: "annot" means "annotated".
      int edits = wanted.length() >= 3 && lower.startsWith(wanted) ? 1 : distance(wanted, lower);
      if (edits < fewest) {
        fewest = edits;
        best = candidate;
      }
    }
    int allowed = Math.max(1, (Math.max(wanted.length(), best.length()) + 1) / 3);
    return fewest <= allowed ? Optional.of(best) : Optional.empty();
  }

  /** {@code "; did you mean X?"} or nothing: the end of a message about an unknown name. */
  public static String hint(String typed, Collection<String> candidates) {
    return of(typed, candidates).map(name -> "; did you mean " + name + "?").orElse("");
  }

  /** Edits that lead from a to b: insert, delete, replace, and exchange of two neighbours. */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      d[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      d[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(replace, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
