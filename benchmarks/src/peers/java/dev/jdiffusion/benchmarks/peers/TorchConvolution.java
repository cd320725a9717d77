package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.TorchOperation.keep;

import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Pass;
import java.util.List;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Convolutions and their gradients. */
final class TorchConvolution {
  private TorchConvolution() {}

  static Operation prepare(Workload.Convolution work, TorchFormat format) {
    int groups = work.geometry().groups();
    boolean transposed = work.transposed();
    Tensor input =
        keep(format.pictures("input", work.batch(), work.extent(), work.extent(), work.inputs()));
    int rows = (transposed ? work.outputs() : work.inputs()) / groups;
    int columns = transposed ? work.inputs() : work.outputs();
    Tensor weight =
        keep(
            format.weight(
                TorchFormat.input("weight", work.window(), work.window(), rows, columns)));
    long[] stride = {work.geometry().stride(), work.geometry().stride()};
    long[] padding = {work.geometry().padding(), work.geometry().padding()};
    long[] dilation = {1, 1};
    long[] outputPadding = {0, 0};

    if (work.pass() == Pass.FORWARD) {
      TensorOptional bias = keep(new TensorOptional(TorchFormat.input("bias", work.outputs())));
      return TorchOperation.of(
          () ->
              torch.convolution(
                  input,
                  weight,
                  bias,
                  stride,
                  padding,
                  dilation,
                  transposed,
                  outputPadding,
                  groups),
          TorchFormat::pictureValues);
    }
    int extent = work.outputExtent();
    Tensor dOut = keep(format.pictures("dOut", work.batch(), extent, extent, work.outputs()));
    long[] biasShape = {work.outputs()};
    BoolPointer all = keep(all());
    return TorchOperation.of(
        () -> {
          T_TensorTensorTensor_T gradients =
              torch.convolution_backward(
                  dOut,
                  input,
                  weight,
                  biasShape,
                  stride,
                  padding,
                  dilation,
                  transposed,
                  outputPadding,
                  groups,
                  all);
          return parts(gradients);
        },
        List.of(TorchFormat::pictureValues, TorchFormat::weightValues, TorchFormat::values));
  }

  /** Says that all three gradients are wanted. */
  static BoolPointer all() {
    return new BoolPointer(3).put(0, true).put(1, true).put(2, true);
  }

  /** The parts as tensors of their own: a tuple's are gone with it. */
  static Tensor[] parts(T_TensorTensorTensor_T tuple) {
    return new Tensor[] {
      new Tensor(tuple.get0()), new Tensor(tuple.get1()), new Tensor(tuple.get2())
    };
  }
}
