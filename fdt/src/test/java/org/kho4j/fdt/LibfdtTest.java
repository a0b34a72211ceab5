package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The same calls to libfdt and to us, and every byte of both buffers compared after each edit. */
class LibfdtTest {

  private static final int SPARE_BYTES = 3000;

  @Test
  void agreesInEveryByteOfTheBuffer() {
    for (long seed = 0; seed < 300; seed++) {
      try (Arena arena = Arena.ofConfined()) {
        Optional<Libfdt> libfdt = Libfdt.load(arena);
        assumeTrue(libfdt.isPresent(), "libfdt.so.1 is not installed");
        FdtNode tree = new RandomTrees(seed).tree();
        long size = Fdt.write(tree).byteSize() + SPARE_BYTES;
        MemorySegment ours = arena.allocate(size, 8).fill((byte) 0xa5);
        MemorySegment theirs = arena.allocate(size, 8).fill((byte) 0xa5);
        new Peers(libfdt.orElseThrow(), ours, theirs, seed).run(tree);
      }
    }
  }

  private record Peers(
      Libfdt libfdt, MemorySegment ours, MemorySegment theirs, long seed, Random random) {

    Peers(Libfdt libfdt, MemorySegment ours, MemorySegment theirs, long seed) {
      this(libfdt, ours, theirs, seed, new Random(seed));
    }

    void run(FdtNode tree) {
      FdtBuilder builder = FdtBuilder.create(ours);
      libfdt.create(theirs);
      for (int i = random.nextInt(3); i > 0; i--) {
        FdtReservation entry = new FdtReservation(random.nextLong(), random.nextLong());
        builder.reserve(entry);
        libfdt.addReservemapEntry(theirs, entry);
      }
      libfdt.finishReservemap(theirs);
      write(tree, builder);
      builder.finish();
      libfdt.finish(theirs);
      compare("building");
      for (int i = random.nextInt(4); i > 0; i--) {
        edit();
      }
    }

    private void write(FdtNode node, FdtBuilder builder) {
      builder.beginNode(node.name());
      libfdt.beginNode(theirs, node.name());
      for (FdtProperty property : node.properties()) {
        builder.property(property);
        libfdt.property(theirs, property);
      }
      for (FdtNode child : node.children()) {
        write(child, builder);
      }
      builder.endNode();
      libfdt.endNode(theirs);
    }

    private void edit() {
      FdtEditor editor = FdtEditor.open(ours);
      libfdt.openInto(theirs);
      RandomTrees names = new RandomTrees(random.nextLong());
      for (int i = random.nextInt(8); i > 0; i--) {
        FdtNode node = editor.read();
        FdtEditor.Node handle = editor.root();
        String path = "/";
        while (!node.children().isEmpty() && random.nextInt(3) > 0) {
          node = node.children().get(random.nextInt(node.children().size()));
          handle = handle.child(node.name());
          path = (path.equals("/") ? "" : path) + "/" + node.name();
        }
        String known =
            node.properties().isEmpty()
                ? "none"
                : node.properties().get(random.nextInt(node.properties().size())).name();
        switch (random.nextInt(5)) {
          case 0 -> {
            String name = "n" + names.name();
            if (node.child(name).isEmpty()) {
              handle.addSubnode(name);
              libfdt.addSubnode(theirs, path, name);
            }
          }
          case 1 -> set(handle, path, "p" + names.name(), names);
          case 2 -> set(handle, path, known, names);
          case 3 -> {
            if (node.property(known).isPresent()) {
              handle.removeProperty(known);
              libfdt.delprop(theirs, path, known);
            }
          }
          default -> {
            if (!path.equals("/")) {
              handle.remove();
              libfdt.delNode(theirs, path);
            }
          }
        }
        compare("an edit of " + path);
      }
      editor.pack();
      libfdt.pack(theirs);
      compare("packing");
    }

    private void set(FdtEditor.Node handle, String path, String name, RandomTrees values) {
      FdtProperty property = FdtProperty.ofBytes(name, values.bytes(random.nextInt(40)));
      handle.set(property);
      libfdt.setprop(theirs, path, property);
    }

    private void compare(String step) {
      assertThat(ours.mismatch(theirs))
          .as("first byte that differs after %s, seed %d", step, seed)
          .isEqualTo(-1);
    }
  }
}
