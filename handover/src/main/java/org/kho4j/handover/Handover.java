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
 * A handover: the data that one kernel passes to the next, starting at the root FDT. Immutable, and
 * safe to share between threads as long as the memory is open. {@link Handovers} finds them.
 */
public final class Handover {

  /** Which side of a running kernel a handover is on. */
  public enum Role {
    /** Being prepared for the next kernel, or ready for it. */
    OUTGOING,
    /** Was given to the kernel whose memory this is. */
    INCOMING,
    /** The memory does not show the side. */
    UNKNOWN;

    /** {@code "outgoing"}, {@code "incoming"} or {@code "unknown"}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The state of the preserved map. */
  public enum MapState {
    /** Every page of the map was read and is valid. */
    INTACT,
    /**
     * Some entries of the map are invalid, or the root FDT's page is missing, which every map has:
     * what else is missing is unknown.
     */
    DAMAGED,
    /** A kernel has read the map of this incoming handover, and reused its memory. */
    CONSUMED,
    /** The map is damaged, not in the memory, or of another page size. */
    UNREADABLE,
    /** The map is of a newer contract than the newest one known here, and cannot be decoded. */
    NEWER,
    /** The map, or a part of it, is in RAM that the source does not have. */
    ABSENT,
    /** The map is not written yet: kernels up to 7.0 write it when the handover is finalized. */
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
  private final @Nullable HandoverException wrong;
  private final @Nullable MapForm told;
  private final PageSizeEvidence pageSizeEvidence;
  private @Nullable MapEvidence mapEvidence;
  private @Nullable MapSummary mapSummary;

  /**
   * A handover.
   *
   * @param mapState intact if there is a map to read
   * @param taken evidence that a kernel has taken it, or null
   * @param wrong what is wrong with the map as a whole, whether it can be read or not; null if
   *     nothing is
   * @param pageSizeEvidence for the page size of {@code memory}
   */
  Handover(
      HandoverMemory memory,
      RootFdt root,
      Role role,
      MapState mapState,
      @Nullable String taken,
      @Nullable HandoverException wrong,
      PageSizeEvidence pageSizeEvidence,
      @Nullable MapForm told) {
    this.memory = memory;
    this.root = root;
    this.role = role;
    this.mapState = mapState;
    this.taken = taken;
    this.wrong = wrong;
    this.told = told;
    this.pageSizeEvidence = pageSizeEvidence;
  }

  /** Returns a handover with the role {@link Role#UNKNOWN}: only its root FDT has been read. */
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
   * Returns the state of the preserved map. A kernel walks the incoming map once, early, and then
   * frees its nodes: an incoming map is soon overwritten, that is, consumed. The first call walks a
   * map that is present.
   */
  public MapState mapState() {
    if (mapState != MapState.INTACT || mapSummary().problems().isEmpty()) {
      return mapState;
    }
    return mapSummary().fault().isPresent() ? MapState.DAMAGED : MapState.ABSENT;
  }

  /**
   * Returns whether there is a map to read, intact, or partly damaged or absent. Does not walk the
   * map.
   */
  public boolean hasMap() {
    return mapState == MapState.INTACT;
  }

  /**
   * Returns whether the map preserves the root FDT's own page, as every map does. That proves the
   * page size, and the address at which a raw image begins.
   */
  public boolean hasRootPage() {
    return hasMap() && wrong == null;
  }

  /**
   * Counts the blocks and nodes of the map. The first call counts; later calls return the same
   * summary.
   *
   * @throws HandoverException if the root FDT does not point at a map
   */
  public synchronized MapSummary mapSummary() {
    MapSummary known = mapSummary;
    if (known == null) {
      PreservedMap map = preservedMap();
      known = map.summary();
      if (wrong != null) {
        known = known.with(wrong);
      }
      mapSummary = known;
    }
    return known;
  }

  /**
   * Returns the evidence that a kernel has taken the handover, as a sentence; empty if there is
   * none. The preserved memory then belongs to that kernel, and the map is overwritten or will be.
   */
  public Optional<String> taken() {
    return Optional.ofNullable(taken);
  }

  /**
   * Returns the reason why the map, or a part of it, cannot be read, as a sentence; empty unless
   * the state is {@link MapState#UNREADABLE} or {@link MapState#DAMAGED}.
   */
  public Optional<String> mapFault() {
    return mapProblem().map(HandoverException::getMessage);
  }

  /** Returns the fault that {@link #mapFault} describes, with the path of the broken part. */
  public Optional<HandoverException> mapProblem() {
    return hasMap() ? mapSummary().fault() : Optional.ofNullable(wrong);
  }

  /**
   * Returns the version of the contract.
   *
   * @throws HandoverException if the root FDT names an unknown version; {@link
   *     HandoverException#isNewer} separates a well-formed version from a damaged string
   */
  public KhoVersion version() {
    return KhoVersion.of(root.compatible()).orElseThrow(this::unknownVersion);
  }

  /**
   * Returns whether the root FDT names a version that is well-formed and newer than all known here.
   */
  public boolean isNewer() {
    return KhoVersion.isNewer(root.compatible());
  }

  /**
   * Checks that the version is known, before something is read whose layout it determines: vmalloc
   * areas and blocks.
   *
   * @throws HandoverException as {@link #version()} does
   */
  public void requireKnownVersion() {
    version();
  }

  private HandoverException unknownVersion() {
    return isNewer()
        ? Where.ROOT.newer(root.address(), root.compatible())
        : Where.ROOT.broken(
            root.address(),
            "compatible \"%s\" is none of %s".formatted(root.compatible(), KhoVersion.ALL));
  }

  /**
   * Returns the version whose properties list the subtrees: for a newer contract, the newest known
   * version.
   */
  private KhoVersion listing() {
    return isNewer() ? KhoVersion.ALL.getLast() : version();
  }

  /**
   * Returns the preserved map.
   *
   * @throws HandoverException if the root FDT does not point at one
   */
  public PreservedMap preservedMap() {
    return PreservedMap.of(memory, mapAddress(), mapEvidence().form());
  }

  /**
   * Returns the form of the preserved map, with the evidence for it.
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

  /** Returns whether, by the root FDT, the map is not written yet. */
  boolean isFinalizedLater() {
    return version().finalized() && mapPointer() == 0;
  }

  /**
   * Returns the subtrees, in the root FDT's order, which has no meaning. A node without the address
   * and size of its blob is left out and reported to {@code problems}: a kernel cannot retrieve it
   * either. For a {@linkplain #isNewer newer contract}, returns the subtrees that the newest known
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
   * Returns the subtree of a node of the root FDT.
   *
   * @throws HandoverException if the node has no address of its blob, or if neither the node nor
   *     the blob has the blob's size
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

  /** Returns the size of a blob that has to be a device tree. */
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

  /** Returns the subtree with that name, if there is one that can be retrieved. */
  public Optional<Subtree> subtree(String name) {
    return subtrees(problem -> {}).stream()
        .filter(subtree -> subtree.name().equals(name))
        .findFirst();
  }

  /**
   * Reads the data that a client handed over; empty if the client has no subtree.
   *
   * @throws HandoverException if its blob is broken
   */
  public <T> Optional<T> client(Client<T> client) {
    return subtree(client.subtree()).map(subtree -> client.read(this, subtree));
  }

  /**
   * Returns the device tree in a blob of the contract.
   *
   * @throws HandoverException if the tree is not well-formed, or its compatible string is not
   *     {@code layout}'s
   */
  public FdtNode tree(Subtree subtree, FdtLayout layout) {
    FdtNode tree = memory.tree(subtree.where(), subtree.address(), subtree.size());
    TreeValue.requireCompatible(tree, layout.compatible(), subtree.where(), subtree.address());
    return tree;
  }
}
