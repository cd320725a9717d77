package dev.jdiffusion.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * A kernel or a device function.
 *
 * @param entry whether it is a kernel
 * @param results parameters that a call reads afterwards
 * @param registers the type of each register, such as {@code %r1} to {@code b32}; a register of an
 *     inner block has a number behind {@code #}
 * @param variables shared, local and parameter variables of the body
 * @param labels index of the instruction that follows a label
 * @param branchTargets labels of each table of {@code brx.idx}
 * @param maximumThreads of a block, 0 if the kernel does not say
 */
public record PtxFunction(
    String name,
    int line,
    boolean entry,
    List<PtxVariable> results,
    List<PtxVariable> parameters,
    Map<String, String> registers,
    List<PtxVariable> variables,
    List<PtxInstruction> body,
    Map<String, Integer> labels,
    Map<String, List<String>> branchTargets,
    int maximumThreads) {}
