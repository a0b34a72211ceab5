package org.kho4j.fleet;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.preflight.ProfileFile;
import org.kho4j.preflight.outgoing.OutgoingKernel;

/** The kernels that are to take the handovers: read once, and sent to each executor as profiles. */
final class FleetKernels implements Serializable {

  private static final long serialVersionUID = 1L;

  /**
   * A kernel.
   *
   * @param label its file's name, made unique
   * @param source as the user named it
   * @param profile the text of a profile's file
   */
  record Kernel(String label, String source, String profile) implements Serializable {}

  private final ArrayList<Kernel> kernels;
  private transient @Nullable Map<String, OutgoingKernel> parsed;

  private FleetKernels(List<Kernel> kernels) {
    this.kernels = new ArrayList<>(kernels);
  }

  /** Kernels with their sources, in the order in which the user named them. */
  static FleetKernels of(List<OutgoingKernel> read, List<String> sources) throws IOException {
    List<Kernel> kernels = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    for (int i = 0; i < read.size(); i++) {
      String source = sources.get(i);
      String name = source.substring(source.lastIndexOf('/') + 1);
      int number = seen.merge(name, 1, Integer::sum);
      kernels.add(
          new Kernel(
              number == 1 ? name : name + "#" + number,
              source,
              new String(ProfileFile.bytes(read.get(i)), StandardCharsets.UTF_8)));
    }
    return new FleetKernels(kernels);
  }

  List<String> labels() {
    return kernels.stream().map(Kernel::label).toList();
  }

  /** Names the kernels by content: verdicts of other kernels are others. */
  String digest(String commandLine) {
    List<String> texts = new ArrayList<>();
    texts.add(commandLine);
    for (Kernel kernel : kernels) {
      texts.add(kernel.label);
      texts.add(kernel.source);
      texts.add(kernel.profile);
    }
    return InputDigest.of(texts);
  }

  /** The kernels by their labels, parsed once in a JVM. */
  synchronized Map<String, OutgoingKernel> byLabel() throws IOException {
    if (parsed == null) {
      Map<String, OutgoingKernel> read = new LinkedHashMap<>();
      for (Kernel kernel : kernels) {
        read.put(
            kernel.label,
            ProfileFile.read(kernel.source, kernel.profile.getBytes(StandardCharsets.UTF_8)));
      }
      parsed = read;
    }
    return parsed;
  }
}
