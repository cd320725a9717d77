package dev.jdiffusion.cuda.ptx;

import java.util.List;
import java.util.stream.Collectors;

/** What an instruction is given. */
public sealed interface PtxOperand {

  /** A register, a special register, a variable, a label, a function, or {@code _} for none. */
  record Name(String name) implements PtxOperand {
    @Override
    public String toString() {
      return name;
    }
  }

  /** The other truth value of a predicate register. */
  record Negated(String name) implements PtxOperand {
    @Override
    public String toString() {
      return "!" + name;
    }
  }

  /** An integer, or the bits of a floating-point number of 4 or 8 bytes. */
  record Immediate(Kind kind, long bits) implements PtxOperand {
    /** How the number is written. */
    public enum Kind {
      INTEGER,
      FLOAT,
      DOUBLE
    }

    @Override
    public String toString() {
      return switch (kind) {
        case INTEGER -> Long.toString(bits);
        case FLOAT -> Float.toString(Float.intBitsToFloat((int) bits));
        case DOUBLE -> Double.toString(Double.longBitsToDouble(bits));
      };
    }
  }

  /** {@code [base + offset]}; the base is a register or a variable, or empty for none. */
  record Address(String base, long offset) implements PtxOperand {
    @Override
    public String toString() {
      return "[" + base + (offset == 0 ? "" : "+" + offset) + "]";
    }
  }

  /** {@code {a, b}}. */
  record Vector(List<PtxOperand> elements) implements PtxOperand {
    @Override
    public String toString() {
      return elements.stream().map(Object::toString).collect(Collectors.joining(", ", "{", "}"));
    }
  }

  /** {@code (a, b)}: what a call gives and takes. */
  record Group(List<PtxOperand> elements) implements PtxOperand {
    @Override
    public String toString() {
      return elements.stream().map(Object::toString).collect(Collectors.joining(", ", "(", ")"));
    }
  }

  /** {@code a|b}: two results. */
  record Pair(PtxOperand first, PtxOperand second) implements PtxOperand {
    @Override
    public String toString() {
      return first + "|" + second;
    }
  }
}
