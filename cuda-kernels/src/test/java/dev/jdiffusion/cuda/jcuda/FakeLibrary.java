package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A shared library for Linux on x86-64, written without a compiler, each of whose functions jumps
 * to an address that can be set: so that native code which asks the loader for a library by its
 * name ends up in Java. It is the smallest file that the loader takes (System V ABI, chapters 4 and
 * 5): headers, a symbol table with its hash table, the jumps, and a writable page of targets; and a
 * version for all symbols, called as the library is, which NVIDIA's have and their users ask for.
 */
@SuppressWarnings("restricted")
public final class FakeLibrary {
  private static final int PAGE = 4096;
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int SYMBOL = 24;
  private static final int JUMP = 8;
  private static final int DEFINITION = 28;
  private static final String TARGETS = "targets";

  /** A function that needs no target: it returns 0, for times when Java would be in the way. */
  private static final String RETURN_0 = "return_0";

  private final List<String> functions;
  private final SymbolLookup symbols;
  private final MemorySegment targets;
  private final Map<String, MemorySegment> methods = new HashMap<>();

  /**
   * Writes and loads the library, for as long as the process runs.
   *
   * @param name as in {@code libcuda.so.1}: from now on the loader takes this library for that one
   * @param implementation whose methods, all of them with ints, longs and addresses, are the
   *     library's functions if their names start with the prefix; they may throw nothing
   * @param lookup that may call them
   */
  public FakeLibrary(
      Path directory,
      String name,
      Object implementation,
      MethodHandles.Lookup lookup,
      String prefix)
      throws IOException {
    List<Method> all =
        Arrays.stream(implementation.getClass().getDeclaredMethods())
            .filter(method -> method.getName().startsWith(prefix))
            .toList();
    functions = all.stream().map(Method::getName).toList();
    Path file = directory.resolve(name);
    Files.write(file, image(name, functions));
    symbols = SymbolLookup.libraryLookup(file, Arena.global());
    targets = symbols.find(TARGETS).orElseThrow().reinterpret(8L * functions.size());
    for (Method method : all) {
      methods.put(method.getName(), stub(method, implementation, lookup));
      direct(method.getName(), methods.get(method.getName()));
    }
  }

  /** What the loader would give to others. */
  public SymbolLookup symbols() {
    return symbols;
  }

  /** Lets a function return 0 at once while an action runs, without a call into Java. */
  void shortCut(String function, Runnable action) {
    direct(function, symbols.find(RETURN_0).orElseThrow());
    try {
      action.run();
    } finally {
      direct(function, methods.get(function));
    }
  }

  /** Makes a function jump to an address. */
  private void direct(String function, MemorySegment target) {
    targets.setAtIndex(ADDRESS, functions.indexOf(function), target);
  }

  private static MemorySegment stub(
      Method method, Object implementation, MethodHandles.Lookup lookup) {
    try {
      return Linker.nativeLinker()
          .upcallStub(
              lookup.unreflect(method).bindTo(implementation),
              FunctionDescriptor.of(
                  layout(method.getReturnType()),
                  Arrays.stream(method.getParameterTypes())
                      .map(FakeLibrary::layout)
                      .toArray(MemoryLayout[]::new)),
              Arena.global());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static MemoryLayout layout(Class<?> type) {
    return type == int.class ? JAVA_INT : type == long.class ? JAVA_LONG : ADDRESS;
  }

  private static byte[] image(String name, List<String> functions) {
    List<String> names = new ArrayList<>(functions);
    names.add(RETURN_0);
    names.add(TARGETS);
    ByteArrayOutputStream strings = new ByteArrayOutputStream();
    strings.write(0);
    int soname = append(strings, name);

    int programHeaders = 4;
    int hash = HEADER + programHeaders * PROGRAM_HEADER;
    int table = align(hash + 4 * (2 + 1 + names.size() + 1), 8);
    int symbolVersions = table + SYMBOL * (names.size() + 1);
    int definitions = align(symbolVersions + 2 * (names.size() + 1), 8);
    int text = align(definitions + 2 * DEFINITION, 16);
    int stringsAt = text + JUMP * (functions.size() + 1);
    List<Integer> nameOffsets = names.stream().map(each -> append(strings, each)).toList();
    int dynamic = align(stringsAt + strings.size(), PAGE);
    int dynamicSize = 16 * 9;
    int slots = dynamic + dynamicSize;
    int end = slots + 8 * functions.size();

    ByteBuffer file = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    file.putShort((short) 3).putShort((short) 62).putInt(1); // a shared object for x86-64
    file.putLong(0).putLong(HEADER).putLong(0).putInt(0);
    file.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) programHeaders);
    file.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    programHeader(file, 1, 5, 0, stringsAt + strings.size(), PAGE); // loaded, to read and execute
    programHeader(file, 1, 6, dynamic, end - dynamic, PAGE); // loaded, to read and write
    programHeader(file, 2, 6, dynamic, dynamicSize, 8);
    programHeader(file, 0x6474e551, 6, 0, 0, 16); // a stack that cannot be executed

    // One bucket: a chain through all symbols.
    file.position(hash);
    file.putInt(1).putInt(names.size() + 1).putInt(1).putInt(0);
    for (int i = 1; i <= names.size(); i++) {
      file.putInt(i < names.size() ? i + 1 : 0);
    }

    file.position(table + SYMBOL);
    for (int i = 0; i < names.size(); i++) {
      boolean function = !names.get(i).equals(TARGETS);
      file.putInt(nameOffsets.get(i)).put((byte) (function ? 0x12 : 0x11)).put((byte) 0);
      file.putShort((short) 1).putLong(function ? text + JUMP * i : slots).putLong(JUMP);
    }

    file.position(symbolVersions);
    file.putShort((short) 0);
    names.forEach(unused -> file.putShort((short) 2));
    // The library's own name, then the version: each with one name, which follows.
    file.position(definitions);
    for (int i = 1; i <= 2; i++) {
      file.putShort((short) 1).putShort((short) (i == 1 ? 1 : 0)).putShort((short) i);
      file.putShort((short) 1).putInt(hash(name)).putInt(20).putInt(i == 1 ? DEFINITION : 0);
      file.putInt(soname).putInt(0);
    }

    file.position(text);
    for (int i = 0; i < functions.size(); i++) {
      int after = text + JUMP * i + 6;
      file.put((byte) 0xff).put((byte) 0x25).putInt(slots + 8 * i - after); // jmp *slot(%rip)
      file.putShort((short) 0);
    }
    file.put(new byte[] {0x31, (byte) 0xc0, (byte) 0xc3, 0, 0, 0, 0, 0}); // xor %eax,%eax; ret

    file.position(stringsAt);
    file.put(strings.toByteArray());
    file.position(dynamic);
    file.putLong(14).putLong(soname); // DT_SONAME
    file.putLong(4).putLong(hash); // DT_HASH
    file.putLong(5).putLong(stringsAt); // DT_STRTAB
    file.putLong(6).putLong(table); // DT_SYMTAB
    file.putLong(10).putLong(strings.size()); // DT_STRSZ
    file.putLong(0x6ffffff0).putLong(symbolVersions); // DT_VERSYM
    file.putLong(0x6ffffffc).putLong(definitions); // DT_VERDEF
    file.putLong(0x6ffffffd).putLong(2); // DT_VERDEFNUM
    file.putLong(0).putLong(0);
    return file.array();
  }

  /** As the loader computes it of a version's name. */
  private static int hash(String name) {
    int hash = 0;
    for (byte each : name.getBytes(US_ASCII)) {
      hash = (hash << 4) + each;
      int high = hash & 0xf0000000;
      hash = (hash ^ high >>> 24) & ~high;
    }
    return hash;
  }

  private static void programHeader(
      ByteBuffer file, int type, int flags, long offset, long size, long alignment) {
    file.putInt(type).putInt(flags).putLong(offset).putLong(offset).putLong(offset);
    file.putLong(size).putLong(size).putLong(alignment);
  }

  private static int append(ByteArrayOutputStream strings, String text) {
    int offset = strings.size();
    strings.writeBytes(text.getBytes(US_ASCII));
    strings.write(0);
    return offset;
  }

  private static int align(int value, int step) {
    return (value + step - 1) / step * step;
  }
}
