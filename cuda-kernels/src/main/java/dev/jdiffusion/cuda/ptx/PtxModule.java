package dev.jdiffusion.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A PTX text.
 *
 * @param version such as {@code 6.3}
 * @param target such as {@code sm_75}
 * @param variables those outside functions
 * @param functions with bodies, by name
 */
public record PtxModule(
    String version,
    String target,
    List<PtxVariable> variables,
    Map<String, PtxFunction> functions) {}
