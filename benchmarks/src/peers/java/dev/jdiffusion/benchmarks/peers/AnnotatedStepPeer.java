package dev.jdiffusion.benchmarks.peers;

import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * How long one training step of the {@code annotated} preset takes in libtorch: batch 128 of
 * 28x28x1, Huber loss, backward, Adam at 1e-3; once per memory format, median of seven steps after
 * two that are not counted.
 *
 * <p>Arguments, all optional: the number of threads (2), the batch (128).
 */
public final class AnnotatedStepPeer {
  private static final long EXPECTED_PARAMETERS = 2_996_315;
  private static final int WARM_UP = 2;
  private static final int MEASURED = 7;

  private AnnotatedStepPeer() {}

  /** Prints one line per memory format. */
  public static void main(String[] args) throws IOException {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
    int batch = args.length > 1 ? Integer.parseInt(args[1]) : 128;
    torch.set_num_threads(threads);
    String version = Loader.getVersion("org.bytedeco", "pytorch");
    for (boolean channelsLast : new boolean[] {false, true}) {
      double[] seconds = measure(channelsLast, batch);
      double[] sorted = seconds.clone();
      Arrays.sort(sorted);
      System.out.printf(
          Locale.ROOT,
          "libtorch %s, %s, %d threads, batch %d: %.3f s per step (median of %d: %.3f to %.3f)%n",
          version,
          channelsLast ? "channels_last" : "contiguous",
          threads,
          batch,
          sorted[MEASURED / 2],
          MEASURED,
          sorted[0],
          sorted[MEASURED - 1]);
    }
  }

  private static double[] measure(boolean channelsLast, int batch) {
    try (var model = new PointerScope()) {
      torch.manual_seed(1);
      AnnotatedUnet unet = new AnnotatedUnet(channelsLast);
      if (unet.parameterCount() != EXPECTED_PARAMETERS) {
        throw new IllegalStateException(
            "the network has "
                + unet.parameterCount()
                + " parameters, expected "
                + EXPECTED_PARAMETERS);
      }
      TensorVector parameters = new TensorVector(unet.parameters().toArray(new Tensor[0]));
      Adam adam = new Adam(parameters, new AdamOptions(1e-3));
      Tensor images = torch.rand(batch, 1, 28, 28).mul(new Scalar(2.0)).sub(new Scalar(1.0));
      double[] seconds = new double[MEASURED];
      for (int i = -WARM_UP; i < MEASURED; i++) {
        long start = System.nanoTime();
        double loss;
        try (var step = new PointerScope()) {
          loss = step(unet, adam, images, channelsLast);
        }
        if (i >= 0) {
          seconds[i] = (System.nanoTime() - start) * 1e-9;
        }
        if (!Double.isFinite(loss)) {
          throw new IllegalStateException("the loss of step " + i + " is " + loss);
        }
      }
      return seconds;
    }
  }

  private static double step(AnnotatedUnet unet, Adam adam, Tensor images, boolean channelsLast) {
    long batch = images.size(0);
    Tensor t = torch.randint(200, new long[] {batch}).to(torch.ScalarType.Float);
    Tensor noise = torch.randn(images.size(0), 1, 28, 28);
    // A cosine schedule in closed form: the same work as looking coefficients up.
    Tensor angle = t.mul(new Scalar(Math.PI / 2 / 200)).reshape(-1, 1, 1, 1);
    Tensor noisy = images.mul(angle.cos()).add(noise.mul(angle.sin()));
    if (channelsLast) {
      noisy = noisy.contiguous(torch.MemoryFormat.ChannelsLast);
    }
    adam.zero_grad();
    Tensor loss = torch.smooth_l1_loss(unet.forward(noisy, t), noise);
    loss.backward();
    adam.step();
    return loss.item_float();
  }
}
