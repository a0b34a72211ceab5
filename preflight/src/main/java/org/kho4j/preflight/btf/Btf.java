package org.kho4j.preflight.btf;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.kho4j.files.MalformedImageException;

/**
 * The BPF Type Format (BTF) of a kernel: its structures, with the layout of the compiler. Little
 * endian, as of Linux 7.3; later kinds are skipped if the BTF has their lengths.
 *
 * <p>Types are decoded on request. Immutable, safe to share between threads.
 */
public final class Btf {

  /** Most typedefs, qualifiers, pointers and arrays in one another, and anonymous structures. */
  static final int MAX_DEPTH = 64;

  /**
   * Most members of one structure, anonymous ones and theirs counted, and most constants of an
   * enumeration: Debian's kernels have up to 576 and 2,411.
   */
  public static final int MAX_MEMBERS = 1 << 13;

  /** Most bytes of BTF that are read: Debian's kernels have 4 to 7 MB, as Ubuntu's. */
  public static final int MAX_BYTES = 12 << 20;

  private final BtfTypes types;

  private Btf(BtfTypes types) {
    this.types = types;
  }

  /**
   * Reads BTF.
   *
   * @param bytes all of it, header first; copied
   * @param where name of the BTF in messages: the file, and the place in it
   * @throws MalformedImageException if it is not BTF, is damaged, has more than 12 MiB, or has
   *     types of a kind whose length cannot be known
   */
  public static Btf parse(MemorySegment bytes, String where) throws MalformedImageException {
    return new Btf(new BtfTypes(bytes, where));
  }

  /**
   * Returns the length of BTF by its header; the length of all bytes if the header makes no sense.
   */
  public static long length(MemorySegment bytes) {
    return BtfTypes.length(bytes);
  }

  /** Returns the number of types. */
  public int typeCount() {
    return types.end() - 1;
  }

  /**
   * Returns the structure or union with that tag; the first one where different source files have
   * different ones.
   *
   * @throws MalformedImageException if the type exists and is damaged
   */
  public Optional<BtfStruct> struct(String name) throws MalformedImageException {
    return structs(name).stream().findFirst();
  }

  /**
   * Returns the structure or union that a field is.
   *
   * @param number {@link BtfField#structure}
   * @throws MalformedImageException if it is damaged
   */
  public BtfStruct struct(int number) throws MalformedImageException {
    return readStruct(number);
  }

  /**
   * Every structure and union with that tag: several where source files have different ones.
   *
   * @throws MalformedImageException if one is damaged
   */
  public List<BtfStruct> structs(String name) throws MalformedImageException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    List<BtfStruct> found = new ArrayList<>();
    for (int type = 1; type < types.end(); type++) {
      if (isStruct(type) && types.hasName(type, bytes)) {
        found.add(readStruct(type));
      }
    }
    return found;
  }

  /**
   * Every structure and union that has a tag, in the order of the types.
   *
   * @throws MalformedImageException if one is damaged
   */
  public List<BtfStruct> structs() throws MalformedImageException {
    List<BtfStruct> found = new ArrayList<>();
    for (int type = 1; type < types.end(); type++) {
      if (isStruct(type) && !types.nameOf(type).isEmpty()) {
        found.add(readStruct(type));
      }
    }
    return found;
  }

  /**
   * Returns the enumeration with that tag.
   *
   * @throws MalformedImageException if the type exists and is damaged
   */
  public Optional<BtfEnum> enumeration(String name) throws MalformedImageException {
    int type = find(name, BtfKind.ENUM, BtfKind.ENUM64);
    return type == 0 ? Optional.empty() : Optional.of(readEnum(type));
  }

  /**
   * Returns the type of a typedef in C's notation.
   *
   * @throws MalformedImageException if the type exists and is damaged
   */
  public Optional<String> typedef(String name) throws MalformedImageException {
    int type = find(name, BtfKind.TYPEDEF, BtfKind.TYPEDEF);
    return type == 0 ? Optional.empty() : Optional.of(describe(types.referenceOf(type), 0));
  }

  /**
   * Returns whether the BTF has any functions: in BTF without functions, a missing one proves
   * nothing.
   */
  public boolean hasFunctions() {
    return IntStream.range(1, types.end()).anyMatch(type -> types.kindOf(type) == BtfKind.FUNC);
  }

  /** Returns whether the BTF has a function of that name, which was not inlined everywhere. */
  public boolean hasFunction(String name) {
    return find(name, BtfKind.FUNC, BtfKind.FUNC) != 0;
  }

  private int find(String name, int kind, int otherKind) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    for (int type = 1; type < types.end(); type++) {
      int found = types.kindOf(type);
      if ((found == kind || found == otherKind) && types.hasName(type, bytes)) {
        return type;
      }
    }
    return 0;
  }

  private boolean isStruct(int type) {
    int kind = types.kindOf(type);
    return kind == BtfKind.STRUCT || kind == BtfKind.UNION;
  }

  private BtfStruct readStruct(int type) throws MalformedImageException {
    List<BtfField> fields = new ArrayList<>();
    addFields(fields, type, 0, 0, 0);
    return new BtfStruct(
        types.nameOf(type), types.kindOf(type) == BtfKind.UNION, types.sizeOf(type), fields);
  }

  /**
   * Adds the members of a structure.
   *
   * @param base bits from the start of the outermost structure
   * @param members number of members read before
   * @return the number of members read afterwards
   */
  private int addFields(List<BtfField> fields, int struct, long base, int depth, int members)
      throws MalformedImageException {
    checkDepth(struct, depth);
    int seen = members;
    boolean bitFields = types.flagOf(struct);
    for (int i = 0; i < types.elementsOf(struct); i++) {
      if (++seen > MAX_MEMBERS) {
        throw types.malformed("has type " + struct + " with more than " + MAX_MEMBERS + " members");
      }
      int type = types.reference(struct, 3 * i + 1);
      long place = Integer.toUnsignedLong(types.word(struct, 3 * i + 2));
      // With kind_flag the offset shares its word with the size of a bit field.
      long bits = bitFields ? place >>> 24 : 0;
      long offset = base + (bitFields ? place & 0xffffff : place);
      String name = types.name(struct, 3 * i);
      int inner = unqualified(type);
      if (name.isEmpty() && isStruct(inner)) {
        seen = addFields(fields, inner, offset, depth + 1, seen);
      } else {
        fields.add(readField(name, offset, bits, type));
      }
    }
    return seen;
  }

  private BtfField readField(String name, long offset, long bits, int type)
      throws MalformedImageException {
    List<Long> dimensions = new ArrayList<>();
    int element = element(type, dimensions);
    int resolved = resolved(element);
    // Older BTF has an integer of fewer bits than its bytes as the type of a bit field.
    boolean isInteger = types.kindOf(resolved) == BtfKind.INT && dimensions.isEmpty();
    int integer = isInteger ? types.word(resolved, 0) : 0;
    long size = bits != 0 ? bits : isInteger ? integer & 0xff : sizeInBits(type, 0);
    int structure = isStruct(resolved) ? resolved : 0;
    return new BtfField(
        name, offset + (integer >>> 16 & 0xff), size, describe(element, 0), dimensions, structure);
  }

  private int element(int type, List<Long> dimensions) throws MalformedImageException {
    int element = type;
    for (int depth = 0; ; depth++) {
      checkDepth(type, depth);
      int array = unqualified(element);
      if (types.kindOf(array) != BtfKind.ARRAY) {
        return element;
      }
      dimensions.add(Integer.toUnsignedLong(types.word(array, 2)));
      element = types.reference(array, 0);
    }
  }

  private long sizeInBits(int type, int depth) throws MalformedImageException {
    checkDepth(type, depth);
    return switch (types.kindOf(type)) {
      case BtfKind.PTR -> 64;
      case BtfKind.ARRAY -> {
        long elements = Integer.toUnsignedLong(types.word(type, 2));
        long element = sizeInBits(types.reference(type, 0), depth + 1);
        if (element != 0 && elements > Long.MAX_VALUE / element) {
          throw types.malformed("has type " + type + ", an array whose size overflows");
        }
        yield elements * element;
      }
      case BtfKind.INT,
          BtfKind.STRUCT,
          BtfKind.UNION,
          BtfKind.ENUM,
          BtfKind.FLOAT,
          BtfKind.ENUM64 ->
          8 * types.sizeOf(type);
      case BtfKind.TYPEDEF, BtfKind.VOLATILE, BtfKind.CONST, BtfKind.RESTRICT, BtfKind.TYPE_TAG ->
          sizeInBits(types.referenceOf(type), depth + 1);
      default ->
          throw types.malformed(
              "has type %d of kind %d where a field's type should be"
                  .formatted(type, types.kindOf(type)));
    };
  }

  private static boolean isQualifier(int kind) {
    return kind == BtfKind.CONST
        || kind == BtfKind.VOLATILE
        || kind == BtfKind.RESTRICT
        || kind == BtfKind.TYPE_TAG;
  }

  private int unqualified(int type) throws MalformedImageException {
    int at = type;
    for (int depth = 0; isQualifier(types.kindOf(at)); depth++) {
      checkDepth(type, depth);
      at = types.referenceOf(at);
    }
    return at;
  }

  private int resolved(int type) throws MalformedImageException {
    int at = unqualified(type);
    for (int depth = 0; types.kindOf(at) == BtfKind.TYPEDEF; depth++) {
      checkDepth(type, depth);
      at = unqualified(types.referenceOf(at));
    }
    return at;
  }

  private void checkDepth(int type, int depth) throws MalformedImageException {
    if (depth > MAX_DEPTH) {
      throw types.malformed(
          "has type " + type + ", which has more than " + MAX_DEPTH + " types in one another");
    }
  }

  /** Describes a type in C's notation. */
  private String describe(int type, int depth) throws MalformedImageException {
    checkDepth(type, depth);
    int kind = types.kindOf(type);
    return switch (kind) {
      case 0 -> "void";
      case BtfKind.INT, BtfKind.FLOAT, BtfKind.TYPEDEF -> types.nameOf(type);
      case BtfKind.STRUCT -> tagged("struct", type);
      case BtfKind.UNION -> tagged("union", type);
      case BtfKind.ENUM, BtfKind.ENUM64 -> tagged("enum", type);
      case BtfKind.FWD -> tagged(types.flagOf(type) ? "union" : "struct", type);
      case BtfKind.PTR -> pointer(describe(types.referenceOf(type), depth + 1));
      case BtfKind.ARRAY ->
          "%s[%s]"
              .formatted(
                  describe(types.reference(type, 0), depth + 1),
                  Integer.toUnsignedString(types.word(type, 2)));
      case BtfKind.CONST -> qualified("const", type, depth);
      case BtfKind.VOLATILE -> qualified("volatile", type, depth);
      case BtfKind.RESTRICT -> qualified("restrict", type, depth);
      case BtfKind.TYPE_TAG -> describe(types.referenceOf(type), depth + 1);
      case BtfKind.FUNC_PROTO -> "function";
      default ->
          throw types.malformed("has type " + type + " of kind " + kind + " where a type is used");
    };
  }

  private String tagged(String keyword, int type) throws MalformedImageException {
    String name = types.nameOf(type);
    return keyword + " " + (name.isEmpty() ? "{…}" : name);
  }

  private static String pointer(String target) {
    return target.endsWith("*") ? target + "*" : target + " *";
  }

  /** Describes a qualified type: {@code const} of a pointer comes after its star. */
  private String qualified(String qualifier, int type, int depth) throws MalformedImageException {
    String target = describe(types.referenceOf(type), depth + 1);
    return target.endsWith("*") ? target + " " + qualifier : qualifier + " " + target;
  }

  private BtfEnum readEnum(int type) throws MalformedImageException {
    boolean wide = types.kindOf(type) == BtfKind.ENUM64;
    boolean signed = types.flagOf(type);
    if (types.elementsOf(type) > MAX_MEMBERS) {
      throw types.malformed("has type " + type + " with more than " + MAX_MEMBERS + " constants");
    }
    List<BtfEnum.Constant> constants = new ArrayList<>();
    for (int i = 0; i < types.elementsOf(type); i++) {
      int at = (wide ? 3 : 2) * i;
      long low = types.word(type, at + 1);
      long value =
          wide
              ? (low & 0xffffffffL) | (long) types.word(type, at + 2) << 32
              : signed ? low : low & 0xffffffffL;
      constants.add(new BtfEnum.Constant(types.name(type, at), value));
    }
    return new BtfEnum(types.nameOf(type), types.sizeOf(type), constants);
  }
}
