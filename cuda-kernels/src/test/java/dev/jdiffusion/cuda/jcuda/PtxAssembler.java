package dev.jdiffusion.cuda.jcuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.jcuda.JCudaNatives.Library;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;

/** NVIDIA's assembler, which needs neither a GPU nor a driver nor a toolkit. */
final class PtxAssembler {
  private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(.*?)' for");
  private static final Pattern SPILLS =
      Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+)(?:\\+\\d+)? bytes smem");

  /**
   * What a kernel takes of a multiprocessor.
   *
   * @param registers of each thread
   * @param spillBytes of each thread, stores and loads of registers that did not fit
   * @param sharedBytes of each block, without what the launch adds
   */
  record Usage(int registers, int spillBytes, int sharedBytes) {
    Usage max(Usage other) {
      return new Usage(
          Math.max(registers, other.registers),
          Math.max(spillBytes, other.spillBytes),
          Math.max(sharedBytes, other.sharedBytes));
    }
  }

  private PtxAssembler() {}

  /**
   * Assembles a module.
   *
   * @param architecture such as {@code sm_90}
   * @return what each kernel uses, by name
   * @throws GpuException with the assembler's messages if it refuses the PTX
   */
  static Map<String, Usage> assemble(String ptx, String architecture) {
    JCudaNatives.load(Library.ASSEMBLER);
    byte[] text = (ptx + "\0").getBytes(UTF_8);
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    check("nvPTXCompilerCreate", JNvPTXCompiler.nvPTXCompilerCreate(compiler, text.length, text));
    try {
      String[] options = {"--gpu-name=" + architecture, "--verbose"};
      int result = JNvPTXCompiler.nvPTXCompilerCompile(compiler, options.length, options);
      long[] size = new long[1];
      if (result != nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
        check(
            "nvPTXCompilerGetErrorLogSize",
            JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(compiler, size));
        byte[] log = new byte[(int) size[0] + 1];
        check("nvPTXCompilerGetErrorLog", JNvPTXCompiler.nvPTXCompilerGetErrorLog(compiler, log));
        throw new GpuException(
            nvPTXCompileResult.stringFor(result) + " for " + architecture + ": " + text(log));
      }
      check(
          "nvPTXCompilerGetInfoLogSize",
          JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(compiler, size));
      byte[] log = new byte[(int) size[0] + 1];
      check("nvPTXCompilerGetInfoLog", JNvPTXCompiler.nvPTXCompilerGetInfoLog(compiler, log));
      return usages(text(log));
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(compiler);
    }
  }

  /** Reads the assembler's report: a kernel's name, then its spills, then its registers. */
  private static Map<String, Usage> usages(String log) {
    Map<String, Usage> usages = new TreeMap<>();
    String kernel = "";
    int spills = 0;
    for (String line : log.split("\n")) {
      Matcher entry = ENTRY.matcher(line);
      Matcher spilled = SPILLS.matcher(line);
      Matcher registers = REGISTERS.matcher(line);
      if (entry.find()) {
        kernel = entry.group(1);
        spills = 0;
      } else if (spilled.find()) {
        spills += Integer.parseInt(spilled.group(1)) + Integer.parseInt(spilled.group(2));
      } else if (registers.find()) {
        Matcher shared = SHARED.matcher(line);
        int sharedBytes = shared.find() ? Integer.parseInt(shared.group(1)) : 0;
        usages.put(kernel, new Usage(Integer.parseInt(registers.group(1)), spills, sharedBytes));
      }
    }
    return usages;
  }

  private static void check(String call, int result) {
    if (result != nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
      throw new GpuException(call + " failed with " + nvPTXCompileResult.stringFor(result));
    }
  }

  private static String text(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    int end = text.indexOf('\0');
    return (end < 0 ? text : text.substring(0, end)).strip();
  }
}
