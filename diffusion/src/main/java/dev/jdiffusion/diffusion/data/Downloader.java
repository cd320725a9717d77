package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.AtomicFiles;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.data.RemoteDataset.RemoteFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Fetches published files into a cache folder, once; every file is verified by its SHA-256 before
 * it is used, whether it was just fetched, lay in the cache or was put there by hand.
 */
final class Downloader {
  private final Duration connectTimeout;
  private final Duration fileTimeout;
  private final Consumer<String> progress;

  Downloader(Duration connectTimeout, Duration fileTimeout, Consumer<String> progress) {
    this.connectTimeout = connectTimeout;
    this.fileTimeout = fileTimeout;
    this.progress = progress;
  }

  /** A patient downloader that tells {@code progress} what it fetches. */
  Downloader(Consumer<String> progress) {
    this(Duration.ofSeconds(20), Duration.ofMinutes(15), progress);
  }

  /**
   * Makes sure that {@code folder} has the verified files of {@code dataset}.
   *
   * @throws UserError when a file can be had from none of the mirrors; it says which files to put
   *     into the folder by hand
   */
  void fetch(RemoteDataset dataset, Path folder) {
    for (RemoteFile file : List.of(dataset.images(), dataset.labels())) {
      if (!isVerified(folder.resolve(file.name()), file)) {
        fetch(dataset, file, folder);
      }
    }
  }

  private static boolean isVerified(Path path, RemoteFile file) {
    try {
      return Files.isRegularFile(path)
          && Files.size(path) == file.bytes()
          && sha256(path).equals(file.sha256());
    } catch (IOException e) {
      throw UserError.io("cannot read " + path, e, "check its permissions or delete it");
    }
  }

  private void fetch(RemoteDataset dataset, RemoteFile file, Path folder) {
    Path temporary;
    try {
      Files.createDirectories(folder);
      temporary = Files.createTempFile(folder, file.name(), ".part");
    } catch (IOException e) {
      throw UserError.io(
          "cannot write to the cache folder " + folder,
          e,
          "check its permissions, set XDG_CACHE_HOME to another one, or pass a folder of your own"
              + " with --dataset");
    }
    List<String> failures = new ArrayList<>();
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(connectTimeout)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build()) {
      for (URI mirror : dataset.mirrors()) {
        URI address = mirror.resolve(file.name());
        progress.accept("downloading %s (%.1f MB)".formatted(address, file.bytes() / 1_000_000.0));
        try {
          get(client, address, temporary, file.bytes());
          String actual = sha256(temporary);
          if (actual.equals(file.sha256())) {
            AtomicFiles.move(temporary, folder.resolve(file.name()));
            return;
          }
          failures.add(address.getHost() + " sent a file with SHA-256 " + actual);
        } catch (IOException e) {
          failures.add(address.getHost() + ": " + message(e));
        } catch (InterruptedException e) {
          client.shutdownNow();
          Thread.currentThread().interrupt();
          throw new UserError("the download of " + address + " was interrupted: start again", e);
        }
      }
      client.shutdownNow();
    } finally {
      delete(temporary);
    }
    throw new UserError(manual(dataset, file, folder, failures));
  }

  private static String message(IOException e) {
    return e.getMessage() == null || e.getMessage().isEmpty()
        ? e.getClass().getSimpleName()
        : e.getMessage();
  }

  private static void delete(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      throw UserError.io("cannot delete " + temporary, e, "delete it by hand");
    }
  }

  private static String manual(
      RemoteDataset dataset, RemoteFile failed, Path folder, List<String> failures) {
    return "%s: cannot download %s (%s): put %s (SHA-256 %s) and %s (SHA-256 %s) into %s, or pass a folder with IDX files of your own with --dataset FOLDER"
        .formatted(
            dataset.name(),
            failed.name(),
            String.join("; ", failures),
            dataset.images().name(),
            dataset.images().sha256(),
            dataset.labels().name(),
            dataset.labels().sha256(),
            folder);
  }

  /** Writes the body to {@code target}; never more than {@code bytes}. */
  private void get(HttpClient client, URI address, Path target, long bytes)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(fileTimeout)
            .header("User-Agent", "jdiffusion")
            .build();
    BodyHandler<Path> handler = BodyHandlers.limiting(BodyHandlers.ofFile(target), bytes);
    // The request's own timeout ends with the headers; a stalled body must end too.
    CompletableFuture<HttpResponse<Path>> pending =
        client.sendAsync(
            request,
            info ->
                info.statusCode() == 200 ? handler.apply(info) : BodySubscribers.replacing(target));
    try {
      HttpResponse<Path> response = pending.get(fileTimeout.toMillis(), TimeUnit.MILLISECONDS);
      if (response.statusCode() != 200) {
        throw new IOException("HTTP status " + response.statusCode());
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } catch (TimeoutException e) {
      pending.cancel(true);
      throw new IOException("not finished after " + fileTimeout.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      pending.cancel(true);
      throw e;
    }
  }

  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        digest.update(buffer, 0, length);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
