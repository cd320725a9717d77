package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.emulator.Arithmetic.Adjustment;
import dev.jdiffusion.cuda.ptx.PtxInstruction;
import dev.jdiffusion.cuda.ptx.PtxOperand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Decodes all instructions but branches, calls and those of {@link MemoryDecoder}. */
final class InstructionDecoder {
  private static final Set<String> ROUNDINGS =
      Set.of("rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi");

  private final Frame frame;
  private final MemoryDecoder memory;

  InstructionDecoder(Frame frame, MemoryDecoder memory) {
    this.frame = frame;
    this.memory = memory;
  }

  /**
   * The decoded form of an instruction, most often one.
   *
   * @throws IllegalArgumentException if it is not supported
   */
  List<Instruction> decode(PtxInstruction source) {
    frame.forgetBits();
    List<Instruction> decoded = decodeBits(source);
    if (frame.bits().isEmpty()) {
      return decoded;
    }
    // It works on bits: they are taken from the registers before, and put into them afterwards.
    Set<String> results = Operands.names(source.operands().subList(0, 1));
    Set<String> arguments = Operands.names(source.operands().subList(1, source.operands().size()));
    List<Instruction> all = new ArrayList<>();
    List<Instruction> after = new ArrayList<>();
    frame
        .bits()
        .forEach((name, slot) -> {
          int register = frame.single(new PtxOperand.Name(name));
          if (arguments.contains(name)) {
            all.add(new Arithmetic.ToBits(slot, register));
          }
          if (results.contains(name)) {
            after.add(new Arithmetic.FromBits(register, slot));
          }
        });
    all.forEach(instruction -> instruction.counted = 0);
    after.forEach(instruction -> instruction.counted = 0);
    all.addAll(decoded);
    all.addAll(after);
    return all;
  }

  private List<Instruction> decodeBits(PtxInstruction source) {
    List<String> parts = Arrays.asList(source.opcode().split("\\."));
    List<PtxOperand> operands = source.operands();
    String last = parts.getLast();
    return switch (parts.getFirst()) {
      case "ld", "ldu", "st", "atom", "red", "cp", "ldmatrix", "cvta" ->
          List.of(memory.decode(parts, operands));
      case "mov" -> last.equals("pred") ? List.of(predicateMove(operands)) : move(last, operands);
      case "cvt" -> List.of(convert(source.opcode(), parts, operands));
      case "setp" -> List.of(compare(parts, operands, false));
      case "set" -> List.of(compare(parts, operands, true));
      case "selp" -> List.of(select(last, operands));
      case "bfi" -> List.of(insert(last, operands));
      case "lop3" -> List.of(logic3(operands));
      case "ret", "exit" -> List.of(new Control.Exit());
      case "trap" -> List.of(new Control.Trap());
      case "membar", "fence", "prefetch", "nanosleep" -> List.of(new Control.Nothing());
      case "bar", "barrier" -> List.of(barrier(parts, operands));
      case "shfl" -> List.of(shuffle(parts, operands));
      case "vote" -> List.of(vote(parts, operands));
      case "match" -> List.of(match(parts, operands));
      case "mma" -> List.of(MatrixMultiply.decode(source.opcode(), operands, frame));
      case "activemask" -> List.of(new Exchange.ActiveMask(frame.narrow(operands.getFirst())));
      case "and", "or", "xor", "not" ->
          List.of(
              last.equals("pred") ? predicateLogic(parts, operands) : arithmetic(parts, operands));
      case "addc", "subc", "madc" -> List.of(carrying(source.opcode(), operands));
      case "add", "sub", "mad" ->
          List.of(
              parts.contains("cc")
                  ? carrying(source.opcode(), operands)
                  : arithmetic(parts, operands));
      default -> List.of(arithmetic(parts, operands));
    };
  }

  // Moves and conversions

  private List<Instruction> move(String type, List<PtxOperand> operands) {
    PtxOperand target = operands.getFirst();
    PtxOperand value = operands.get(1);
    if (target instanceof PtxOperand.Vector vector) {
      return unpack(type, vector.elements(), value);
    }
    if (value instanceof PtxOperand.Vector vector) {
      return List.of(pack(type, target, vector.elements()));
    }
    boolean wide = Operands.typeBytes(type) == Long.BYTES;
    boolean fromNumber = value instanceof PtxOperand.Immediate || frame.isSingle(value);
    if (frame.isSingle(target)) {
      return List.of(
          fromNumber
              ? single("mov.f32", List.of(target, value))
              : new Arithmetic.FromBits(frame.single(target), frame.narrow(value)));
    }
    if (frame.isSingle(value) && !wide) {
      return List.of(new Arithmetic.ToBits(frame.narrow(target), frame.single(value)));
    }
    String opcode = wide ? "mov.b64" : "mov.b32";
    return List.of(arithmetic(opcode, Adjustment.NONE, List.of(target, value)));
  }

  private List<Instruction> unpack(String type, List<PtxOperand> targets, PtxOperand value) {
    List<Instruction> result = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      PtxOperand target = targets.get(i);
      if (Operands.isSink(target)) {
        continue;
      }
      if (Operands.typeBytes(type) == Long.BYTES && targets.size() == 2) {
        Lanes.Narrowing half = Integers64.narrowing(i == 0 ? "mov.low" : "mov.high");
        result.add(new Arithmetic.Narrowing(half, frame.narrow(target), frame.wide(value)));
      } else if (Operands.typeBytes(type) == Integer.BYTES && targets.size() == 2) {
        int shift = 16 * i;
        Lanes.Narrow half =
            (d, a, b, c, from, to) -> {
              for (int lane = from; lane < to; lane++) {
                d[lane] = a[lane] >>> shift & 0xffff;
              }
            };
        int a = frame.narrow(value);
        result.add(new Arithmetic.Narrow(half, frame.narrow(target), a, a, a));
      } else {
        throw Decoder.unsupported("a move to " + targets.size() + " registers");
      }
    }
    if (result.size() > 1 && targets.contains(value)) {
      throw Decoder.unsupported("a move of a register to parts that contain it");
    }
    return result;
  }

  private Instruction pack(String type, PtxOperand target, List<PtxOperand> parts) {
    if (parts.size() != 2) {
      throw Decoder.unsupported("a move from " + parts.size() + " registers");
    }
    int low = frame.narrow(parts.getFirst());
    int high = frame.narrow(parts.get(1));
    if (Operands.typeBytes(type) == Long.BYTES) {
      int d = frame.wide(target);
      return new Arithmetic.Widening(Integers64.widening("mov.pack"), d, low, high, d);
    }
    Lanes.Narrow join =
        (d, a, b, c, from, to) -> {
          for (int lane = from; lane < to; lane++) {
            d[lane] = a[lane] & 0xffff | b[lane] << 16;
          }
        };
    return new Arithmetic.Narrow(join, frame.narrow(target), low, high, low);
  }

  private Instruction convert(String opcode, List<String> parts, List<PtxOperand> operands) {
    String to = parts.get(parts.size() - 2);
    if (to.endsWith("x2")) {
      return new Conversions.PackHalves(
          to.startsWith("b"),
          parts.get(1),
          frame.narrow(operands.getFirst()),
          frame.narrow(operands.get(1)),
          frame.narrow(operands.get(2)));
    }
    PtxOperand target = operands.getFirst();
    PtxOperand value = operands.get(1);
    if (opcode.equals("cvt.rna.tf32.f32")) {
      int a = frame.narrow(value);
      return new Arithmetic.Narrow(MatrixMultiply::roundToTf32, frame.narrow(target), a, a, a);
    }
    Conversions.Type toType = Conversions.Type.named(to);
    Conversions.Type fromType = Conversions.Type.named(parts.getLast());
    if (toType == null || fromType == null) {
      throw Decoder.unsupported("this conversion");
    }
    boolean wideTarget = frame.isWideRegister(target);
    boolean wideSource = fromType.isWide() || frame.isWideRegister(value);
    if (wideTarget == toType.isWide() && wideSource == fromType.isWide()) {
      Lanes.Narrow narrow = Conversions.narrow(opcode);
      if (narrow != null) {
        int a = frame.narrow(value);
        return new Arithmetic.Narrow(narrow, frame.narrow(target), a, a, a);
      }
      Lanes.Widening widening = Integers64.widening(opcode);
      widening = widening == null ? Conversions.widening(opcode) : widening;
      if (widening != null) {
        int a = frame.narrow(value);
        int d = frame.wide(target);
        return new Arithmetic.Widening(widening, d, a, a, d);
      }
      Lanes.Narrowing narrowing = Integers64.narrowing(opcode);
      narrowing = narrowing == null ? Conversions.narrowing(opcode) : narrowing;
      if (narrowing != null) {
        return new Arithmetic.Narrowing(narrowing, frame.narrow(target), frame.wide(value));
      }
    }
    String rounding = parts.stream().filter(ROUNDINGS::contains).findFirst().orElse("");
    if (toType == Conversions.Type.F16 && !rounding.equals("rn")
        || fromType.bits() == 64 && toType.isFloating() && toType.bits() < 32
        || fromType.bits() == 64
            && !fromType.isFloating()
            && toType.isFloating()
            && !rounding.equals("rn")) {
      throw Decoder.unsupported("this conversion");
    }
    return new Conversions.Convert(
        toType,
        fromType,
        rounding,
        parts.contains("sat"),
        parts.contains("ftz"),
        frame.slot(target, wideTarget),
        wideTarget,
        frame.slot(value, wideSource),
        wideSource);
  }

  // Predicates

  private Instruction predicateMove(List<PtxOperand> operands) {
    int d = frame.predicate(operands.getFirst());
    if (operands.get(1) instanceof PtxOperand.Immediate immediate) {
      return new Predicates.Constant(d, immediate.bits() != 0);
    }
    Predicates.Operand a = frame.predicateOperand(operands.get(1));
    return new Predicates.Logic(Predicates.Combination.NONE, false, d, a, a);
  }

  private Instruction predicateLogic(List<String> parts, List<PtxOperand> operands) {
    int d = frame.predicate(operands.getFirst());
    Predicates.Operand a = frame.predicateOperand(operands.get(1));
    if (parts.getFirst().equals("not")) {
      return new Predicates.Logic(Predicates.Combination.NONE, true, d, a, a);
    }
    Predicates.Operand b = frame.predicateOperand(operands.get(2));
    return new Predicates.Logic(combination(parts.getFirst()), false, d, a, b);
  }

  private static Predicates.Combination combination(String name) {
    return switch (name) {
      case "and" -> Predicates.Combination.AND;
      case "or" -> Predicates.Combination.OR;
      case "xor" -> Predicates.Combination.XOR;
      default -> Predicates.Combination.NONE;
    };
  }

  private Instruction compare(List<String> parts, List<PtxOperand> operands, boolean set) {
    String type = parts.getLast();
    PtxOperand target = operands.getFirst();
    Predicates.Result result;
    if (set) {
      String resultType = parts.get(parts.size() - 2);
      int value = resultType.equals("f32") ? Float.floatToRawIntBits(1) : -1;
      result =
          new Predicates.Result(Instruction.NONE, Instruction.NONE, frame.narrow(target), value);
    } else if (target instanceof PtxOperand.Pair pair) {
      result =
          new Predicates.Result(
              frame.predicate(pair.first()), frame.predicate(pair.second()), Instruction.NONE, 0);
    } else {
      result =
          new Predicates.Result(frame.predicate(target), Instruction.NONE, Instruction.NONE, 0);
    }
    Predicates.Combination combination = combination(parts.get(2));
    Predicates.Operand other =
        combination == Predicates.Combination.NONE
            ? Predicates.Operand.NONE
            : frame.predicateOperand(operands.get(3));
    PtxOperand a = operands.get(1);
    PtxOperand b = operands.get(2);
    if (Operands.typeBytes(type) == Long.BYTES) {
      Lanes.WideTest test = Comparisons.wide(parts.get(1) + "." + type);
      if (test == null) {
        throw Decoder.unsupported("this comparison");
      }
      return new Predicates.WideCompare(
          test, frame.wide(a), frame.wide(b), result, combination, other);
    }
    Adjustment adjustment = adjustment(parts, type);
    String comparison = parts.get(1) + "." + type.replace("16", "32");
    Lanes.NarrowTest test = type.contains("f16") ? null : Comparisons.narrow(comparison);
    if (test == null) {
      throw Decoder.unsupported("this comparison");
    }
    return new Predicates.NarrowCompare(
        test, adjustment, frame.narrow(a), frame.narrow(b), result, combination, other);
  }

  private Instruction select(String type, List<PtxOperand> operands) {
    Register kind =
        Operands.typeBytes(type) == Long.BYTES
            ? Register.WIDE
            : areSingle(operands.subList(0, 3)) ? Register.SINGLE : Register.NARROW;
    return new Arithmetic.Select(
        kind,
        frame.slot(operands.getFirst(), kind),
        frame.slot(operands.get(1), kind),
        frame.slot(operands.get(2), kind),
        frame.predicate(operands.get(3)));
  }

  // Arithmetic

  private static Adjustment adjustment(List<String> parts, String type) {
    boolean flush = parts.contains("ftz");
    boolean saturate = parts.contains("sat");
    if (type.equals("f32")) {
      return flush
          ? saturate ? Adjustment.FLUSH_AND_SATURATE : Adjustment.FLUSH
          : saturate ? Adjustment.SATURATE : Adjustment.NONE;
    }
    if (saturate) {
      throw Decoder.unsupported("saturation of integers");
    }
    boolean wide = parts.contains("wide");
    return switch (type) {
      case "s16" -> wide ? Adjustment.SIGNED_16_TO_32 : Adjustment.SIGNED_16;
      case "u16", "b16" -> wide ? Adjustment.UNSIGNED_16_TO_32 : Adjustment.UNSIGNED_16;
      default -> Adjustment.NONE;
    };
  }

  private Instruction arithmetic(List<String> parts, List<PtxOperand> operands) {
    String type = parts.getLast();
    Adjustment adjustment = adjustment(parts, type);
    List<String> kept = new ArrayList<>(parts);
    boolean approximateDouble = type.equals("f64") && parts.contains("approx");
    if (!approximateDouble) {
      kept.remove("ftz");
    }
    kept.remove("sat");
    String opcode = String.join(".", kept);
    if (type.endsWith("16") && !type.contains("f")) {
      opcode = opcode.replace(".wide", ".lo").replace("16", "32");
    }
    return arithmetic(opcode, adjustment, operands);
  }

  private Instruction arithmetic(String opcode, Adjustment adjustment, List<PtxOperand> operands) {
    if (adjustment == Adjustment.NONE && areSingle(operands) && Floats32.single(opcode) != null) {
      return single(opcode, operands);
    }
    PtxOperand target = operands.getFirst();
    PtxOperand first = operands.get(1);
    PtxOperand second = operands.get(operands.size() > 2 ? 2 : 1);
    PtxOperand third = operands.get(operands.size() > 3 ? 3 : 1);
    Lanes.Narrow narrow = Integers32.operation(opcode);
    narrow = narrow == null ? Floats32.operation(opcode) : narrow;
    if (narrow != null) {
      int d = frame.narrow(target);
      int a = frame.narrow(first);
      int b = frame.narrow(second);
      int c = frame.narrow(third);
      return adjustment == Adjustment.NONE
          ? new Arithmetic.Narrow(narrow, d, a, b, c)
          : new Arithmetic.Adjusted(narrow, adjustment, d, a, b, c);
    }
    Lanes.Wide wide = Integers64.operation(opcode);
    wide = wide == null ? Floats64.operation(opcode) : wide;
    if (wide != null) {
      return new Arithmetic.Wide(
          wide, frame.wide(target), frame.wide(first), frame.wide(second), frame.wide(third));
    }
    Lanes.Shifting shifting = Integers64.shifting(opcode);
    if (shifting != null) {
      int b = frame.narrow(second);
      int c = operands.size() > 3 ? frame.narrow(third) : b;
      return new Arithmetic.Shifting(shifting, frame.wide(target), frame.wide(first), b, c);
    }
    Lanes.Widening widening = Integers64.widening(opcode);
    if (widening != null) {
      int d = frame.wide(target);
      int c = operands.size() > 3 ? frame.wide(third) : d;
      return new Arithmetic.Widening(widening, d, frame.narrow(first), frame.narrow(second), c);
    }
    Lanes.Narrowing narrowing = Integers64.narrowing(opcode);
    if (narrowing != null) {
      return new Arithmetic.Narrowing(narrowing, frame.narrow(target), frame.wide(first));
    }
    throw Decoder.unsupported("'" + opcode + "'");
  }

  /** Whether a result and its arguments are registers of single precision, or constants. */
  private boolean areSingle(List<PtxOperand> operands) {
    return frame.isSingle(operands.getFirst())
        && operands.stream()
            .allMatch(each -> each instanceof PtxOperand.Immediate || frame.isSingle(each));
  }

  private Instruction single(String opcode, List<PtxOperand> operands) {
    Lanes.Single operation = Floats32.single(opcode);
    if (operation == null) {
      throw Decoder.unsupported("'" + opcode + "'");
    }
    int a = frame.single(operands.get(1));
    return new Arithmetic.Single(
        operation,
        frame.single(operands.getFirst()),
        a,
        operands.size() > 2 ? frame.single(operands.get(2)) : a,
        operands.size() > 3 ? frame.single(operands.get(3)) : a);
  }

  private Instruction carrying(String opcode, List<PtxOperand> operands) {
    if (opcode.endsWith("64")) {
      throw Decoder.unsupported("a carry of 64 bits");
    }
    int c = frame.narrow(operands.get(operands.size() - 1));
    return new Arithmetic.Carrying(
        opcode,
        frame.narrow(operands.getFirst()),
        frame.narrow(operands.get(1)),
        frame.narrow(operands.get(2)),
        c);
  }

  private Instruction insert(String type, List<PtxOperand> operands) {
    boolean wide = Operands.typeBytes(type) == Long.BYTES;
    return new BitFields.Insert(
        wide,
        frame.slot(operands.getFirst(), wide),
        frame.slot(operands.get(1), wide),
        frame.slot(operands.get(2), wide),
        frame.narrow(operands.get(3)),
        frame.narrow(operands.get(4)));
  }

  private Instruction logic3(List<PtxOperand> operands) {
    if (!(operands.get(4) instanceof PtxOperand.Immediate table)) {
      throw Decoder.unsupported("a table in a register");
    }
    return new Arithmetic.Narrow(
        BitFields.logic3((int) table.bits()),
        frame.narrow(operands.getFirst()),
        frame.narrow(operands.get(1)),
        frame.narrow(operands.get(2)),
        frame.narrow(operands.get(3)));
  }

  // Threads together

  private Instruction barrier(List<String> parts, List<PtxOperand> operands) {
    if (parts.contains("warp")) {
      return new Exchange.WarpBarrier(frame.narrow(operands.getFirst()));
    }
    if (parts.contains("sync")
        && operands.size() == 1
        && operands.getFirst() instanceof PtxOperand.Immediate number) {
      return new Control.Barrier((int) number.bits());
    }
    throw Decoder.unsupported("a barrier of some of a block's threads");
  }

  private Instruction shuffle(List<String> parts, List<PtxOperand> operands) {
    Exchange.Shuffle.Mode mode =
        switch (parts.get(2)) {
          case "up" -> Exchange.Shuffle.Mode.UP;
          case "down" -> Exchange.Shuffle.Mode.DOWN;
          case "bfly" -> Exchange.Shuffle.Mode.BUTTERFLY;
          default -> Exchange.Shuffle.Mode.INDEX;
        };
    PtxOperand target = operands.getFirst();
    int inRange = Instruction.NONE;
    if (target instanceof PtxOperand.Pair pair) {
      target = pair.first();
      inRange = frame.predicate(pair.second());
    }
    return new Exchange.Shuffle(
        mode,
        frame.narrow(target),
        inRange,
        frame.narrow(operands.get(1)),
        frame.narrow(operands.get(2)),
        frame.narrow(operands.get(3)),
        frame.narrow(operands.get(4)));
  }

  private Instruction vote(List<String> parts, List<PtxOperand> operands) {
    Exchange.Vote.Mode mode =
        switch (parts.get(2)) {
          case "all" -> Exchange.Vote.Mode.ALL;
          case "any" -> Exchange.Vote.Mode.ANY;
          case "uni" -> Exchange.Vote.Mode.UNIFORM;
          default -> Exchange.Vote.Mode.BALLOT;
        };
    int d =
        mode == Exchange.Vote.Mode.BALLOT
            ? frame.narrow(operands.getFirst())
            : frame.predicate(operands.getFirst());
    return new Exchange.Vote(
        mode, d, frame.predicateOperand(operands.get(1)), frame.narrow(operands.get(2)));
  }

  private Instruction match(List<String> parts, List<PtxOperand> operands) {
    if (!parts.get(1).equals("any") || Operands.typeBytes(parts.getLast()) != Integer.BYTES) {
      throw Decoder.unsupported("this match");
    }
    return new Exchange.Match(
        frame.narrow(operands.getFirst()),
        frame.narrow(operands.get(1)),
        frame.narrow(operands.get(2)));
  }
}
