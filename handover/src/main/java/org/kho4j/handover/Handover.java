package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.map.MapFormSearch;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/**
 * Everything that one kernel hands to the next, starting at its root FDT. Immutable, and safe to
 * share between threads as long as the memory is open. {@link Handovers} finds them.
 */
public final class Handover {

  /** Which side of a running kernel a handover is on. */
  public enum Role {
    /** Being prepared for the next kernel, or ready for it. */
    OUTGOING,
    /** Was given to the kernel whose memory this is. */
    INCOMING,
    /** Neither follows from what is there. */
    UNKNOWN;

    /** {@code "outgoing"}, {@code "incoming"} or {@code "unknown"}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What has become of the preserved map. */
  public enum MapState {
    /** Every page of the map was read, as far as the source has it, and is valid. */
    INTACT,
    /** Some entries of the map are invalid: what they preserved is unknown. */
    DAMAGED,
    /** A kernel has read the map of this incoming handover, and reused its memory. */
    CONSUMED,
    /** It is damaged, not in the memory, or of another page size. */
    UNREADABLE,
    /** It is of a newer contract than the one known here, so that it cannot be decoded. */
    NEWER,
    /** It is in RAM that the source does not have. */
    ABSENT,
    /** It was not written yet: kernels up to 7.0 do that when the handover is finalized. */
    NOT_FINALIZED;

    /**
     * {@code "intact"}, {@code "damaged"}, {@code "consumed"}, {@code "unreadable"}, {@code
     * "newer"}, {@code "absent"} or {@code "not-finalized"}.
     */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private final HandoverMemory memory;
  private final RootFdt root;
  private final Role role;
  private final MapState mapState;
  private final @Nullable String taken;
  private final @Nullable String unreadable;
  private final @Nullable MapForm told;
  private final PageSizeEvidence pageSizeEvidence;
  private @Nullable MapEvidence mapEvidence;
  private @Nullable MapSummary mapSummary;

  /**
   * A handover.
   *
   * @param mapState intact if there is a map to read
   * @param taken evidence that a kernel has taken it, or null
   * @param unreadable why the map cannot be read, or null
   * @param pageSizeEvidence for the page size of {@code memory}
   */
  Handover(
      HandoverMemory memory,
      RootFdt root,
      Role role,
      MapState mapState,
      @Nullable String taken,
      @Nullable String unreadable,
      PageSizeEvidence pageSizeEvidence,
      @Nullable MapForm told) {
    this.memory = memory;
    this.root = root;
    this.role = role;
    this.mapState = mapState;
    this.taken = taken;
    this.unreadable = unreadable;
    this.told = told;
    this.pageSizeEvidence = pageSizeEvidence;
  }

  /** A handover of which nothing but its root FDT has been looked at. */
  static Handover withoutRole(HandoverMemory memory, RootFdt root, @Nullable MapForm told) {
    PageSizeEvidence tried =
        new PageSizeEvidence(memory.pageSize(), MapEvidence.Certainty.UNSURE, "the size is tried");
    return new Handover(memory, root, Role.UNKNOWN, MapState.UNREADABLE, null, null, tried, told);
  }

  public HandoverMemory memory() {
    return memory;
  }

  public PageSize pageSize() {
    return memory.pageSize();
  }

  /** Returns the evidence for the page size. */
  public PageSizeEvidence pageSizeEvidence() {
    return pageSizeEvidence;
  }

  public RootFdt root() {
    return root;
  }

  public Role role() {
    return role;
  }

  /**
   * What has become of the preserved map. A kernel walks the map it was given once, early, and then
   * frees its nodes, so an incoming map is soon overwritten: consumed. The first call walks a map
   * that is there.
   */
  public MapState mapState() {
    return mapState == MapState.INTACT && mapSummary().fault().isPresent()
        ? MapState.DAMAGED
        : mapState;
  }

  /** Whether there is a map to read: intact, or damaged in a part. Does not walk it. */
  public boolean hasMap() {
    return mapState == MapState.INTACT;
  }

  /**
   * Counts what the map holds, once.
   *
   * @throws HandoverException if the root FDT does not point at a map
   */
  public synchronized MapSummary mapSummary() {
    MapSummary known = mapSummary;
    if (known == null) {
      known = preservedMap().summary();
      mapSummary = known;
    }
    return known;
  }

  /**
   * The evidence that a kernel has taken the handover, as a sentence; empty if there is none. What
   * was preserved then belongs to that kernel, and the map is gone or will be.
   */
  public Optional<String> taken() {
    return Optional.ofNullable(taken);
  }

  /**
   * Why the map, or a part of it, cannot be read, as a sentence; empty unless it is {@link
   * MapState#UNREADABLE} or {@link MapState#DAMAGED}.
   */
  public Optional<String> mapFault() {
    return hasMap()
        ? mapSummary().fault().map(HandoverException::getMessage)
        : Optional.ofNullable(unreadable);
  }

  /**
   * The version of the contract.
   *
   * @throws HandoverException if the root FDT names one that is unknown; {@link
   *     HandoverException#isNewer} tells a well-formed one from a damaged string
   */
  public KhoVersion version() {
    return KhoVersion.of(root.compatible()).orElseThrow(this::unknownVersion);
  }

  /** Whether the root FDT names a version that is well-formed and newer than all known here. */
  public boolean isNewer() {
    return KhoVersion.isNewer(root.compatible());
  }

  private HandoverException unknownVersion() {
    return isNewer()
        ? Where.ROOT.newer(root.address(), root.compatible())
        : Where.ROOT.broken(
            root.address(),
            "compatible \"%s\" is none of %s".formatted(root.compatible(), KhoVersion.ALL));
  }

  /** The version whose properties list the subtrees: of a newer contract, the newest known. */
  private KhoVersion listing() {
    return isNewer() ? KhoVersion.ALL.getLast() : version();
  }

  /**
   * The preserved map.
   *
   * @throws HandoverException if the root FDT does not point at one
   */
  public PreservedMap preservedMap() {
    return PreservedMap.of(memory, mapAddress(), mapEvidence().form());
  }

  /**
   * Which form the preserved map has, and how that is known.
   *
   * @throws HandoverException if the root FDT does not point at a map
   */
  public synchronized MapEvidence mapEvidence() {
    MapEvidence known = mapEvidence;
    if (known == null) {
      known = MapFormSearch.of(memory, root.tree(), root.address(), version(), mapAddress(), told);
      mapEvidence = known;
    }
    return known;
  }

  private long mapAddress() {
    memory.requirePage(Where.ROOT, root.address(), "the root FDT's address");
    long address = mapPointer();
    if (address == 0) {
      throw PreservedMap.PATH.broken(
          root.address(),
          version().finalized()
              ? "is 0: the handover was not finalized, so there is no map yet"
              : "is 0: there is no map");
    }
    memory.requirePage(PreservedMap.PATH, address, "the map's address");
    return address;
  }

  private long mapPointer() {
    return PreservedMap.pointer(version()).address(root.tree(), PreservedMap.PATH, root.address());
  }

  /** Whether the map is still to be written, as far as the root FDT says. */
  boolean isFinalizedLater() {
    return version().finalized() && mapPointer() == 0;
  }

  /**
   * The subtrees, in the root FDT's order, which says nothing. A node that does not tell where its
   * blob is, and how long, is left out and told to {@code problems}: a kernel cannot retrieve it
   * either. Of a {@linkplain #isNewer newer contract}, the subtrees are those that the newest known
   * version would list.
   *
   * @throws HandoverException if the version is unknown, and not newer
   */
  public List<Subtree> subtrees(Consumer<HandoverException> problems) {
    KhoVersion version = listing();
    List<Subtree> subtrees = new ArrayList<>();
    for (FdtNode node : root.tree().children()) {
      try {
        subtrees.add(subtree(version, node));
      } catch (HandoverException e) {
        problems.accept(e);
      }
    }
    return subtrees;
  }

  /**
   * The subtree of a node of the root FDT.
   *
   * @throws HandoverException if the node does not tell where its blob is, or if neither the node
   *     nor the blob tells how long
   */
  public Subtree subtree(FdtNode node) {
    return subtree(listing(), node);
  }

  private Subtree subtree(KhoVersion version, FdtNode node) {
    Where where = Where.ROOT.in(node.name());
    long address = TreeValue.number(node, version.addressProperty(), where, root.address());
    Field sizeProperty = version.sizeProperty();
    long size =
        sizeProperty == null
            ? treeSize(where, address)
            : TreeValue.number(node, sizeProperty, where, root.address());
    return new Subtree(node.name(), address, size);
  }

  /** The size of a blob that has to be a device tree. */
  private long treeSize(Where where, long address) {
    MemorySegment header = memory.bytes(where, address, Fdt.HEADER_SIZE);
    if (!Fdt.isMagic(header)) {
      throw where.broken(
          address,
          "the blob is not a device tree, and %s stores no other size of a blob"
              .formatted(version()));
    }
    try {
      return Fdt.totalSize(header);
    } catch (FdtException e) {
      throw where.broken(
          address,
          "the blob's header is broken, and %s stores no other size of a blob: %s"
              .formatted(version(), e.getMessage()));
    }
  }

  /** The subtree with that name, if there is one that can be retrieved. */
  public Optional<Subtree> subtree(String name) {
    return subtrees(problem -> {}).stream()
        .filter(subtree -> subtree.name().equals(name))
        .findFirst();
  }

  /**
   * What a client handed over, if it did.
   *
   * @throws HandoverException if its blob is broken
   */
  public <T> Optional<T> client(Client<T> client) {
    return subtree(client.subtree()).map(subtree -> client.read(this, subtree));
  }

  /**
   * The device tree in a blob of the contract.
   *
   * @throws HandoverException if it is not well-formed, or not {@code layout}'s by its compatible
   *     string
   */
  public FdtNode tree(Subtree subtree, FdtLayout layout) {
    FdtNode tree = memory.tree(subtree.where(), subtree.address(), subtree.size());
    TreeValue.requireCompatible(tree, layout.compatible(), subtree.where(), subtree.address());
    return tree;
  }
}
