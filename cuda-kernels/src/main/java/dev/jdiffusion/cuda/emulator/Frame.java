package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxFunction;
import dev.jdiffusion.cuda.ptx.PtxOperand;
import dev.jdiffusion.cuda.ptx.PtxOperand.Immediate;
import dev.jdiffusion.cuda.ptx.PtxVariable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
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

  /** Which registers share a slot: a number for each, among those of its kind. */
  private final Map<String, Integer> allocation;

  /** The slots of these numbers. */
  private final Map<Register, Map<Integer, Integer>> registers = new EnumMap<>(Register.class);

  private final Map<String, Integer> predicates = new HashMap<>();

  /** Slots of 32 bits that stand for registers of single precision. */
  private final Map<String, Integer> bits = new LinkedHashMap<>();

  private final List<Integer> slotsOfBits = new ArrayList<>();

  Frame(PtxFunction function, Slots slots, Map<String, Access.Address> globals) {
    this.function = function;
    this.slots = slots;
    this.globals = globals;
    allocation = RegisterAllocation.of(function);
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

  private int register(PtxOperand.Name name, Register kind) {
    int number = allocation.getOrDefault(name.name(), 0);
    return registers
        .computeIfAbsent(kind, unused -> new HashMap<>())
        .computeIfAbsent(number, unused -> slots.register(kind));
  }

  /** Instructions use these slots one after the other. */
  private int slotOfBits(int index) {
    if (index == slotsOfBits.size()) {
      slotsOfBits.add(slots.register(Register.NARROW));
    }
    return slotsOfBits.get(index);
  }

  /** The slot of an operand of up to 32 bits. */
  int narrow(PtxOperand operand) {
    return switch (operand) {
      case Immediate immediate -> slots.constant(narrowBits(immediate));
      case PtxOperand.Name name -> {
        if (function.registers().containsKey(name.name())) {
          check(!isWideRegister(operand) && !isPredicate(operand), operand, "32");
          if (isSingle(operand)) {
            yield bits.computeIfAbsent(name.name(), unused -> slotOfBits(bits.size()));
          }
          yield register(name, Register.NARROW);
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

  /** Whether it is a register of single precision. */
  boolean isSingle(PtxOperand operand) {
    return registerType(operand).equals("f32");
  }

  /** The slot of a register of single precision, or of a constant. */
  int single(PtxOperand operand) {
    if (operand instanceof Immediate immediate) {
      return slots.singleConstant(narrowBits(immediate));
    }
    if (operand instanceof PtxOperand.Name name && isSingle(operand)) {
      return register(name, Register.SINGLE);
    }
    throw Decoder.unsupported("operand " + operand);
  }

  /** Before an instruction is decoded: no register of single precision is wanted as bits. */
  void forgetBits() {
    bits.clear();
  }

  /**
   * The registers of single precision that {@link #narrow} was asked for since {@link #forgetBits},
   * and the slots in which an instruction that works on bits expects them, or leaves its result.
   */
  Map<String, Integer> bits() {
    return bits;
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
          yield register(name, Register.WIDE);
        }
        yield slots.constant(address(name.name()));
      }
      default -> throw Decoder.unsupported("operand " + operand);
    };
  }

  /** The slot of an operand of a kind of register. */
  int slot(PtxOperand operand, Register kind) {
    return switch (kind) {
      case NARROW -> narrow(operand);
      case WIDE -> wide(operand);
      case SINGLE -> single(operand);
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
      return predicates.computeIfAbsent(name.name(), unused -> slots.predicate());
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
