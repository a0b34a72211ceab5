package org.kho4j.fdt;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** The machine's own libfdt, where there is one: the peer that our writers must agree with. */
final class Libfdt {

  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
  private static final MemoryLayout INT = ValueLayout.JAVA_INT;
  private static final MemoryLayout LONG = ValueLayout.JAVA_LONG;

  private final SymbolLookup library;
  private final Arena arena;

  private Libfdt(SymbolLookup library, Arena arena) {
    this.library = library;
    this.arena = arena;
  }

  static Optional<Libfdt> load(Arena arena) {
    try {
      return Optional.of(new Libfdt(SymbolLookup.libraryLookup("libfdt.so.1", arena), arena));
    } catch (IllegalArgumentException notInstalled) {
      return Optional.empty();
    }
  }

  void create(MemorySegment buffer) {
    call("fdt_create", layouts(POINTER, INT), buffer, (int) buffer.byteSize());
  }

  void addReservemapEntry(MemorySegment buffer, FdtReservation entry) {
    call(
        "fdt_add_reservemap_entry",
        layouts(POINTER, LONG, LONG),
        buffer,
        entry.address(),
        entry.size());
  }

  void finishReservemap(MemorySegment buffer) {
    call("fdt_finish_reservemap", layouts(POINTER), buffer);
  }

  void beginNode(MemorySegment buffer, String name) {
    call("fdt_begin_node", layouts(POINTER, POINTER), buffer, text(name));
  }

  void property(MemorySegment buffer, FdtProperty property) {
    call(
        "fdt_property",
        layouts(POINTER, POINTER, POINTER, INT),
        buffer,
        text(property.name()),
        bytes(property),
        (int) property.value().byteSize());
  }

  void endNode(MemorySegment buffer) {
    call("fdt_end_node", layouts(POINTER), buffer);
  }

  void finish(MemorySegment buffer) {
    call("fdt_finish", layouts(POINTER), buffer);
  }

  void openInto(MemorySegment buffer) {
    call("fdt_open_into", layouts(POINTER, POINTER, INT), buffer, buffer, (int) buffer.byteSize());
  }

  void addSubnode(MemorySegment buffer, String parent, String name) {
    call(
        "fdt_add_subnode",
        layouts(POINTER, INT, POINTER),
        buffer,
        node(buffer, parent),
        text(name));
  }

  void setprop(MemorySegment buffer, String path, FdtProperty property) {
    call(
        "fdt_setprop",
        layouts(POINTER, INT, POINTER, POINTER, INT),
        buffer,
        node(buffer, path),
        text(property.name()),
        bytes(property),
        (int) property.value().byteSize());
  }

  void delprop(MemorySegment buffer, String path, String name) {
    call("fdt_delprop", layouts(POINTER, INT, POINTER), buffer, node(buffer, path), text(name));
  }

  void delNode(MemorySegment buffer, String path) {
    call("fdt_del_node", layouts(POINTER, INT), buffer, node(buffer, path));
  }

  void pack(MemorySegment buffer) {
    call("fdt_pack", layouts(POINTER), buffer);
  }

  private int node(MemorySegment buffer, String path) {
    return call("fdt_path_offset", layouts(POINTER, POINTER), buffer, text(path));
  }

  private int call(String function, MemoryLayout[] parameters, Object... arguments) {
    try {
      int result =
          (int)
              Linker.nativeLinker()
                  .downcallHandle(
                      library.findOrThrow(function),
                      FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters))
                  .invokeWithArguments(arguments);
      if (result < 0) {
        throw new IllegalStateException(function + " returned " + result);
      }
      return result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private MemorySegment text(String text) {
    return arena.allocateFrom(text);
  }

  private MemorySegment bytes(FdtProperty property) {
    return arena.allocate(Math.max(1, property.value().byteSize())).copyFrom(property.value());
  }

  private static MemoryLayout[] layouts(MemoryLayout... parameters) {
    return parameters;
  }
}
