package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxException;
import dev.jdiffusion.cuda.ptx.PtxFunction;
import dev.jdiffusion.cuda.ptx.PtxInstruction;
import dev.jdiffusion.cuda.ptx.PtxModule;
import dev.jdiffusion.cuda.ptx.PtxOperand;
import dev.jdiffusion.cuda.ptx.PtxVariable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * Makes a {@link Program} of a kernel: names become slots, opcodes become operations, labels become
 * indices. Calls are expanded, with registers of their own for each, so that the emulator needs no
 * stack; functions that call themselves are refused.
 */
final class Decoder {
  private static final int DEEPEST_CALL = 16;

  private final PtxModule module;
  private final Slots slots = new Slots();
  private final Map<String, Access.Address> globals = new HashMap<>();
  private final Map<String, Integer> parameterOffsets = new HashMap<>();
  private final List<Instruction> code = new ArrayList<>();
  private int sharedBytes;
  private int depth;

  private Decoder(PtxModule module) {
    this.module = module;
  }

  /** Something that PTX has and the emulator has not. */
  static IllegalArgumentException unsupported(String what) {
    return new IllegalArgumentException(what + " is not supported");
  }

  /**
   * Decodes a kernel.
   *
   * @param variables addresses of the module's global and constant variables
   * @throws PtxException if something is not supported
   */
  static Program decode(PtxModule module, PtxFunction kernel, Map<String, Long> variables) {
    return new Decoder(module).program(kernel, variables);
  }

  private Program program(PtxFunction kernel, Map<String, Long> variables) {
    variables.forEach((name, address) ->
        globals.put(
            name, new Access.Address(Access.Space.GLOBAL, slots.constant(address), false, 0)));
    layOutShared(kernel);
    int count = kernel.parameters().size();
    int[] offsets = new int[count];
    int[] bytes = new int[count];
    int end = 0;
    for (int i = 0; i < count; i++) {
      PtxVariable parameter = kernel.parameters().get(i);
      offsets[i] = (end + parameter.align() - 1) / parameter.align() * parameter.align();
      bytes[i] = (int) parameter.bytes();
      end = offsets[i] + bytes[i];
      parameterOffsets.put(parameter.name(), offsets[i]);
    }
    function(new Frame(kernel, slots, globals), true);
    MultiplyAdds.join(code);
    return new Program(
        kernel.name(),
        kernel.maximumThreads(),
        offsets,
        bytes,
        code.toArray(Instruction[]::new),
        slots.narrow(),
        slots.wide(),
        slots.single(),
        slots.predicates(),
        slots.localBytes(),
        sharedBytes);
  }

  // Shared memory

  /** Gives the shared variables that a kernel and what it calls use their addresses. */
  private void layOutShared(PtxFunction kernel) {
    Set<PtxFunction> functions = new LinkedHashSet<>();
    Set<String> used = new LinkedHashSet<>();
    Deque<PtxFunction> open = new ArrayDeque<>(List.of(kernel));
    while (!open.isEmpty()) {
      PtxFunction function = open.pop();
      if (functions.add(function)) {
        for (PtxInstruction instruction : function.body()) {
          for (PtxOperand operand : instruction.operands()) {
            String name =
                switch (operand) {
                  case PtxOperand.Name(String n) -> n;
                  case PtxOperand.Address(String base, long offset) -> base;
                  default -> "";
                };
            used.add(name);
            if (instruction.opcode().startsWith("call") && module.functions().containsKey(name)) {
              open.push(module.functions().get(name));
            }
          }
        }
      }
    }
    for (PtxFunction function : functions) {
      for (PtxVariable variable : function.variables()) {
        if (variable.space().equals("shared")) {
          allocateShared(variable);
        }
      }
    }
    List<PtxVariable> dynamic = new ArrayList<>();
    for (PtxVariable variable : module.variables()) {
      if (variable.space().equals("shared") && used.contains(variable.name())) {
        if (variable.bytes() == 0) {
          dynamic.add(variable);
        } else {
          allocateShared(variable);
        }
      }
    }
    int align = dynamic.stream().mapToInt(PtxVariable::align).max().orElse(1);
    sharedBytes = (sharedBytes + align - 1) / align * align;
    dynamic.forEach(this::allocateShared);
  }

  private void allocateShared(PtxVariable variable) {
    long address = (sharedBytes + variable.align() - 1L) / variable.align() * variable.align();
    sharedBytes = (int) (address + variable.bytes());
    globals.put(
        variable.name(),
        new Access.Address(Access.Space.SHARED, slots.constant(address), false, 0));
  }

  // Functions

  /** Appends a function's instructions; of a called one those that end it go behind it. */
  private void function(Frame frame, boolean entry) {
    PtxFunction function = frame.function();
    if (++depth > DEEPEST_CALL) {
      throw new PtxException(function.line(), function.name() + " is called too deeply");
    }
    int count = function.body().size();
    int[] positions = new int[count + 1];
    List<Runnable> whenPlaced = new ArrayList<>();
    InstructionDecoder decoder =
        new InstructionDecoder(frame, new MemoryDecoder(frame, slots, parameterOffsets));
    for (int i = 0; i < count; i++) {
      positions[i] = code.size();
      PtxInstruction source = function.body().get(i);
      try {
        String opcode = source.opcode();
        if (opcode.equals("bra") || opcode.equals("bra.uni")) {
          Control.Branch branch = new Control.Branch();
          int target = label(function, name(source.operands().getFirst()));
          whenPlaced.add(() -> branch.target = positions[target]);
          add(branch, source, frame);
        } else if (opcode.startsWith("brx.idx")) {
          branchTable(source, frame, positions, whenPlaced);
        } else if (opcode.startsWith("call")) {
          call(source, frame);
        } else if (opcode.startsWith("ret") && !entry) {
          Control.Branch branch = new Control.Branch();
          whenPlaced.add(() -> branch.target = positions[count]);
          add(branch, source, frame);
        } else {
          for (Instruction instruction : decoder.decode(source)) {
            add(instruction, source, frame);
          }
        }
      } catch (IllegalArgumentException e) {
        throw new PtxException(source.line(), e.getMessage() + ": " + source);
      } catch (IndexOutOfBoundsException | NoSuchElementException e) {
        throw new PtxException(source.line(), "operands or modifiers are missing: " + source);
      }
    }
    positions[count] = code.size();
    if (entry) {
      add(
          new Control.Exit(),
          new PtxInstruction(function.line(), null, false, "ret", List.of()),
          frame);
    }
    whenPlaced.forEach(Runnable::run);
    depth--;
  }

  private void add(Instruction instruction, PtxInstruction source, Frame frame) {
    instruction.source = source;
    String guard = source.guard();
    if (guard != null) {
      instruction.guard = frame.predicate(new PtxOperand.Name(guard));
      instruction.guardNegated = source.negated();
    }
    code.add(instruction);
  }

  private static int label(PtxFunction function, String name) {
    Integer index = function.labels().get(name);
    if (index == null) {
      throw new IllegalArgumentException("there is no label " + name);
    }
    return index;
  }

  private void branchTable(
      PtxInstruction source, Frame frame, int[] positions, List<Runnable> whenPlaced) {
    PtxFunction function = frame.function();
    List<String> labels = function.branchTargets().get(name(source.operands().get(1)));
    if (labels == null) {
      throw new IllegalArgumentException("there is no table of this name");
    }
    Control.BranchTable table =
        new Control.BranchTable(frame.narrow(source.operands().getFirst()), labels.size());
    for (int i = 0; i < labels.size(); i++) {
      int entry = i;
      int target = label(function, labels.get(i));
      whenPlaced.add(() -> table.targets[entry] = positions[target]);
    }
    add(table, source, frame);
  }

  private void call(PtxInstruction source, Frame caller) {
    if (source.guard() != null) {
      throw unsupported("a call with a condition");
    }
    List<PtxOperand> results = List.of();
    List<PtxOperand> arguments = List.of();
    String name = "";
    for (PtxOperand operand : source.operands()) {
      if (operand instanceof PtxOperand.Group group) {
        if (name.isEmpty()) {
          results = group.elements();
        } else {
          arguments = group.elements();
        }
      } else {
        name = name(operand);
      }
    }
    PtxFunction callee = module.functions().get(name);
    if (callee == null
        || callee.results().size() != results.size()
        || callee.parameters().size() != arguments.size()) {
      throw new IllegalArgumentException("no function fits this call");
    }
    Frame frame = new Frame(callee, slots, globals);
    for (int i = 0; i < results.size(); i++) {
      frame.bind(callee.results().get(i).name(), caller.variable(name(results.get(i))));
    }
    for (int i = 0; i < arguments.size(); i++) {
      frame.bind(callee.parameters().get(i).name(), caller.variable(name(arguments.get(i))));
    }
    function(frame, false);
  }

  private static String name(PtxOperand operand) {
    if (operand instanceof PtxOperand.Name name) {
      return name.name();
    }
    throw unsupported("operand " + operand);
  }
}
