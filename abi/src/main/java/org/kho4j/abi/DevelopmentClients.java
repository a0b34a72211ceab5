package org.kho4j.abi;

import java.util.List;
import org.kho4j.abi.DevelopmentLayout.CountedArray;
import org.kho4j.abi.DevelopmentLayout.Kind;

/**
 * The rows of {@link DevelopmentLayout}. To add one: its structure, a row in {@link #all}, and a
 * fixture ({@code docs/development-layouts.md}).
 */
final class DevelopmentClients {

  private static final String TREE = "a public development tree";
  private static final String MM = "the memory-management tree, virt/kvm/guest_memfd_luo.c";

  private DevelopmentClients() {}

  static List<DevelopmentLayout> all() {
    return List.of(
        pci("pci-v1", "padding", "0"),
        pci("pci-v2", "refcount", "references to the device"),
        kvmVm(),
        guestMemfd(),
        hugetlb(),
        iommu(),
        nameOnly("vfio-pci-v1", Kind.FILE_HANDLER, "PCI devices that VFIO has passed to a guest."),
        nameOnly("iommufd-v1", Kind.FILE_HANDLER, "Page tables of an IOMMU."),
        nameOnly("cpu_fh_v1", Kind.FILE_HANDLER, "vCPUs that run through the kexec; magic CPUF."),
        nameOnly("cpu_flb_v1", Kind.FLB, "The caretaker of such vCPUs; magic CTSS."));
  }

  private static DevelopmentLayout pci(String name, String last, String meaning) {
    Field most = Field.u32(0, "max_nr_devices", "devices that there is room for");
    Field count = Field.u32(4, "nr_devices", "devices");
    Structure device =
        fixed(
            "device of " + name,
            Field.u32(0, "domain", "PCI domain"),
            Field.u16(4, "bdf", "bus, device and function"),
            Field.u16(6, last, meaning));
    return new DevelopmentLayout(
        name,
        Kind.FLB,
        fixed("state of " + name, most, count),
        new CountedArray(count, most, null, device),
        TREE,
        "PCI devices that keep running through the kexec.");
  }

  private static DevelopmentLayout kvmVm() {
    Field count = Field.u64(8, "nr_mem_attrs", "memory attributes");
    Field area = Field.embedded(16, "mem_attrs", KhoVmalloc.STRUCTURE, "area of the attributes");
    Structure attribute =
        fixed(
            "memory attribute of kvm_vm_luo_v1",
            Field.u64(0, "gfn", "guest frame number"),
            Field.u64(8, "attributes", "of the frame"));
    return new DevelopmentLayout(
        "kvm_vm_luo_v1",
        Kind.FILE_HANDLER,
        fixed("state of kvm_vm_luo_v1", Field.u64(0, "type", "type of the VM"), count, area),
        new CountedArray(count, null, area, attribute),
        MM,
        "A VM of KVM.");
  }

  private static DevelopmentLayout guestMemfd() {
    Field count = Field.u64(16, "nr_folios", "entries of the array of folios");
    Field area = Field.embedded(32, "folios", KhoVmalloc.STRUCTURE, "area of the array");
    Structure folio =
        fixed(
            "folio of guest_memfd_luo_v1",
            Field.u64(0, "pfn, flags", "where the folio is, and its state")
                .withBits(
                    new Field.Bits("pfn", 0, 52, "page frame number"),
                    new Field.Bits("flags", 52, 12, "of the folio")),
            Field.u64(8, "index", "offset of the folio in the file, in base pages"));
    return new DevelopmentLayout(
        "guest_memfd_luo_v1",
        Kind.FILE_HANDLER,
        fixed(
            "state of guest_memfd_luo_v1",
            Field.u64(0, "size", "bytes of the file"),
            Field.u64(8, "flags", "of the file")
                .withBits(
                    new Field.Bits("MMAP", 0, 1, "may be mapped"),
                    new Field.Bits("INIT_SHARED", 1, 1, "shared at first")),
            count,
            Field.u64(24, "vm_token", "token of the VM's file"),
            area),
        new CountedArray(count, null, area, folio),
        MM,
        "Memory of a guest.");
  }

  private static DevelopmentLayout hugetlb() {
    Structure hstate =
        fixed(
            "hstate of hugetlb-v1",
            Field.u64(0, "nr_pages", "huge pages"),
            Field.u8(8, "order", "order of a huge page"));
    Field[] fields = new Field[5];
    for (int i = 0; i < 4; i++) {
      fields[i] =
          Field.embedded(i * hstate.headerSize(), "hstate " + i, hstate, "huge pages of one size");
    }
    fields[4] = Field.u8(36, "nr_hstates", "sizes of huge pages in use");
    return new DevelopmentLayout(
        "hugetlb-v1",
        Kind.FLB,
        fixed("state of hugetlb-v1", fields),
        null,
        "an RFC of December 2025",
        "Huge pages. Packed, 37 bytes.");
  }

  private static DevelopmentLayout iommu() {
    Structure list =
        fixed(
            "array of iommu-liveupdate",
            Field.phys(0, "next", null, "the next array; 0 for none"),
            Field.u64(8, "nr_objects", "objects that follow; their layout is not recorded here"));
    return new DevelopmentLayout(
        "iommu-liveupdate",
        Kind.FLB,
        fixed(
            "state of iommu-liveupdate",
            Field.u64(0, "version", "1"),
            Field.phys(8, "array 0", () -> list, "objects of one kind"),
            Field.phys(16, "array 1", () -> list, "objects of one kind"),
            Field.phys(24, "array 2", () -> list, "objects of one kind")),
        null,
        TREE,
        "State of IOMMUs. The widths and order of an array's fields are inferred.");
  }

  private static DevelopmentLayout nameOnly(String name, Kind kind, String meaning) {
    return new DevelopmentLayout(name, kind, null, null, TREE, meaning);
  }

  private static Structure fixed(String name, Field... fields) {
    return Structure.fixed(
        name,
        Releases.NEVER,
        Lifetime.block(0, "not recorded here", "not recorded here"),
        TREE,
        "In no release.",
        fields);
  }
}
