package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxFunction;
import dev.jdiffusion.cuda.ptx.PtxOperand;
import dev.jdiffusion.cuda.ptx.PtxOperand.Immediate;
import dev.jdiffusion.cuda.ptx.PtxVariable;
import java.util.HashMap;
import java.util.Map;

/**
 * The names of one function where it is decoded: its registers, variables and constants become
 * slots and addresses. A device function is decoded once for each call, with a frame of its own.
 */
final class Frame {
  private final PtxFunction function;
  private final Slots slots;

  /** Addresses of variables that every function sees. */
  private final Map<String, Access.Address> globals;

  /** Addresses of this function's variables, in their spaces. */
  private final Map<String, Access.Address> variables = new HashMap<>();

  private final Map<String, Integer> registers = new HashMap<>();

  Frame(PtxFunction function, Slots slots, Map<String, Access.Address> globals) {
    this.function = function;
    this.slots = slots;
    this.globals = globals;
    for (PtxVariable variable : function.variables()) {
      // Shared variables are laid out with the kernel; the others are a thread's own.
      if (!variable.space().equals("shared")) {
        bind(
            variable.name(),
            slots.localAddress(slots.allocateLocal(variable.bytes(), variable.align())));
      }
    }
  }

  PtxFunction function() {
    return function;
  }

  /** Makes a parameter stand for a variable of the caller. */
  void bind(String name, Access.Address address) {
    variables.put(name, address);
  }

  /** The place of a variable. */
  Access.Address variable(String name) {
    Access.Address address = variables.get(name);
    return address != null ? address : globals.get(name);
  }

  /** The type of a register, such as {@code b32}; empty for anything else. */
  String registerType(PtxOperand operand) {
    return operand instanceof PtxOperand.Name name
        ? function.registers().getOrDefault(name.name(), "")
        : "";
  }

  boolean isWideRegister(PtxOperand operand) {
    return registerType(operand).endsWith("64");
  }

  /** The slot of an operand of up to 32 bits. */
  int narrow(PtxOperand operand) {
    return switch (operand) {
      case Immediate immediate -> slots.constant(narrowBits(immediate));
      case PtxOperand.Name name -> {
        if (function.registers().containsKey(name.name())) {
          check(!isWideRegister(operand) && !isPredicate(operand), operand, "32");
          yield registers.computeIfAbsent(name.name(), unused -> slots.narrowRegister());
        }
        Special special = Special.named(name.name());
        if (special != null) {
          yield slots.special(special);
        }
        if (name.name().equals("WARP_SZ")) {
          yield slots.constant(Lanes.COUNT);
        }
        yield slots.constant((int) address(name.name()));
      }
      default -> throw Decoder.unsupported("operand " + operand);
    };
  }

  private static int narrowBits(Immediate immediate) {
    return immediate.kind() == Immediate.Kind.DOUBLE
        ? Float.floatToRawIntBits((float) Double.longBitsToDouble(immediate.bits()))
        : (int) immediate.bits();
  }

  /** The slot of an operand of 64 bits. */
  int wide(PtxOperand operand) {
    return switch (operand) {
      case Immediate immediate ->
          slots.constant(
              immediate.kind() == Immediate.Kind.FLOAT
                  ? Double.doubleToRawLongBits(Float.intBitsToFloat((int) immediate.bits()))
                  : immediate.bits());
      case PtxOperand.Name name -> {
        if (function.registers().containsKey(name.name())) {
          check(isWideRegister(operand), operand, "64");
          yield registers.computeIfAbsent(name.name(), unused -> slots.wideRegister());
        }
        yield slots.constant(address(name.name()));
      }
      default -> throw Decoder.unsupported("operand " + operand);
    };
  }

  /** The slot of an operand of 64 bits, or of up to 32. */
  int slot(PtxOperand operand, boolean isWide) {
    return isWide ? wide(operand) : narrow(operand);
  }

  /** The slot of a predicate register; none for {@code _}. */
  int predicate(PtxOperand operand) {
    if (operand instanceof PtxOperand.Name name) {
      if (name.name().equals("_")) {
        return Instruction.NONE;
      }
      check(isPredicate(operand), operand, "1");
      return registers.computeIfAbsent(name.name(), unused -> slots.predicate());
    }
    throw Decoder.unsupported("predicate " + operand);
  }

  /** A predicate register or its opposite. */
  Predicates.Operand predicateOperand(PtxOperand operand) {
    return operand instanceof PtxOperand.Negated negated
        ? new Predicates.Operand(predicate(new PtxOperand.Name(negated.name())), true)
        : new Predicates.Operand(predicate(operand), false);
  }

  private boolean isPredicate(PtxOperand operand) {
    return registerType(operand).equals("pred");
  }

  private void check(boolean fits, PtxOperand operand, String bits) {
    if (!fits) {
      throw Decoder.unsupported(
          "%s of type .%s where %s bits are needed"
              .formatted(operand, registerType(operand), bits));
    }
  }

  private long address(String name) {
    Access.Address address = variable(name);
    if (address == null) {
      throw Decoder.unsupported("name '" + name + "'");
    }
    return slots.wideConstant(address.slot()) + address.offset();
  }

  /** What an address operand means in a state space. */
  Access.Address address(PtxOperand operand, Access.Space space) {
    if (!(operand instanceof PtxOperand.Address address)) {
      throw Decoder.unsupported("address " + operand);
    }
    PtxOperand.Name base = new PtxOperand.Name(address.base());
    if (address.base().isEmpty()) {
      return new Access.Address(space, slots.constant(0L), false, address.offset());
    }
    if (function.registers().containsKey(address.base())) {
      return isWideRegister(base)
          ? new Access.Address(space, wide(base), false, address.offset())
          : new Access.Address(space, narrow(base), true, address.offset());
    }
    return new Access.Address(
        space, slots.constant(address(address.base())), false, address.offset());
  }
}
