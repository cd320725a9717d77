package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.Scopes.scoped;
import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Pass;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Both kinds of attention, each as a function for networks and as a piece of work. */
final class TorchAttention {
  private TorchAttention() {}

  /**
   * Softmax attention.
   *
   * @param qkv [N, T, 3 * heads * D]
   * @return [N, T, heads * D]
   */
  static Tensor attention(Tensor qkv, int heads) {
    TensorVector parts = split(qkv, heads);
    return join(torch.scaled_dot_product_attention(parts.get(0), parts.get(1), parts.get(2)));
  }

  /**
   * Linear attention, with the positions last.
   *
   * @param qkv [N, 3 * heads * D, T]
   * @return [N, heads * D, T]
   */
  static Tensor linearAttention(Tensor qkv, int heads) {
    TensorVector parts = splitChannelsFirst(qkv, heads);
    Tensor q = parts.get(0).softmax(-2);
    Tensor k = parts.get(1).softmax(-1);
    Tensor context = torch.matmul(parts.get(2), k.transpose(2, 3)).mul(scale(q.size(2)));
    return torch.matmul(context, q).reshape(qkv.size(0), -1, qkv.size(2));
  }

  private static Scalar scale(long headSize) {
    return new Scalar(1 / Math.sqrt(headSize));
  }

  /** q, k and v [N, heads, T, D], without a copy. */
  private static TensorVector split(Tensor qkv, int heads) {
    return qkv.view(qkv.size(0), qkv.size(1), 3, heads, qkv.size(2) / (3L * heads))
        .permute(2, 0, 3, 1, 4)
        .unbind();
  }

  /** q, k and v [N, heads, D, T], without a copy. */
  private static TensorVector splitChannelsFirst(Tensor qkv, int heads) {
    return qkv.view(qkv.size(0), 3, heads, qkv.size(1) / (3L * heads), qkv.size(2)).unbind(1);
  }

  /** From [N, heads, T, D] to [N, T, heads * D]. */
  private static Tensor join(Tensor out) {
    return out.transpose(1, 2).reshape(out.size(0), out.size(2), -1);
  }

  /** From [N, T, heads * D] to [N, heads, T, D], without a copy. */
  private static Tensor heads(Tensor x, int heads) {
    return x.view(x.size(0), x.size(1), heads, -1).transpose(1, 2);
  }

  /** From gradients of q, k and v [N, heads, T, D] to that of their common array. */
  private static Tensor pack(Tensor dQ, Tensor dK, Tensor dV) {
    return torch.stack(
        new TensorVector(dQ.transpose(1, 2), dK.transpose(1, 2), dV.transpose(1, 2)), 2);
  }

  static Operation prepare(Workload.Attention work) {
    int heads = work.heads();
    long columns = (long) heads * work.headSize();
    Tensor qkv = keep(TorchFormat.input("qkv", work.batch(), work.length(), 3 * columns));
    if (work.pass() == Pass.FORWARD) {
      return TorchOperation.of(() -> attention(qkv, heads), TorchFormat::values);
    }
    Tensor dOut =
        keep(heads(TorchFormat.input("dOut", work.batch(), work.length(), columns), heads));
    Aten.FlashAttention flash = new Aten.FlashAttention();
    TensorVector parts = split(qkv, heads);
    Tensor q = keep(new Tensor(parts.get(0)));
    Tensor k = keep(new Tensor(parts.get(1)));
    Tensor v = keep(new Tensor(parts.get(2)));
    Tensor[] forward = flash.forward(q, k, v);
    Tensor out = keep(forward[0]);
    Tensor logSumExp = keep(forward[1]);
    return TorchOperation.of(
        () -> {
          Tensor[] gradients = flash.backward(dOut, q, k, v, out, logSumExp);
          return pack(gradients[0], gradients[1], gradients[2]);
        },
        TorchFormat::values);
  }

  static Operation prepare(Workload.LinearAttention work) {
    int heads = work.heads();
    long columns = (long) heads * work.headSize();
    Tensor qkv = keep(channelsFirst("qkv", work.batch(), work.length(), 3 * columns));
    if (work.pass() == Pass.FORWARD) {
      return TorchOperation.of(
          () -> linearAttention(qkv, heads), out -> TorchFormat.values(out.transpose(1, 2)));
    }
    Tensor dOut = channelsFirst("dOut", work.batch(), work.length(), columns);
    TensorVector parts = splitChannelsFirst(qkv, heads);
    Tensor q = keep(parts.get(0).softmax(-2));
    Tensor k = keep(parts.get(1).softmax(-1));
    Tensor v = keep(new Tensor(parts.get(2)));
    Scalar scale = keep(scale(q.size(2)));
    Tensor context = keep(torch.matmul(v, k.transpose(2, 3)).mul(scale));
    Tensor d = keep(dOut.view(q.sizes()));
    Aten.SoftmaxBackward softmax = new Aten.SoftmaxBackward();
    return TorchOperation.of(
        () -> {
          Tensor dQ = scoped(() -> softmax.apply(torch.matmul(context.transpose(2, 3), d), q, -2));
          Tensor dContext = torch.matmul(d, q.transpose(2, 3)).mul_(scale);
          Tensor dV = torch.matmul(dContext, k);
          Tensor dK = scoped(() -> softmax.apply(torch.matmul(dContext.transpose(2, 3), v), k, -1));
          return torch.stack(new TensorVector(dQ, dK, dV), 1);
        },
        gradient ->
            TorchFormat.values(
                gradient.view(gradient.size(0), -1, gradient.size(4)).transpose(1, 2)));
  }

  /** An input [N, T, C] as [N, C, T]. */
  private static Tensor channelsFirst(String name, long n, long length, long channels) {
    return TorchFormat.input(name, n, length, channels).transpose(1, 2).contiguous();
  }
}
