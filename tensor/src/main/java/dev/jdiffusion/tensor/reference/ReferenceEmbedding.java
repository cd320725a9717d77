package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Embedding;

final class ReferenceEmbedding implements Embedding {
  @Override
  public void forward(Tensor table, IntTensor indices, Tensor out) {
    int width = table.dim(1);
    int[] rows = indices.values();
    Values from = Values.of(table);
    Values to = Values.of(out.reshape(Shape.of(rows.length, width)));
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < width; d++) {
        to.set(i, d, from.get(rows[i], d));
      }
    }
  }

  @Override
  public void backward(Tensor dOut, IntTensor indices, Tensor dTable) {
    int width = dTable.dim(1);
    int[] rows = indices.values();
    Values from = Values.of(dOut.reshape(Shape.of(rows.length, width)));
    Values to = Values.of(dTable);
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < width; d++) {
        to.add(rows[i], d, from.get(i, d));
      }
    }
  }
}
