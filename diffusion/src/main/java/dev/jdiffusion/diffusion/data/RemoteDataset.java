package dev.jdiffusion.diffusion.data;

import java.net.URI;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A published dataset of IDX files: where it can be fetched and what its files must hash to.
 *
 * @param name the name on the command line and of its folder in the cache
 * @param mirrors addresses that serve the files under their names, tried in order
 * @param images the file of pictures
 * @param labels the file of labels
 * @param classNames the classes by number
 */
record RemoteDataset(
    String name, List<URI> mirrors, RemoteFile images, RemoteFile labels, List<String> classNames) {

  /** A file, its size and the SHA-256 of its content. */
  record RemoteFile(String name, long bytes, String sha256) {}

  /** MNIST (Y. LeCun, C. Cortes, C. Burges), the training set. */
  static final RemoteDataset MNIST =
      new RemoteDataset(
          "mnist",
          List.of(
              URI.create("https://ossci-datasets.s3.amazonaws.com/mnist/"),
              URI.create("https://storage.googleapis.com/cvdf-datasets/mnist/")),
          new RemoteFile(
              "train-images-idx3-ubyte.gz",
              9_912_422,
              "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          new RemoteFile(
              "train-labels-idx1-ubyte.gz",
              28_881,
              "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
          IntStream.range(0, 10).mapToObj(Integer::toString).toList());

  /** Fashion-MNIST (Zalando Research), the training set. */
  static final RemoteDataset FASHION_MNIST =
      new RemoteDataset(
          "fashion-mnist",
          List.of(
              URI.create(
                  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"),
              URI.create("https://fashion-mnist.s3.eu-central-1.amazonaws.com/")),
          new RemoteFile(
              "train-images-idx3-ubyte.gz",
              26_421_880,
              "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
          new RemoteFile(
              "train-labels-idx1-ubyte.gz",
              29_515,
              "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
          List.of(
              "T-shirt/top",
              "Trouser",
              "Pullover",
              "Dress",
              "Coat",
              "Sandal",
              "Shirt",
              "Sneaker",
              "Bag",
              "Ankle boot"));
}
