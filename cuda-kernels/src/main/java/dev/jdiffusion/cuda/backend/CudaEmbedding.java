package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Embedding;
import java.util.Arrays;

/** Rows of a table: {@code embedding.cu}. */
final class CudaEmbedding implements Embedding {
  private static final String FILE = "embedding";
  private static final int THREADS = 128;

  private final Kernels kernels;
  private final CudaMemory memory;

  CudaEmbedding(Kernels kernels, CudaMemory memory) {
    this.kernels = kernels;
    this.memory = memory;
  }

  @Override
  public void forward(Tensor table, IntTensor indices, Tensor out) {
    try (DeviceInts rows = memory.upload(indices.values())) {
      kernels
          .get(FILE, "embedding_forward")
          .with(table)
          .with(rows)
          .with(out)
          .with(table.dim(1))
          .launch(indices.values().length, THREADS);
    }
  }

  @Override
  public void backward(Tensor dOut, IntTensor indices, Tensor dTable) {
    int[] values = indices.values();
    int count = values.length;
    // The index in the upper half, the position in the lower: sorted by index, then by position.
    long[] sorted = new long[count];
    for (int i = 0; i < count; i++) {
      sorted[i] = (long) values[i] << 32 | i;
    }
    Arrays.sort(sorted);
    int[] positions = new int[count];
    int[] rows = new int[count];
    int[] starts = new int[count + 1];
    int distinct = 0;
    for (int i = 0; i < count; i++) {
      positions[i] = (int) sorted[i];
      int row = (int) (sorted[i] >> 32);
      if (i == 0 || row != rows[distinct - 1]) {
        rows[distinct] = row;
        starts[distinct++] = i;
      }
    }
    starts[distinct] = count;
    try (DeviceInts deviceRows = memory.upload(Arrays.copyOf(rows, distinct));
        DeviceInts deviceStarts = memory.upload(Arrays.copyOf(starts, distinct + 1));
        DeviceInts devicePositions = memory.upload(positions)) {
      kernels
          .get(FILE, "embedding_backward")
          .with(dOut)
          .with(deviceRows)
          .with(deviceStarts)
          .with(devicePositions)
          .with(dTable)
          .with(dTable.dim(1))
          .launch(distinct, THREADS);
    }
  }
}
