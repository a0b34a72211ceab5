package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.PreservationException;

/**
 * The page of the root FDT, written with the calls that the kernel uses, so that both are the same
 * to the byte: made once, then edited in place for every subtree; in a sequential layout, written
 * anew when it is finalized. An edit that fails leaves the page as it was.
 */
final class RootFdtPage {

  private static final ByteOrder NATIVE = ByteOrder.LITTLE_ENDIAN;

  private final long address;
  private final MemorySegment page;
  private final KhoLayout layout;
  private final KhoVersion version;

  private final Journal journal;

  private RootFdtPage(long address, MemorySegment page, KhoLayout layout, Journal journal) {
    this.address = address;
    this.page = page;
    this.layout = layout;
    this.version = layout.version();
    this.journal = journal;
  }

  /**
   * Makes the FDT without any subtree.
   *
   * @param mapRoot physical address of the map; 0 if {@link #setMap} sets it later
   */
  static RootFdtPage create(Pages pages, long address, KhoLayout layout, long mapRoot) {
    RootFdtPage root = new RootFdtPage(address, pages.page(address), layout, pages.journal());
    root.write(mapRoot, List.of());
    return root;
  }

  private void write(long mapRoot, List<FdtNode> subtrees) {
    FdtBuilder builder =
        FdtBuilder.create(page)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", version.compatible()))
            .property(PreservedMap.pointer(version).property(mapRoot));
    for (FdtNode subtree : subtrees) {
      builder.beginNode(subtree.name());
      subtree.properties().forEach(builder::property);
      builder.endNode();
    }
    builder.endNode().finish();
  }

  long address() {
    return address;
  }

  void add(String name, long blob, long size) {
    edit(
        name,
        editor -> {
          FdtEditor.Node node = editor.root().addSubnode(name);
          node.set(FdtProperty.ofU64(version.addressProperty().name(), blob, NATIVE));
          if (version.sizeProperty() != null) {
            node.set(FdtProperty.ofU64(version.sizeProperty().name(), size, NATIVE));
          }
        });
  }

  /** Sets the physical address of the map, which {@link #create} did not know. */
  void setMap(long mapRoot) {
    if (layout.has(KhoFeature.SEQUENTIAL_ROOT)) {
      MemorySegment now = MemorySegment.ofArray(page.toArray(ValueLayout.JAVA_BYTE));
      // An edit puts a subtree before the others.
      change("", () -> write(mapRoot, Fdt.read(now).children().reversed()));
    } else {
      edit("", editor -> editor.root().set(PreservedMap.pointer(version).property(mapRoot)));
    }
  }

  void remove(String name) {
    edit(name, editor -> editor.root().child(name).remove());
  }

  private void edit(String name, Consumer<FdtEditor> edit) {
    change(
        name,
        () -> {
          FdtEditor editor = FdtEditor.open(page);
          edit.accept(editor);
          editor.pack();
        });
  }

  private void change(String name, Runnable change) {
    MemorySegment before = MemorySegment.ofArray(page.toArray(ValueLayout.JAVA_BYTE));
    try {
      change.run();
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
