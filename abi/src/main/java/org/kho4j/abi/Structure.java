package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The layout of one structure of a handover: a fixed header of {@link #fields}, optionally followed
 * by {@link #elements} that fill the rest of its pages. Only the contract's structures are
 * declared: a program reads and writes those of its own clients with a layout of its own.
 *
 * @param name the kernel's name of the structure, or of the memory area where the kernel has no
 *     type for it
 * @param headerSize bytes of the fixed part
 * @param fields the fixed part, in order of offset, without gaps
 * @param elements the first element of the array that fills the rest of the pages, or null where
 *     nothing follows the fixed part
 * @param pages contiguous pages of a structure with elements, otherwise 0
 * @param releases the kernel releases that write it
 * @param lifetime where its memory is, and who frees it when
 * @param source kernel source that defines it
 * @param meaning purpose of the structure, and remarks for a reader
 */
public record Structure(
    String name,
    int headerSize,
    List<Field> fields,
    @Nullable Field elements,
    int pages,
    Releases releases,
    Lifetime lifetime,
    String source,
    String meaning) {

  public Structure {
    fields = List.copyOf(fields);
    int end = 0;
    for (Field field : fields) {
      if (field.offset() != end) {
        throw new IllegalArgumentException(
            name + "." + field.name() + " is at " + field.offset() + ", expected " + end);
      }
      end = field.end();
    }
    if (elements != null && elements.offset() != headerSize) {
      throw new IllegalArgumentException(
          name + "." + elements.name() + " starts at " + elements.offset() + ", not " + headerSize);
    }
    if ((elements == null) != (pages == 0)) {
      throw new IllegalArgumentException(
          name + " has pages without elements, or elements without pages");
    }
  }

  /** Returns a structure of a fixed number of bytes. */
  static Structure fixed(
      String name,
      Releases releases,
      Lifetime lifetime,
      String source,
      String meaning,
      Field... fields) {
    int size = fields[fields.length - 1].end();
    return new Structure(name, size, List.of(fields), null, 0, releases, lifetime, source, meaning);
  }

  /** Returns a structure that fills whole pages: a header, then elements. */
  static Structure paged(
      String name,
      int pages,
      Field elements,
      Releases releases,
      Lifetime lifetime,
      String source,
      String meaning,
      Field... fields) {
    int header = fields.length == 0 ? 0 : fields[fields.length - 1].end();
    return new Structure(
        name, header, List.of(fields), elements, pages, releases, lifetime, source, meaning);
  }

  /** Returns the same structure, after checking that its elements fill its pages completely. */
  Structure filled() {
    for (PageSize pageSize : PageSize.values()) {
      if (unused(pageSize) != 0) {
        throw new IllegalArgumentException(
            name + " leaves " + unused(pageSize) + " bytes of " + pageSize + " pages unused");
      }
    }
    return this;
  }

  /** Bytes of the whole structure on a kernel with that page size. */
  public int size(PageSize pageSize) {
    return elements == null ? headerSize : pages * pageSize.bytes();
  }

  /** Returns the number of elements that fit after the header; 0 for a structure of fixed size. */
  public int capacity(PageSize pageSize) {
    return elements == null ? 0 : (size(pageSize) - headerSize) / elements.size();
  }

  /** Bytes behind the last element that no element uses. */
  public int unused(PageSize pageSize) {
    return elements == null
        ? 0
        : size(pageSize) - headerSize - capacity(pageSize) * elements.size();
  }

  /** Returns whether this very field, not an equal one, belongs to the structure. */
  @SuppressWarnings("ReferenceEquality") // equal fields of other versions lead elsewhere
  public boolean has(Field field) {
    if (field == elements) {
      return true;
    }
    for (Field own : fields) {
      if (own == field) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the field with that name, for readers that ask "does this member exist?" instead of
   * "which version is it?".
   */
  public Optional<Field> field(String fieldName) {
    return fields.stream().filter(field -> field.name().equals(fieldName)).findFirst();
  }
}
