package dev.jdiffusion.cuda.vendor;

import java.lang.foreign.SymbolLookup;

/** What {@link VendorSearch} found of a library. */
public sealed interface VendorLibrary {

  /**
   * A library that is loaded.
   *
   * @param version such as {@code 12.6.4}
   * @param file its name for the loader, or its path
   */
  record Found(String name, String version, String file, SymbolLookup symbols)
      implements VendorLibrary {
    /** The first number of the version. */
    public int major() {
      return Integer.parseInt(version.substring(0, version.indexOf('.')));
    }

    @Override
    public String toString() {
      return name + " " + version + " (" + file + ")";
    }
  }

  /**
   * No library that could be loaded.
   *
   * @param reason one line: which names were looked for, and where
   */
  record Missing(String reason) implements VendorLibrary {}
}
