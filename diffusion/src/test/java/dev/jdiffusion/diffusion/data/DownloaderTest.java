package dev.jdiffusion.diffusion.data;

import static dev.jdiffusion.diffusion.data.TestFiles.assertUserError;
import static dev.jdiffusion.diffusion.data.TestFiles.gzip;
import static dev.jdiffusion.diffusion.data.TestFiles.idxImages;
import static dev.jdiffusion.diffusion.data.TestFiles.idxLabels;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.jdiffusion.diffusion.data.RemoteDataset.RemoteFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server on the loopback interface: the real mirrors differ in address only. */
class DownloaderTest {
  private static final byte[] IMAGES = gzip(idxImages(20, 8, 8));
  private static final byte[] LABELS = gzip(idxLabels(20));

  @TempDir private Path temporary;

  private interface Answer {
    void send(HttpExchange exchange) throws IOException;
  }

  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final AtomicInteger requests = new AtomicInteger();
  private final List<String> progress = new ArrayList<>();
  private HttpServer server;
  private ExecutorService threads;
  private Path cache;

  @BeforeEach
  void start() throws IOException {
    cache = temporary.resolve("cache").resolve("tiny");
    threads = Executors.newCachedThreadPool();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          String path = exchange.getRequestURI().getPath();
          Answer answer = answers.getOrDefault(path, e -> e.sendResponseHeaders(404, -1));
          try (exchange) {
            answer.send(exchange);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static Answer content(byte[] bytes) {
    return exchange -> {
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private RemoteDataset dataset(String... mirrors) throws IOException {
    List<URI> addresses = new ArrayList<>();
    for (String mirror : mirrors) {
      addresses.add(
          URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/" + mirror + "/"));
    }
    return new RemoteDataset(
        "tiny", addresses, file("i.gz", IMAGES), file("l.gz", LABELS), List.of("zero", "one"));
  }

  private RemoteFile file(String name, byte[] content) throws IOException {
    Path file = Files.write(temporary.resolve(name), content);
    return new RemoteFile(name, content.length, Downloader.sha256(file));
  }

  private void serve(String mirror) {
    answers.put("/" + mirror + "/i.gz", content(IMAGES));
    answers.put("/" + mirror + "/l.gz", content(LABELS));
  }

  private ImageDataset open(RemoteDataset dataset) {
    Downloader downloader =
        new Downloader(Duration.ofSeconds(5), Duration.ofSeconds(30), progress::add);
    return Datasets.openRemote(dataset, cache, downloader, DatasetOptions.DEFAULTS);
  }

  private void assertOnlyComplete(String... names) throws IOException {
    try (var files = Files.list(cache)) {
      assertEquals(
          List.of(names), files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void filesAreFetchedOnceAndKept() throws IOException {
    serve("a");
    try (ImageDataset dataset = open(dataset("a"))) {
      assertEquals(20, dataset.size());
      assertEquals(3, dataset.label(3));
      assertEquals("tiny", dataset.name());
    }
    assertOnlyComplete("i.gz", "l.gz");
    assertArrayEquals(IMAGES, Files.readAllBytes(cache.resolve("i.gz")));
    assertEquals(2, requests.get());
    assertEquals(2, progress.size());
    server.stop(0);
    open(dataset("a")).close();
    assertEquals(2, requests.get());
  }

  @Test
  void theNextMirrorIsTriedWhenOneFails() throws IOException {
    answers.put("/a/i.gz", e -> e.sendResponseHeaders(503, -1));
    byte[] altered = IMAGES.clone();
    altered[30] ^= 1;
    answers.put("/b/i.gz", content(altered));
    answers.put(
        "/c/i.gz",
        exchange -> {
          exchange.sendResponseHeaders(200, IMAGES.length);
          exchange.getResponseBody().write(IMAGES, 0, 50);
        });
    answers.put("/d/i.gz", content(Arrays.copyOf(IMAGES, IMAGES.length + 1000)));
    serve("e");
    open(dataset("a", "b", "c", "d", "e")).close();
    assertOnlyComplete("i.gz", "l.gz");
    assertTrue(requests.get() >= 10, () -> requests + " requests");
  }

  @Test
  void aRedirectionIsFollowed() throws IOException {
    serve("real");
    answers.put(
        "/a/i.gz",
        exchange -> {
          exchange.getResponseHeaders().set("Location", "/real/i.gz");
          exchange.sendResponseHeaders(302, -1);
        });
    answers.put("/a/l.gz", content(LABELS));
    open(dataset("a")).close();
    assertOnlyComplete("i.gz", "l.gz");
  }

  @Test
  void damageInTheCacheIsFetchedAgain() throws IOException {
    serve("a");
    open(dataset("a")).close();
    byte[] damaged = IMAGES.clone();
    damaged[40] ^= 1;
    Files.write(cache.resolve("i.gz"), damaged);
    open(dataset("a")).close();
    assertArrayEquals(IMAGES, Files.readAllBytes(cache.resolve("i.gz")));
    assertEquals(3, requests.get());
  }

  @Test
  void offlineTheErrorSaysWhichFilesToPutWhere() throws IOException {
    RemoteDataset dataset = dataset("a");
    server.stop(0);
    assertUserError(
        () -> open(dataset),
        "tiny: cannot download i.gz (127.0.0.1: ",
        "i.gz (SHA-256 " + dataset.images().sha256() + ")",
        "l.gz (SHA-256 " + dataset.labels().sha256() + ")",
        cache.toString(),
        "--dataset FOLDER");
    assertOnlyComplete();
    Files.write(cache.resolve("i.gz"), IMAGES);
    Files.write(cache.resolve("l.gz"), LABELS);
    open(dataset).close();
  }

  @Test
  void aWrongFileFromEveryMirrorIsNeverUsed() throws IOException {
    answers.put("/a/i.gz", content(LABELS));
    answers.put("/b/i.gz", e -> e.sendResponseHeaders(404, -1));
    assertUserError(() -> open(dataset("a", "b")), "sent a file with SHA-256", "HTTP status 404");
    assertOnlyComplete();
  }

  @Test
  void aServerThatStallsIsGivenUp() throws IOException {
    answers.put(
        "/a/i.gz",
        exchange -> {
          exchange.sendResponseHeaders(200, IMAGES.length);
          exchange.getResponseBody().write(IMAGES, 0, 10);
          exchange.getResponseBody().flush();
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    serve("b");
    Downloader hasty = new Downloader(Duration.ofSeconds(5), Duration.ofMillis(700), progress::add);
    hasty.fetch(dataset("a", "b"), cache);
    assertOnlyComplete("i.gz", "l.gz");
  }

  @Test
  void aCacheFolderThatCannotBeMadeIsNamed() throws IOException {
    Files.write(temporary.resolve("cache"), new byte[0]);
    serve("a");
    assertUserError(() -> open(dataset("a")), "cannot write to the cache folder " + cache);
  }

  @Test
  void thePublishedDatasetsComeOverHttpsWithTheirHashes() {
    for (RemoteDataset dataset : List.of(RemoteDataset.MNIST, RemoteDataset.FASHION_MNIST)) {
      assertTrue(dataset.mirrors().size() >= 2);
      for (URI mirror : dataset.mirrors()) {
        assertEquals("https", mirror.getScheme());
        assertTrue(mirror.getPath().endsWith("/"));
      }
      for (RemoteFile file : List.of(dataset.images(), dataset.labels())) {
        assertTrue(file.sha256().matches("[0-9a-f]{64}"));
        assertTrue(file.name().matches("train-(images-idx3|labels-idx1)-ubyte\\.gz"));
      }
      assertEquals(10, dataset.classNames().size());
    }
  }
}
