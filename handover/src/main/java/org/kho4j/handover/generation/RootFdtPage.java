package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import org.kho4j.abi.KhoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;

/**
 * The page of the root FDT, written by the calls that the kernel writes it with, so that it is the
 * same to the byte: made once, then edited in place for every subtree. An edit that fails leaves
 * the page as it was.
 */
final class RootFdtPage {

  private static final ByteOrder NATIVE = ByteOrder.LITTLE_ENDIAN;

  private final long address;
  private final MemorySegment page;
  private final KhoVersion version;

  private final Journal journal;

  private RootFdtPage(long address, MemorySegment page, KhoVersion version, Journal journal) {
    this.address = address;
    this.page = page;
    this.version = version;
    this.journal = journal;
  }

  /**
   * Makes the FDT without any subtree.
   *
   * @param mapRoot physical address of the map; 0 if {@link #setMap} tells it later
   */
  static RootFdtPage create(Pages pages, long address, KhoVersion version, long mapRoot) {
    MemorySegment page = pages.page(address);
    FdtBuilder.create(page)
        .beginNode("")
        .property(FdtProperty.ofString("compatible", version.compatible()))
        .property(FdtProperty.ofU64(KhoVersion.MAP_PROPERTY, mapRoot, NATIVE))
        .endNode()
        .finish();
    return new RootFdtPage(address, page, version, pages.journal());
  }

  long address() {
    return address;
  }

  void add(String name, long blob, long size) {
    edit(
        name,
        editor -> {
          FdtEditor.Node node = editor.root().addSubnode(name);
          node.set(FdtProperty.ofU64(version.addressProperty(), blob, NATIVE));
          if (version.sizeProperty() != null) {
            node.set(FdtProperty.ofU64(version.sizeProperty(), size, NATIVE));
          }
        });
  }

  /** Tells where the map is, which could not be told before. */
  void setMap(long mapRoot) {
    edit(
        "",
        editor -> editor.root().set(FdtProperty.ofU64(KhoVersion.MAP_PROPERTY, mapRoot, NATIVE)));
  }

  void remove(String name) {
    edit(name, editor -> editor.root().child(name).remove());
  }

  /** Takes a subtree. */
  @FunctionalInterface
  interface SubtreeVisitor {
    void subtree(String name, long blob, OptionalLong size);
  }

  /** Visits the subtrees; of those without a size the blob says itself how large it is. */
  void forEachSubtree(SubtreeVisitor visitor) {
    for (FdtNode node : Fdt.read(page).children()) {
      long blob = node.property(version.addressProperty()).orElseThrow().u64(NATIVE);
      OptionalLong size =
          version.sizeProperty() == null
              ? OptionalLong.empty()
              : OptionalLong.of(node.property(version.sizeProperty()).orElseThrow().u64(NATIVE));
      visitor.subtree(node.name(), blob, size);
    }
  }

  private interface Edit {
    void apply(FdtEditor editor);
  }

  private void edit(String name, Edit edit) {
    MemorySegment before = MemorySegment.ofArray(page.toArray(ValueLayout.JAVA_BYTE));
    try {
      FdtEditor editor = FdtEditor.open(page);
      edit.apply(editor);
      editor.pack();
      journal.done(() -> page.copyFrom(before));
    } catch (FdtException | IllegalArgumentException | NoSuchElementException e) {
      page.copyFrom(before);
      throw new PreservationException(
          "/" + name,
          address,
          "the root FDT of %d bytes cannot be changed: %s"
              .formatted(Fdt.totalSize(page), e.getMessage()));
    }
  }
}
