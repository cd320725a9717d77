package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Embedding;

/** Rows of a table. Copies are too small to share among threads. */
final class CpuEmbedding implements Embedding {
  @Override
  public void forward(Tensor table, IntTensor indices, Tensor out) {
    int features = table.dim(1);
    float[] from = FloatStorage.array(table);
    float[] to = FloatStorage.array(out);
    int at = out.offset();
    for (int index : indices.values()) {
      System.arraycopy(from, table.offset() + index * features, to, at, features);
      at += features;
    }
  }

  @Override
  public void backward(Tensor dOut, IntTensor indices, Tensor dTable) {
    int features = dTable.dim(1);
    float[] from = FloatStorage.array(dOut);
    float[] to = FloatStorage.array(dTable);
    int at = dOut.offset();
    for (int index : indices.values()) {
      int row = dTable.offset() + index * features;
      ArithmeticLoops.add(to, row, from, at, to, row, features);
      at += features;
    }
  }
}
