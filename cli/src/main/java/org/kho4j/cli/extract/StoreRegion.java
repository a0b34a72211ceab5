package org.kho4j.cli.extract;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.warm.StoreSearch;
import org.kho4j.handover.Handover;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.content.ContentMemory;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmDirectory;
import org.kho4j.warm.WarmException;
import org.kho4j.warm.WarmView;

/**
 * A region of a warm store.
 *
 * @param memfd that the store is in; null for the source itself, or any memfd of the handover
 * @param name of the region
 */
record StoreRegion(@Nullable Wanted memfd, String name) implements Wanted {

  @Override
  public Content in(Handover handover, Consumer<String> damage) throws IOException {
    if (memfd != null) {
      Content content = memfd.in(handover, damage);
      ContentMemory store = new ContentMemory(handover.memory(), content);
      return region(handover, content.path(), store, damage);
    }
    PhysicalMemory source = handover.memory().physical();
    Optional<StoreSearch.StoredFile> whole = StoreSearch.StoredFile.ofSource(source);
    if (whole.isPresent()) {
      return region(handover, "", whole.get().memory(), damage);
    }
    List<StoreSearch.StoredFile> having = new ArrayList<>();
    List<String> others = new ArrayList<>();
    StoreSearch.forEachFile(
        handover,
        file -> {
          WarmView store = store(file);
          if (store == null || entry(store) == null) {
            File.keep(others, file.where().toString());
          } else {
            having.add(file);
          }
        },
        problem -> File.keep(others, problem.path()));
    if (having.size() == 1) {
      StoreSearch.StoredFile file = having.getFirst();
      return region(handover, file.where().toString(), file.memory(), damage);
    }
    if (having.isEmpty()) {
      throw Wanted.missing(handover, "warm store with a region \"" + name + "\"", others);
    }
    throw new IOException(
        ("%s: %d stores have a region \"%s\": %s; select one by --session and --token, or --unit and"
                + " --fd")
            .formatted(
                source.source().path(),
                having.size(),
                name,
                having.stream().limit(20).map(file -> file.where().toString()).toList()));
  }

  private static @Nullable WarmView store(StoreSearch.StoredFile file) {
    try {
      return file.store();
    } catch (WarmException e) {
      return null;
    }
  }

  private WarmDirectory.@Nullable Entry entry(WarmView store) {
    return store.directory().regions().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElse(null);
  }

  private Content region(
      Handover handover, String path, ContentMemory memory, Consumer<String> damage)
      throws IOException {
    WarmView store = WarmView.read(memory, memory.size());
    WarmDirectory.Entry entry = entry(store);
    if (entry == null) {
      throw Wanted.missing(
          handover,
          "region \"%s\"%s".formatted(name, path.isEmpty() ? "" : " in " + path),
          store.directory().regions().stream().map(WarmDirectory.Entry::name).toList());
    }
    Content region =
        memory.parts(path + Where.ROOT.named("region", name), entry.extents(), entry.bytes());
    if (region.absentBytes() == 0 && store.check(memory, entry) == Region.Check.MISMATCH) {
      damage.accept(
          Units.printablePath(region.path())
              + ": its checksum does not match: it is not what its owner left");
    }
    return region;
  }
}
