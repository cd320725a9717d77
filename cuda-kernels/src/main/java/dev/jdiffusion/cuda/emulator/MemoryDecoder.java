package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxOperand;
import java.util.List;
import java.util.Map;

/** Decodes the instructions that touch memory. */
final class MemoryDecoder {
  private final Frame frame;
  private final Slots slots;
  private final Map<String, Integer> parameterOffsets;

  MemoryDecoder(Frame frame, Slots slots, Map<String, Integer> parameterOffsets) {
    this.frame = frame;
    this.slots = slots;
    this.parameterOffsets = parameterOffsets;
  }

  /** The decoded form of an instruction of memory. */
  Instruction decode(List<String> parts, List<PtxOperand> operands) {
    return switch (parts.getFirst()) {
      case "ld", "ldu" -> load(parts, operands);
      case "st" -> store(parts, operands);
      case "cp" -> asyncCopy(parts, operands);
      case "ldmatrix" -> loadMatrix(parts, operands);
      case "cvta" -> convertAddress(parts, operands);
      default -> atomic(parts, operands);
    };
  }

  private static Access.Space space(List<String> parts) {
    for (String part : parts) {
      switch (part) {
        case "global", "const" -> {
          return Access.Space.GLOBAL;
        }
        case "shared", "shared::cta" -> {
          return Access.Space.SHARED;
        }
        // Parameters of calls are variables of the thread.
        case "local", "param" -> {
          return Access.Space.LOCAL;
        }
        default -> {}
      }
    }
    return Access.Space.GENERIC;
  }

  private Instruction load(List<String> parts, List<PtxOperand> operands) {
    String type = parts.getLast();
    int bytes = Operands.typeBytes(type);
    List<PtxOperand> targets = Operands.elements(operands.getFirst());
    boolean wide = targets.stream().anyMatch(frame::isWideRegister);
    boolean signed = type.startsWith("s");
    if (parts.get(1).equals("param") && operands.get(1) instanceof PtxOperand.Address address) {
      Integer offset = parameterOffsets.get(address.base());
      if (offset != null) {
        Register kind = wide ? Register.WIDE : Register.NARROW;
        return new Access.LoadParameter(
            offset + (int) address.offset(), bytes, signed, registers(targets, kind), wide);
      }
      if (frame.variable(address.base()) == null) {
        throw Decoder.unsupported("a computed address of a parameter");
      }
    }
    Register kind = kind(bytes, wide, targets);
    return new Access.Load(
        frame.address(operands.get(1), space(parts)),
        bytes,
        signed,
        registers(targets, kind),
        kind);
  }

  /** Where the registers of a load or store are kept. */
  private Register kind(int bytes, boolean wide, List<PtxOperand> operands) {
    boolean single =
        bytes == Integer.BYTES
            && operands.stream()
                .allMatch(each ->
                    each instanceof PtxOperand.Immediate
                        || Operands.isSink(each)
                        || frame.isSingle(each));
    return wide ? Register.WIDE : single ? Register.SINGLE : Register.NARROW;
  }

  private int[] registers(List<PtxOperand> operands, Register kind) {
    return operands.stream()
        .mapToInt(each -> Operands.isSink(each) ? Instruction.NONE : frame.slot(each, kind))
        .toArray();
  }

  private Instruction store(List<String> parts, List<PtxOperand> operands) {
    int bytes = Operands.typeBytes(parts.getLast());
    List<PtxOperand> sources = Operands.elements(operands.get(1));
    boolean wide = bytes == Long.BYTES || sources.stream().anyMatch(frame::isWideRegister);
    Register kind = kind(bytes, wide, sources);
    return new Access.Store(
        frame.address(operands.getFirst(), space(parts)), bytes, registers(sources, kind), kind);
  }

  private Instruction atomic(List<String> parts, List<PtxOperand> operands) {
    boolean hasResult = parts.getFirst().equals("atom");
    String type = parts.getLast();
    int bytes = Operands.typeBytes(type);
    if (bytes < Integer.BYTES) {
      throw Decoder.unsupported("an atomic update of " + bytes + " bytes");
    }
    boolean signed = type.startsWith("s");
    Atomic.Kind kind = null;
    for (String part : parts.subList(1, parts.size() - 1)) {
      kind =
          switch (part) {
            case "add" -> type.equals("f32") ? Atomic.Kind.ADD_FLOAT : Atomic.Kind.ADD;
            case "min" -> signed ? Atomic.Kind.MIN_SIGNED : Atomic.Kind.MIN_UNSIGNED;
            case "max" -> signed ? Atomic.Kind.MAX_SIGNED : Atomic.Kind.MAX_UNSIGNED;
            case "and" -> Atomic.Kind.AND;
            case "or" -> Atomic.Kind.OR;
            case "xor" -> Atomic.Kind.XOR;
            case "exch" -> Atomic.Kind.EXCHANGE;
            case "cas" -> Atomic.Kind.COMPARE_AND_SWAP;
            default -> kind;
          };
    }
    if (kind == null || type.equals("f64")) {
      throw Decoder.unsupported("this atomic update");
    }
    int at = hasResult ? 1 : 0;
    boolean wide = bytes == Long.BYTES;
    Access.Address address = frame.address(operands.get(at), space(parts));
    int result =
        !hasResult || Operands.isSink(operands.getFirst())
            ? Instruction.NONE
            : frame.slot(operands.getFirst(), wide);
    int value = frame.slot(operands.get(at + 1), wide);
    int replacement =
        kind == Atomic.Kind.COMPARE_AND_SWAP
            ? frame.slot(operands.get(at + 2), wide)
            : Instruction.NONE;
    return new Atomic(kind, address, bytes, result, value, replacement);
  }

  private Instruction asyncCopy(List<String> parts, List<PtxOperand> operands) {
    if (!parts.get(1).equals("async") || parts.contains("bulk")) {
      throw Decoder.unsupported("this copy");
    }
    return switch (parts.get(2)) {
      case "commit_group" -> new AsyncCopy.Commit();
      case "wait_all" -> new AsyncCopy.Wait(-1);
      case "wait_group" -> new AsyncCopy.Wait(Operands.immediate(operands.getFirst()));
      default ->
          new AsyncCopy(
              Operands.immediate(operands.get(2)),
              frame.address(operands.getFirst(), Access.Space.SHARED),
              frame.address(operands.get(1), Access.Space.GLOBAL),
              operands.size() > 3 ? frame.narrow(operands.get(3)) : Instruction.NONE);
    };
  }

  private Instruction loadMatrix(List<String> parts, List<PtxOperand> operands) {
    if (!parts.contains("m8n8") || !parts.contains("b16")) {
      throw Decoder.unsupported("this shape");
    }
    int[] registers =
        Operands.elements(operands.getFirst()).stream().mapToInt(frame::narrow).toArray();
    return new LoadMatrix(
        frame.address(operands.get(1), Access.Space.SHARED), parts.contains("trans"), registers);
  }

  private Instruction convertAddress(List<String> parts, List<PtxOperand> operands) {
    boolean toSpace = parts.get(1).equals("to");
    long window =
        switch (space(parts)) {
          case SHARED -> Access.SHARED_WINDOW;
          case LOCAL -> Access.LOCAL_WINDOW;
          default -> 0;
        };
    int shift = slots.constant(toSpace ? -window : window);
    Lanes.Wide sum =
        (d, a, b, c, from, to) -> {
          for (int i = from; i < to; i++) {
            d[i] = a[i] + b[i];
          }
        };
    int d = frame.wide(operands.getFirst());
    int a = frame.wide(operands.get(1));
    return new Arithmetic.Wide(sum, d, a, shift, shift);
  }
}
