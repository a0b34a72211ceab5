package org.kho4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.kho4j.preflight.image.BuiltIn;
import org.kho4j.preflight.image.Feature;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

/** Reads kernel images as preflight does, once: {@code bench/images} runs it as a process. */
public final class KernelRead {

  private static final List<String> STRUCTURES =
      List.of("kho_vmalloc", "kho_vmalloc_chunk", "luo_ser", "luo_session_ser", "memfd_luo_ser");

  private KernelRead() {}

  /** Prints what the images of these paths say of the contract. */
  public static void main(String[] paths) throws IOException {
    for (KernelImage image : Arrays.stream(paths).parallel().map(KernelRead::image).toList()) {
      System.out.println(
          image.path() + " " + image.release() + " " + BuiltIn.of(image, Feature.KHO));
      for (String stem : List.of("kho", "luo", "memfd", "memblock")) {
        System.out.println(image.strings(stem));
      }
      if (image.btf().isPresent()) {
        for (String name : STRUCTURES) {
          System.out.println(image.btf().get().struct(name));
        }
      }
    }
  }

  private static KernelImage image(String path) {
    try {
      return KernelImages.read(Path.of(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
