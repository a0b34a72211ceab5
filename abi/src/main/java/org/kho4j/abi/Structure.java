package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The layout of one structure that crosses generations: a fixed header of {@link #fields}, and,
 * where the structure goes on, {@link #elements} that fill the rest of its pages.
 *
 * @param name the kernel's name of the structure, or of the memory area where the kernel has no
 *     type for it
 * @param headerSize bytes of the fixed part
 * @param fields the fixed part, in order of offset, without gaps
 * @param elements what follows the fixed part, or null where nothing does
 * @param pages how many contiguous pages the structure occupies when it has elements, else 0
 * @param releases the kernel releases that write it
 * @param lifetime where its memory is, and who frees it when
 * @param source where the kernel defines it
 * @param meaning what it is for, what a reader has to know
 */
public record Structure(
    String name,
    int headerSize,
    List<Field> fields,
    @Nullable Elements elements,
    int pages,
    Releases releases,
    Lifetime lifetime,
    String source,
    String meaning) {

  /**
   * An array that fills the rest of a structure's pages.
   *
   * @param name the kernel's name of the array
   * @param type what one element is
   * @param size bytes of one element
   * @param target the structure of an element, or what an address element points at; null for plain
   *     data
   * @param meaning what an element says and how the end of the array is known
   */
  public record Elements(
      String name, Field.Type type, int size, @Nullable String target, String meaning) {

    static Elements phys(String name, @Nullable String target, String meaning) {
      return new Elements(name, Field.Type.PHYS, 8, target, meaning);
    }

    static Elements words(String name, String meaning) {
      return new Elements(name, Field.Type.U64, 8, null, meaning);
    }

    static Elements of(String name, int size, String structure, String meaning) {
      return new Elements(name, Field.Type.STRUCTURE, size, structure, meaning);
    }
  }

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
    if (end != headerSize) {
      throw new IllegalArgumentException(
          name + " has " + end + " bytes of fields, and says " + headerSize);
    }
    if ((elements == null) != (pages == 0)) {
      throw new IllegalArgumentException(
          name + " has pages without elements, or elements without pages");
    }
  }

  /** A structure of a fixed number of bytes. */
  static Structure fixed(
      String name,
      int size,
      Releases releases,
      Lifetime lifetime,
      String source,
      String meaning,
      Field... fields) {
    return new Structure(name, size, List.of(fields), null, 0, releases, lifetime, source, meaning);
  }

  /** A structure that fills whole pages: a header, then elements. */
  static Structure paged(
      String name,
      int pages,
      Elements elements,
      Releases releases,
      Lifetime lifetime,
      String source,
      String meaning,
      Field... fields) {
    int header = fields.length == 0 ? 0 : fields[fields.length - 1].end();
    return new Structure(
        name, header, List.of(fields), elements, pages, releases, lifetime, source, meaning);
  }

  /** The same structure, once it is certain that its elements leave no byte of its pages over. */
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

  /** How many elements fit behind the header; 0 for a structure of fixed size. */
  public int capacity(PageSize pageSize) {
    return elements == null ? 0 : (size(pageSize) - headerSize) / elements.size();
  }

  /** Bytes behind the last element that no element uses. */
  public int unused(PageSize pageSize) {
    return elements == null
        ? 0
        : size(pageSize) - headerSize - capacity(pageSize) * elements.size();
  }

  /**
   * The field with that name, for readers that ask "does this member exist?" instead of "which
   * version is it?".
   */
  public Optional<Field> field(String fieldName) {
    return fields.stream().filter(field -> field.name().equals(fieldName)).findFirst();
  }
}
