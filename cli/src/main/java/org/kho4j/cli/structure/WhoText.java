package org.kho4j.cli.structure;

import static org.kho4j.cli.output.Text.Style.FAINT;
import static org.kho4j.cli.output.Text.Style.HEADING;
import static org.kho4j.cli.output.Text.Style.NAME;
import static org.kho4j.cli.output.Text.Style.WARNING;

import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.PageSizeEvidence;
import org.kho4j.memory.PhysicalMemory;

/** Owners of addresses, for people. */
final class WhoText {

  private final Text out;

  WhoText(Text out) {
    this.out = out;
  }

  void show(
      PhysicalMemory memory, Set<Long> addresses, Map<Handover, Collection<OwnedAddress>> found)
      throws IOException {
    for (long address : addresses) {
      out.put(HEADING, Units.address(address))
          .put(": ")
          .put(memory.isRam(address, 1) ? "RAM" : "no RAM")
          .put(memory.contains(address, 1) ? ", in the image" : ", not in the image")
          .line();
      for (Map.Entry<Handover, Collection<OwnedAddress>> one : found.entrySet()) {
        Handover handover = one.getKey();
        out.put("  ")
            .put(NAME, Units.printable(handover.root().compatible()) + " handover")
            .put(", " + handover.role().label() + ", root FDT at ")
            .address(handover.root().address())
            .line();
        Optional<OwnedAddress> here =
            one.getValue().stream().filter(owned -> owned.address() == address).findFirst();
        if (handover.taken().isPresent()) {
          out.put("    ")
              .put(WARNING, "taken")
              .put(": " + Units.printable(handover.taken().get()))
              .line();
        } else if (here.isPresent()) {
          show(handover, here.get());
        }
      }
    }
  }

  private void show(Handover handover, OwnedAddress here) throws IOException {
    PageSizeEvidence pageSize = handover.pageSizeEvidence();
    if (pageSize.isUnsure()) {
      line("page size")
          .put(WARNING, pageSize.size().label() + ", perhaps")
          .put(FAINT, ": " + pageSize.because() + " (--page-size decides)")
          .line();
    }
    preserved(handover, here);
    if (here.owners().isEmpty()) {
      line("owner")
          .put(
              here.blocks().isEmpty() ? FAINT : WARNING,
              handover.isNewer() ? "not known: kho does not know this version" : "nobody")
          .line();
    }
    for (OwnedAddress.Owner owner : here.owners()) {
      owner(owner);
    }
    if (here.moreOwners() > 0) {
      line("owner").put("and " + Units.count(here.moreOwners()) + " more").line();
    }
    for (OwnedAddress.Inside inside : here.structures()) {
      line("structure")
          .put(Units.printable(inside.structure()) + " at ")
          .address(inside.address())
          .put(", ")
          .put(NAME, Units.printablePath(inside.where().toString()));
      FieldAt field = inside.field();
      if (field != null) {
        out.put(": ")
            .put(NAME, field.name())
            .put(field.offset() == 0 ? "" : " + " + field.offset());
      }
      out.line();
    }
    if (here.scratch() != null) {
      line("scratch")
          .put("region of ")
          .size(here.scratch().length())
          .put(" at ")
          .address(here.scratch().address())
          .line();
    }
  }

  private Text line(String what) {
    return out.put("    %-10s ".formatted(what));
  }

  private void preserved(Handover handover, OwnedAddress here) throws IOException {
    if (here.preservedUnknownBecause() != null) {
      line("preserved").put(WARNING, "not known").put(": " + here.preservedUnknownBecause()).line();
    } else if (here.blocks().isEmpty()) {
      line("preserved").put("no").line();
    }
    for (OwnedAddress.Block block : here.blocks()) {
      line("preserved")
          .put("in the block of order " + block.order() + " at ")
          .address(block.address())
          .put(", ")
          .size(handover.pageSize().blockBytes(block.order()))
          .line();
    }
  }

  private void owner(OwnedAddress.Owner owner) throws IOException {
    line("owner")
        .put(owner.kind().words() + " ")
        .put(NAME, Units.printablePath(owner.where().toString()));
    if (owner.offset().isPresent()) {
      out.put(", offset ").put(Units.address(owner.offset().getAsLong()));
    } else if (owner.outside() != null) {
      out.put(", " + owner.outside());
    } else if (owner.offsetUnknown() != null) {
      out.put(", ").put(WARNING, "offset unknown").put(": " + owner.offsetUnknown());
    }
    out.line();
  }
}
