package org.kho4j.damage;

import java.util.ArrayList;
import java.util.List;
import org.kho4j.handover.pages.AddressRange;

/** A bit flipped somewhere in the structures of a handover that does not know where it hurts. */
public final class BitFlip {

  private static final int HEADER = 16;
  private static final int SESSION = 80;
  private static final int FILE = 64;
  private static final int FLB = 64;
  private static final int FOLIO = 16;
  private static final int MEMFD = 48;

  private final Guest guest;
  private final List<AddressRange> root = new ArrayList<>();
  private final List<AddressRange> blobs = new ArrayList<>();
  private final List<AddressRange> map = new ArrayList<>();
  private final List<AddressRange> sessions = new ArrayList<>();
  private final List<AddressRange> files = new ArrayList<>();
  private final List<AddressRange> memfds = new ArrayList<>();
  private final List<AddressRange> areas = new ArrayList<>();

  private BitFlip(Guest guest) {
    this.guest = guest;
  }

  /** Flips one: in the root FDT, a blob, the map, the lists of sessions, files, memfds or areas. */
  public static void flip(Guest guest) {
    BitFlip flip = new BitFlip(guest);
    flip.collect();
    List<AddressRange> kind =
        guest.pick(
            flip.root, flip.blobs, flip.map, flip.sessions, flip.files, flip.memfds, flip.areas);
    AddressRange range = kind.get(guest.pick(kind.size()));
    long bit = guest.pick(Math.toIntExact(range.length() * Byte.SIZE));
    long byteAddress = range.address() + bit / Byte.SIZE;
    guest.put64(byteAddress, guest.u64(byteAddress) ^ 1L << bit % Byte.SIZE);
  }

  private void collect() {
    root.add(new AddressRange(guest.root(), guest.rootBytes()));
    guest.subtrees().forEach(one -> blobs.add(new AddressRange(one.address(), one.size())));
    guest.forEachNode(page -> {
      for (long slot = page; slot < page + 4096; slot += Long.BYTES) {
        if (guest.u64(slot) != 0) {
          map.add(new AddressRange(slot, Long.BYTES));
        }
      }
    });
    long flbs = guest.flbs();
    sessions.add(new AddressRange(flbs, HEADER + FLB * guest.u64(flbs + 8)));
    for (long block = guest.sessions(); block != 0; block = guest.u64(block)) {
      long count = guest.u64(block + 8);
      sessions.add(new AddressRange(block, HEADER + SESSION * count));
      for (int i = 0; i < count; i++) {
        files(guest.u64(block + HEADER + (long) SESSION * i + 64));
      }
    }
  }

  private void files(long first) {
    for (long block = first; block != 0; block = guest.u64(block)) {
      long count = guest.u64(block + 8);
      files.add(new AddressRange(block, HEADER + FILE * count));
      for (int i = 0; i < count; i++) {
        memfd(guest.u64(block + HEADER + (long) FILE * i + 48));
      }
    }
  }

  private void memfd(long memfd) {
    memfds.add(new AddressRange(memfd, MEMFD));
    long left = guest.u64(memfd + 24) * FOLIO;
    long chunk = guest.u64(memfd + 32);
    for (long entry = chunk + 8; left > 0; entry += 8, left -= 4096) {
      areas.add(new AddressRange(entry, Long.BYTES));
      areas.add(new AddressRange(guest.u64(entry), Math.min(left, 4096)));
    }
  }
}
