package dev.jdiffusion.cuda.ptx;

import dev.jdiffusion.cuda.ptx.PtxLexer.Token;
import dev.jdiffusion.cuda.ptx.PtxOperand.Immediate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads PTX text. Registers and variables of inner blocks get names of their own, so that the model
 * of a function has no blocks.
 */
public final class PtxParser {
  private static final int DEEPEST_OPERAND = 16;
  private static final int MOST_REGISTERS = 1 << 20;
  private static final int MOST_ALIGNMENT = 1 << 20;

  private final List<Token> tokens;
  private int at;

  private String version = "";
  private String target = "";
  private final List<PtxVariable> globals = new ArrayList<>();
  private final Map<String, PtxFunction> functions = new LinkedHashMap<>();

  private PtxParser(List<Token> tokens) {
    this.tokens = tokens;
  }

  /**
   * The model of a text.
   *
   * @throws PtxException if it is not PTX
   */
  public static PtxModule parse(String text) {
    PtxParser parser = new PtxParser(PtxLexer.tokens(text));
    parser.module();
    return new PtxModule(
        parser.version, parser.target, List.copyOf(parser.globals), Map.copyOf(parser.functions));
  }

  private void module() {
    while (at < tokens.size()) {
      Token token = next();
      switch (token.text()) {
        case ".version" -> version = next().text();
        case ".target" -> {
          target = next().text();
          while (accept(",")) {
            next();
          }
        }
        case ".address_size" -> expect("64");
        case ".visible", ".weak", ".common", ".extern" -> {}
        case ".global", ".const", ".shared" -> variables(token, globals, name -> name);
        case ".entry" -> function(true);
        case ".func" -> function(false);
        case ".pragma" -> skipPast(";");
        default -> throw unexpected(token);
      }
    }
  }

  // Functions

  private void function(boolean entry) {
    List<PtxVariable> results = new ArrayList<>();
    if (accept("(")) {
      parameters(results);
    }
    Token name = next();
    List<PtxVariable> parameters = new ArrayList<>();
    if (accept("(")) {
      parameters(parameters);
    }
    int maximumThreads = 0;
    while (!peek().is("{") && !peek().is(";")) {
      Token directive = next();
      switch (directive.text()) {
        case ".maxntid", ".reqntid" -> {
          maximumThreads = 1;
          do {
            maximumThreads *= (int) integerUpTo(Short.MAX_VALUE);
          } while (accept(","));
        }
        case ".minnctapersm", ".maxnreg", ".maxnctapersm" -> next();
        case ".noreturn" -> {}
        case ".pragma" -> skipPast(";");
        default -> throw unexpected(directive);
      }
    }
    if (accept(";")) {
      return;
    }
    Body body = new Body();
    body.read();
    functions.put(
        name.text(),
        new PtxFunction(
            name.text(),
            name.line(),
            entry,
            List.copyOf(results),
            List.copyOf(parameters),
            Map.copyOf(body.registers),
            List.copyOf(body.variables),
            List.copyOf(body.instructions),
            Map.copyOf(body.labels),
            Map.copyOf(body.branchTargets),
            maximumThreads));
  }

  private void parameters(List<PtxVariable> into) {
    while (!accept(")")) {
      Token space = next();
      if (!space.is(".param")) {
        throw new PtxException(
            space.line(), "a parameter in " + space.text() + " is not supported");
      }
      into.add(variable("param", name -> name));
      accept(",");
    }
  }

  /** The inside of a function: its blocks, each with names of its own. */
  private final class Body {
    private final Map<String, String> registers = new HashMap<>();
    private final List<PtxVariable> variables = new ArrayList<>();
    private final List<PtxInstruction> instructions = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<String, List<String>> branchTargets = new HashMap<>();
    private final Deque<Map<String, String>> blocks = new ArrayDeque<>();
    private int blockCount;
    private int depth;

    void read() {
      expect("{");
      blocks.push(new HashMap<>());
      while (!blocks.isEmpty()) {
        Token token = next();
        switch (token.text()) {
          case "{" -> {
            blocks.push(new HashMap<>());
            blockCount++;
          }
          case "}" -> blocks.pop();
          case ";" -> {}
          case ".reg" -> registers();
          case ".local", ".shared", ".param" -> variables(token, variables, this::declare);
          case ".pragma", ".loc" -> skipStatement(token);
          default -> {
            if (peek().is(":")) {
              label(token);
            } else {
              at--;
              instruction();
            }
          }
        }
      }
    }

    private void skipStatement(Token token) {
      if (token.is(".pragma")) {
        skipPast(";");
      } else {
        while (peek().line() == token.line()) {
          next();
        }
      }
    }

    private String declare(String name) {
      String unique = blocks.size() == 1 ? name : name + "#" + blockCount;
      blocks.getFirst().put(name, unique);
      return unique;
    }

    private String resolve(String name) {
      for (Map<String, String> block : blocks) {
        String unique = block.get(name);
        if (unique != null) {
          return unique;
        }
      }
      return name;
    }

    private void registers() {
      String type = next().text().substring(1);
      do {
        Token name = next();
        if (accept("<")) {
          long count = integerUpTo(MOST_REGISTERS - registers.size());
          expect(">");
          for (int i = 0; i < count; i++) {
            registers.put(declare(name.text() + i), type);
          }
        } else {
          registers.put(declare(name.text()), type);
        }
      } while (accept(","));
      expect(";");
    }

    private void label(Token name) {
      expect(":");
      if (peek().is(".branchtargets")) {
        next();
        List<String> targets = new ArrayList<>();
        do {
          targets.add(next().text());
        } while (accept(","));
        expect(";");
        branchTargets.put(name.text(), List.copyOf(targets));
      } else if (labels.put(name.text(), instructions.size()) != null) {
        throw new PtxException(name.line(), "the label " + name.text() + " stands twice");
      }
    }

    private void instruction() {
      String guard = null;
      boolean negated = false;
      if (accept("@")) {
        negated = accept("!");
        guard = resolve(next().text());
      }
      Token opcode = next();
      if (!Character.isLetter(opcode.text().charAt(0))) {
        throw unexpected(opcode);
      }
      List<PtxOperand> operands = new ArrayList<>();
      while (!accept(";")) {
        operands.add(operand());
        if (!accept(",") && !peek().is(";")) {
          throw unexpected(peek());
        }
      }
      instructions.add(
          new PtxInstruction(opcode.line(), guard, negated, opcode.text(), List.copyOf(operands)));
    }

    private PtxOperand operand() {
      PtxOperand first = single();
      return accept("|") ? new PtxOperand.Pair(first, single()) : first;
    }

    private PtxOperand single() {
      if (++depth > DEEPEST_OPERAND) {
        throw new PtxException(peek().line(), "operands are nested too deeply");
      }
      PtxOperand operand = atDepth();
      depth--;
      return operand;
    }

    private PtxOperand atDepth() {
      if (accept("{")) {
        return new PtxOperand.Vector(list("}"));
      }
      if (accept("(")) {
        return new PtxOperand.Group(list(")"));
      }
      if (accept("[")) {
        return address();
      }
      if (accept("!")) {
        return new PtxOperand.Negated(resolve(next().text()));
      }
      if (peek().is("-") || peek().isNumber()) {
        return number();
      }
      Token name = next();
      if (!name.isWord()) {
        throw unexpected(name);
      }
      return new PtxOperand.Name(resolve(name.text()));
    }

    private List<PtxOperand> list(String end) {
      List<PtxOperand> elements = new ArrayList<>();
      while (!accept(end)) {
        elements.add(operand());
        accept(",");
      }
      return List.copyOf(elements);
    }

    private PtxOperand address() {
      String base = "";
      long offset = 0;
      if (peek().isWord()) {
        base = resolve(next().text());
      }
      while (!accept("]")) {
        accept("+");
        offset += number().bits();
      }
      return new PtxOperand.Address(base, offset);
    }
  }

  // Variables

  private interface Naming {
    String unique(String name);
  }

  private void variables(Token space, List<PtxVariable> into, Naming naming) {
    String spaceName = space.text().substring(1);
    do {
      into.add(variable(spaceName, naming));
    } while (accept(","));
    expect(";");
  }

  private PtxVariable variable(String space, Naming naming) {
    int align = 0;
    int elementBytes = 0;
    int elements = 1;
    while (peek().text().startsWith(".")) {
      Token word = next();
      switch (word.text()) {
        case ".align" -> align = (int) integerUpTo(MOST_ALIGNMENT);
        case ".v2" -> elements = 2;
        case ".v4" -> elements = 4;
        case ".ptr", ".global", ".const", ".shared", ".local" -> {}
        default -> elementBytes = typeBytes(word);
      }
    }
    Token name = next();
    long bytes = (long) elementBytes * elements;
    while (accept("[")) {
      bytes *= peek().is("]") ? 0 : integerUpTo(Integer.MAX_VALUE / Math.max(1, bytes));
      expect("]");
    }
    if (elementBytes == 0) {
      throw new PtxException(name.line(), "the variable " + name.text() + " has no type");
    }
    byte[] data = accept("=") ? initializer(elementBytes, (int) bytes) : new byte[0];
    return new PtxVariable(
        space,
        naming.unique(name.text()),
        align == 0 ? elementBytes * elements : align,
        bytes,
        data);
  }

  private byte[] initializer(int elementBytes, int bytes) {
    byte[] data = new byte[bytes];
    int position = 0;
    int depth = 0;
    do {
      if (accept("{")) {
        depth++;
      } else if (accept("}")) {
        depth--;
      } else if (!accept(",")) {
        Token first = peek();
        long bits = number().bits();
        if (position + elementBytes > bytes) {
          throw new PtxException(first.line(), "more values than the variable has room for");
        }
        for (int i = 0; i < elementBytes; i++) {
          data[position++] = (byte) (bits >> 8 * i);
        }
      }
    } while (depth > 0);
    return data;
  }

  /** Bytes of a type such as {@code .f32}. */
  private static int typeBytes(Token type) {
    return switch (type.text()) {
      case ".b8", ".u8", ".s8" -> 1;
      case ".b16", ".u16", ".s16", ".f16", ".bf16" -> 2;
      case ".b32", ".u32", ".s32", ".f32", ".f16x2", ".bf16x2" -> 4;
      case ".b64", ".u64", ".s64", ".f64" -> 8;
      default -> throw unexpected(type);
    };
  }

  // Numbers

  private Immediate number() {
    boolean negative = accept("-");
    Token token = next();
    String text = token.text();
    if (!token.isNumber()) {
      throw unexpected(token);
    }
    try {
      if (text.startsWith("0f") || text.startsWith("0F")) {
        return new Immediate(Immediate.Kind.FLOAT, Long.parseLong(text.substring(2), 16));
      }
      if (text.startsWith("0d") || text.startsWith("0D")) {
        return new Immediate(Immediate.Kind.DOUBLE, Long.parseUnsignedLong(text.substring(2), 16));
      }
      if (text.contains(".")) {
        double value = Double.parseDouble(text);
        return new Immediate(
            Immediate.Kind.DOUBLE, Double.doubleToRawLongBits(negative ? -value : value));
      }
      long value = integer(token);
      return new Immediate(Immediate.Kind.INTEGER, negative ? -value : value);
    } catch (NumberFormatException e) {
      throw unexpected(token);
    }
  }

  private long integerUpTo(long most) {
    Token token = next();
    long value = integer(token);
    if (value < 0 || value > most) {
      throw new PtxException(token.line(), token.text() + " is too much; at most " + most);
    }
    return value;
  }

  private static long integer(Token token) {
    String text = token.text().endsWith("U") ? chop(token.text()) : token.text();
    try {
      if (text.startsWith("0x") || text.startsWith("0X")) {
        return Long.parseUnsignedLong(text.substring(2), 16);
      }
      return Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      throw unexpected(token);
    }
  }

  private static String chop(String text) {
    return text.substring(0, text.length() - 1);
  }

  // Tokens

  private Token peek() {
    if (at == tokens.size()) {
      throw new PtxException(
          tokens.isEmpty() ? 1 : tokens.getLast().line(), "the text ends too early");
    }
    return tokens.get(at);
  }

  private Token next() {
    Token token = peek();
    at++;
    return token;
  }

  private boolean accept(String text) {
    if (at < tokens.size() && tokens.get(at).is(text)) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(String text) {
    Token token = next();
    if (!token.is(text)) {
      throw new PtxException(
          token.line(), "found '" + token.text() + "' in place of '" + text + "'");
    }
  }

  private void skipPast(String text) {
    while (!next().is(text)) {
      // Nothing in between matters.
    }
  }

  private static PtxException unexpected(Token token) {
    return new PtxException(token.line(), "'" + token.text() + "' is not expected here");
  }
}
