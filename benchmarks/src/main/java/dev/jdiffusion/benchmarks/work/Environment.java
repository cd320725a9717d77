package dev.jdiffusion.benchmarks.work;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What a library finds in its process's environment when it is loaded. It cannot be changed later,
 * so every fork is started with that of its contender.
 *
 * @param cleared what the names of variables begin with that must not be there
 * @param variables those that must be there nevertheless, with their values
 */
public record Environment(List<String> cleared, Map<String, String> variables) {
  /** Of libraries that look at none of it. */
  public static final Environment ANY = new Environment(List.of(), Map.of());

  /** Turns the environment of a process that is to be started into this one. */
  public void applyTo(Map<String, String> environment) {
    environment.keySet().removeIf(this::isCleared);
    environment.putAll(variables);
  }

  /** What comes before a command on a command line that runs it in this environment. */
  public List<String> command(Map<String, String> inherited) {
    if (isThatOf(inherited)) {
      return List.of();
    }
    List<String> command = new ArrayList<>(List.of("env"));
    for (String name : new TreeSet<>(inherited.keySet())) {
      if (isCleared(name)) {
        command.add("--unset=" + name);
      }
    }
    variables.forEach((name, value) -> command.add(name + "=" + value));
    return command;
  }

  /** Whether a process with that environment needs no change. */
  public boolean isThatOf(Map<String, String> environment) {
    return environment.entrySet().containsAll(variables.entrySet())
        && environment.keySet().stream()
            .allMatch(name -> variables.containsKey(name) || !isCleared(name));
  }

  private boolean isCleared(String name) {
    return cleared.stream().anyMatch(name::startsWith);
  }
}
