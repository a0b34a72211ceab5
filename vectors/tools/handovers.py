"""Whole handovers: one of every contract that a kernel has written, with each page size."""

from clients import Luo, Memfd, Session, kho_test, memblock, metadata
from kho import Places
from vector import PAGE_SIZES, Vector

# What each release, or development tree, writes. ABI-HISTORY, section 1.4.
CONTRACTS = {
    "6.16": ("kho-v1@6.16", None, None, "Linux 6.16 to 6.17.8: bitmaps of 512 bytes."),
    "6.17.9": ("kho-v1@6.17.9", None, None, "Linux 6.17.9: bitmaps of one page under the same string, no vmalloc areas."),
    "6.18": ("kho-v1@6.18", None, None, "Linux 6.18: vmalloc areas."),
    "6.19": ("kho-v1@6.18", "luo-v1@6.19", "memfd-v1", "Linux 6.19: the first LUO, without FLBs."),
    "7.0": ("kho-v1@6.18", "luo-v1@7.0", "memfd-v1", "Linux 7.0: LUO with FLBs."),
    "kho-v2": ("kho-v2", "luo-v1@7.0", "memfd-v1",
               "A development tree between 7.0 and 7.1: the radix tree has come, blobs have no size yet."),
    "7.1-rc": ("kho-v3@7.1-rc", "luo-v1@7.0", "memfd-v2",
               "An early candidate of 7.1: the tree has the depth that forgot the mark of order 0."),
    "7.1": ("kho-v3@7.1", "luo-v1@7.0", "memfd-v2", "Linux 7.1."),
    "luo-v2": ("kho-v3@7.1", "luo-v2", "memfd-v2", "A development tree between 7.1 and 7.2: LUO's tree has one pointer."),
    "luo-v3": ("kho-v3@7.1", "luo-v3", "memfd-v2", "A development tree between 7.1 and 7.2: LUO's head is a structure."),
    "luo-v4": ("kho-v4", "luo-v4", "memfd-v2", "A development tree between 7.1 and 7.2: sessions in blocks, files in arrays."),
    "7.3": ("kho-v4", "luo-v5", "memfd-v2", "Linux 7.2 and 7.3: sessions and files in blocks."),
}

RELEASES = {"kho-v2": "7.0.0-next", "7.1-rc": "7.1.0-rc1", "luo-v2": "7.1.0-next", "luo-v3": "7.1.0-next",
            "luo-v4": "7.1.0-next"}

FLBS = [("vectors-flb-v0", 0xfeedf00dcafebee0, 2), ("vectors-flb-v1", 0x1122334455667788, 1)]


def handovers():
    for release in CONTRACTS:
        for name, page_size in PAGE_SIZES.items():
            if release != "7.1-rc" or page_size == 16384:
                yield handover(release, name, page_size)


def handover(release, size_name, page_size):
    kho, luo, memfd, title = CONTRACTS[release]
    layouts = [layout for layout in (luo, memfd) if layout]
    vector = Vector("linux-%s-%s" % (release, size_name) if release[0].isdigit() else "%s-%s" % (release, size_name),
                    "handover", title, kho, page_size, layouts)
    memory = vector.memory
    with_vmalloc = kho not in ("kho-v1@6.16", "kho-v1@6.17.9")
    if not kho.startswith("kho-v1") and kho != "kho-v2":
        vector.add("kexec-metadata", metadata(memory, RELEASES.get(release, release + ".0")))
    reservations = [("trace", 16, 0), ("ramoops", 3, 1)]
    vector.add("memblock", memblock(memory, [reserve(memory, *what) for what in reservations]))
    if with_vmalloc:
        vector.add("kho_test", kho_test(memory, [0, 2, 5], vector.arm64))
    if luo:
        state = Luo(luo.split("@")[0], sessions(memory, memfd), None if luo.endswith("6.19") else FLBS, number=3)
        vector.add("LUO", state.write(memory), state.contents)
    if page_size == 16384 and kho in ("kho-v2", "kho-v3@7.1-rc"):
        short_tree(vector)
        vector.extra["warnings"] = {"MAP-017": "the tree has no room for the mark of order 0"}
    if kho == "kho-v1@6.17.9" and page_size == 4096:
        vector.extra["warnings"] = {"MAP-015": "nothing but the writer's release tells the size of its bitmaps"}
    return vector.finish()


def reserve(memory, name, pages, odd):
    """A reservation of some pages that begins `odd` pages behind a border."""
    size = pages * memory.page_size
    order = (pages - 1).bit_length() + odd
    start = memory.allocate(name, order, preserve=False) + odd * memory.page_size
    memory.fill(start, size, 0xa0)
    memory.preserve_run(start, size)
    return name, start, size


def sessions(memory, memfd):
    page = memory.page_size
    seals = 0x1 | 0x4 if memfd == "memfd-v2" else 0
    return [
        Session("vm-guest-ram", [
            (0x100, Memfd(memfd, 11 * page + 123, [(0, 0), (1, 0), (2, 1), (4, 2), (8, 2)], seals, position=77)),
            (0xfffffffffffffffe, Memfd(memfd, 0, [], 0))]),
        Session("empty"),
        Session("a name of sixty-three bytes, the longest one that a session has", [
            (1, Memfd(memfd, page, [(0, 0)], 0))]),
    ]


def short_tree(vector):
    """With 16K pages the early depth loses the bit that marks order 0."""
    vector.text = """
This tree has 4 levels, which resolve 50 bits of a key. The mark of order 0 is bit 50: it is lost. A preservation of order 0 leaves only the
page's number, and reads as a block of a much higher order, also in the kernel that wrote it. The facts' `preservations` are what the writer meant;
the keys of order 1 and above read as they should. `handover.preservedMap` counts what was meant."""
