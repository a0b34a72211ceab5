package org.kho4j.handover;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtNode;

/**
 * Everything that one generation of a kernel hands to the next, as its root FDT tells it.
 * Immutable, and safe to share between threads as long as the memory is open. {@link Handovers}
 * finds them.
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
      return switch (this) {
        case OUTGOING -> "outgoing";
        case INCOMING -> "incoming";
        case UNKNOWN -> "unknown";
      };
    }
  }

  private final HandoverMemory memory;
  private final RootFdt root;
  private final Role role;
  private final boolean mapIntact;

  Handover(HandoverMemory memory, RootFdt root, Role role, boolean mapIntact) {
    this.memory = memory;
    this.root = root;
    this.role = role;
    this.mapIntact = mapIntact;
  }

  public HandoverMemory memory() {
    return memory;
  }

  public PageSize pageSize() {
    return memory.pageSize();
  }

  public RootFdt root() {
    return root;
  }

  public Role role() {
    return role;
  }

  /**
   * Whether the preserved map can be believed. A kernel walks the map it was given once, early, and
   * then frees its nodes, so an incoming map is soon overwritten: consumed.
   */
  public boolean isMapIntact() {
    return mapIntact;
  }

  /**
   * The version of the contract.
   *
   * @throws HandoverException if the root FDT names one that is unknown, or that cannot be read yet
   */
  public KhoVersion version() {
    KhoVersion version =
        KhoVersion.of(root.compatible())
            .orElseThrow(() ->
                Where.ROOT.broken(
                    root.address(),
                    "compatible \"%s\" is none of %s: perhaps of a newer kernel"
                        .formatted(root.compatible(), KhoVersion.ALL)));
    if (version.sizeProperty() == null) {
      throw Where.ROOT.broken(
          root.address(),
          "compatible \"%s\" (Linux %s) is known, but reading it is not supported yet: kho-v3 and kho-v4 are"
              .formatted(version, version.releases()));
    }
    return version;
  }

  /**
   * The preserved map.
   *
   * @throws HandoverException if the root FDT does not point at one
   */
  public PreservedMap preservedMap() {
    KhoVersion version = version();
    memory.requirePage(Where.ROOT, root.address(), "the root FDT's address");
    Where where = Where.ROOT.in(KhoVersion.MAP_PROPERTY);
    long address = TreeValue.u64(root.tree(), KhoVersion.MAP_PROPERTY, where, root.address());
    if (address == 0) {
      throw where.broken(root.address(), "is 0: there is no map");
    }
    memory.requirePage(where, address, "the root node's address");
    return new PreservedMap(memory, where, address, version.map().depth(pageSize()));
  }

  /**
   * The subtrees, in the root FDT's order, which says nothing. A node that does not tell where its
   * blob is, and how long, is left out and told to {@code problems}: a kernel cannot retrieve it
   * either.
   */
  public List<Subtree> subtrees(Consumer<HandoverException> problems) {
    KhoVersion version = version();
    String sizeProperty = Objects.requireNonNull(version.sizeProperty());
    List<Subtree> subtrees = new ArrayList<>();
    for (FdtNode node : root.tree().children()) {
      Where where = Where.ROOT.in(node.name());
      try {
        subtrees.add(
            new Subtree(
                node.name(),
                TreeValue.u64(node, version.addressProperty(), where, root.address()),
                TreeValue.u64(node, sizeProperty, where, root.address())));
      } catch (HandoverException e) {
        problems.accept(e);
      }
    }
    return subtrees;
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
    requireCompatible(tree, layout.compatible(), subtree.where(), subtree.address());
    return tree;
  }

  /** Checks a node's compatible strings, as a kernel does. */
  public static void requireCompatible(FdtNode node, String compatible, Where where, long address) {
    List<String> found = TreeValue.compatible(node);
    if (!found.contains(compatible)) {
      throw where.broken(address, "compatible is %s, not \"%s\"".formatted(found, compatible));
    }
  }
}
