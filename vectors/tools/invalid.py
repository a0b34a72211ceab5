"""Handovers that are wrong in one place. A reader must say so, and must not crash, hang, or read what is not there."""

import struct

from clients import Luo, Memfd, Session, kho_test, memblock, metadata
from fdt import string, u32, u64
from vector import Vector

AWAY = 0x7ffff000
"""An aligned address at which the image has no page."""


def invalid():
    for make in (root_fdt, radix_tree, bitmap_list, vmalloc, blocks, arrays, luo, memfds, clients):
        yield from make()


def sound(name, title, kho="kho-v4", layouts=()):
    return Vector("invalid-" + name, "invalid", title, kho, layouts=layouts)


def wrong(vector, what, rule, meaning, change):
    """Finishes a vector whose bytes `change` spoils."""
    vector.complain(what, rule, meaning)
    vector.spoil(change)
    return vector.finish()


def patch(structure, field, data, shown, n=0):
    return lambda vector: vector.find(structure, n).patch(field, data, shown)


def nothing(vector):
    """It was wrong before the map was written."""


def phys(structure, field, value, n=0):
    return patch(structure, field, u64(value), hex(value), n)


# The root FDT

def root_fdt():
    def vector(name, title, kho="kho-v4"):
        made = sound("root-" + name, title, kho)
        made.add("kexec-metadata", metadata(made.memory, "7.3.0"))
        return made

    def header(offset, value):
        def change(vector):
            vector.memory.write(vector.root.address + offset, struct.pack(">I", value))
            address, size, name, _, _ = vector.find("root").fields[0]
            vector.find("root").fields[0] = (address, size, name, "with %d at offset %d" % (value, offset), "WRONG")
        return change

    yield wrong(vector("total-size", "Its total size is larger than any page."), "too-large", "FDT-001",
                "a root FDT has one page at most", header(4, 1 << 20))
    yield wrong(vector("structure-beyond-end", "Its structure block begins behind its end."), "bad-tree", "FDT-001",
                "an offset of the header lies outside of the tree", header(8, 4000))
    yield wrong(vector("unknown-version", "Its compatible string is one of the future."), "unknown-version", "FDT-015",
                "kho-v9 is no version: nothing else in the handover can be believed",
                patch("root", "compatible", string("kho-v9"), '"kho-v9"'))
    yield wrong(vector("composite", "Its compatible string begins like a known one."), "unknown-version", "FDT-015",
                "kho-v4;radix-v1 is another string than kho-v4, whatever comes before the semicolon", composite)
    yield wrong(vector("map-zero", "Its map is 0."), "null-pointer", "FDT-006", "since kho-v2 the map is never 0",
                patch("root", "preserved-memory-map", u64(0), "0x0"))
    yield wrong(vector("map-unaligned", "The address of its map is not that of a page."), "misaligned-pointer", "MAP-001",
                "a node is a page", lambda v: v.find("root").patch("preserved-memory-map", u64(v.map_address + 8),
                                                                   hex(v.map_address + 8)))
    yield wrong(vector("no-size", "A subtree of kho-v4 has no size: its tree is one of kho-v2."), "missing-property", "FDT-007",
                "blob-size is missing", version_with_nodes_of("kho-v2"))
    yield wrong(vector("no-data", "A subtree of kho-v4 has no preserved-data: its tree is one of kho-v1."), "missing-property", "FDT-007",
                "preserved-data is missing", version_with_nodes_of("kho-v1"))
    yield wrong(vector("blob-away", "A subtree's blob is not there."), "not-in-memory", "FDT-008",
                "the image has no page at the address of the blob", patch("root", "preserved-data", u64(AWAY), hex(AWAY)))
    yield wrong(vector("blob-size", "A subtree's blob is said to be larger than memory."), "count-too-large", "FDT-008",
                "2^63 bytes", patch("root", "blob-size", u64(1 << 63), hex(1 << 63)))


def composite(vector):
    vector.root.compatible = "kho-v4;radix-v1"
    rewrite(vector)


def version_with_nodes_of(other):
    def change(vector):
        compatible = vector.root.compatible
        vector.root.compatible = other
        nodes = {name: vector.root.properties(address, size) for name, address, size in vector.root.subtrees}
        vector.root.properties = lambda address, size: nodes["kexec-metadata"]
        vector.root.compatible = compatible
        rewrite(vector)
    return change


def rewrite(vector):
    records = vector.memory.records
    records.remove(vector.find("root"))
    vector.root.write(vector.memory, vector.map_address, True)
    records.insert(0, records.pop())


# The map

def radix_tree():
    def vector(name, title):
        return sound("map-" + name, title)

    yield wrong(vector("loop", "A table has its own page as its child."), "loop", "MAP-002",
                "the tree comes back to a page", lambda v: to_itself(v, "kho_radix_node", 1))
    yield wrong(vector("unaligned", "A child's address is not that of a page."), "misaligned-pointer", "MAP-001",
                "0x20002008 is no page", lambda v: entry(v, 0, 2, 0x20002008))
    yield wrong(vector("away", "A child is not there."), "not-in-memory", "MAP-001",
                "the image has no page at the address of a table", lambda v: entry(v, 0, 2, AWAY))
    yield wrong(vector("beyond-physical", "A child's address is none that memory can have."), "not-an-address", "MAP-001",
                "addresses end below 2^52", lambda v: entry(v, 0, 2, 1 << 60))
    yield wrong(vector("root-slot", "An entry of the root is in use that no key can reach."), "depth", "MAP-003",
                "with 6 levels and 4K pages only entries 0, 1 and 2 can be: this is damage, or a tree of another depth",
                lambda v: entry(v, 0, 7, v.find("kho_radix_node", 1).address))
    yield wrong(vector("key-zero", "Bit 0 of the leaf for the lowest keys is set."), "bad-key", "MAP-004",
                "key 0 has no highest bit, so no order", key_zero)
    overlapping = vector("overlap", "A block of order 1 covers a page that is preserved by itself.")
    second = overlapping.memory.allocate("block", 1) + 4096
    overlapping.memory.preserve(second, 0)
    yield wrong(overlapping, "overlap", "MAP-006", "0x%x is preserved twice" % second, nothing)
    yield wrong(vector("root-not-preserved", "The root FDT's own page is not in the map."), "not-preserved", "FDT-012",
                "the leaf has no bit for it", clear_leaf)


def to_itself(vector, structure, n):
    record = vector.find(structure, n)
    record.patch(record.fields[0][2], u64(record.address), hex(record.address))


def entry(vector, n, index, value):
    record = vector.find("kho_radix_node", n)
    name = "table[%d]" % index
    if not any(field[2] == name for field in record.fields):
        record.phys(8 * index, name, value)
    record.patch(name, u64(value), hex(value))


def clear_leaf(vector):
    leaf = vector.find("kho_radix_leaf")
    leaf.patch(leaf.fields[0][2], bytes(1), "cleared")


def key_zero(vector):
    """Adds the path of entries 0 from the root to a leaf with bit 0."""
    memory = vector.memory
    nodes = [vector.find("kho_radix_node").address] + [memory.allocate("node", preserve=False) for _ in range(5)]
    for parent, child in zip(nodes, nodes[1:]):
        memory.record(parent, "kho_radix_node", "map: table").phys(0, "table[0]", child)
    leaf = memory.record(nodes[-1], "kho_radix_leaf", "map: leaf, its bit 0 is key 0")
    leaf.put(0, "bit 0", b"\1", "key 0", "WRONG")


def bitmap_list():
    def vector(name, title):
        return sound("bitmaps-" + name, title, "kho-v1@6.18")

    yield wrong(vector("loop", "The only chunk is followed by itself."), "loop", "MAP-002",
                "the list comes back to a chunk", lambda v: phys("khoser_mem_chunk", "next", v.map_address)(v))
    yield wrong(vector("count", "A chunk has more elements than fit."), "count-too-large", "MAP-009",
                "num_elms is 256, and 255 fit into a page", patch("khoser_mem_chunk", "num_elms", u32(256), "256"))
    yield wrong(vector("order", "A chunk's order is none that a block can have."), "bad-order", "MAP-010",
                "order 60", patch("khoser_mem_chunk", "order", u32(60), "60"))
    yield wrong(vector("bitmap-zero", "An element has no bitmap."), "null-pointer", "MAP-001",
                "bitmap is 0", phys("khoser_mem_bitmap_ptr", "bitmap", 0))
    yield wrong(vector("bitmap-away", "A bitmap is not there."), "not-in-memory", "MAP-001",
                "the image has no page at its address", phys("khoser_mem_bitmap_ptr", "bitmap", AWAY))
    yield wrong(vector("start", "A bitmap's first block is not one that a bitmap of either size can begin with."), "misaligned-pointer", "MAP-011",
                "phys_start is neither a multiple of 4096 blocks nor of 32768",
                phys("khoser_mem_bitmap_ptr", "phys_start", 0x20001000))


# Areas: kho_test owns one

def vmalloc():
    def vector(name, title):
        made = sound("vmalloc-" + name, title)
        made.add("kho_test", kho_test(made.memory, [0, 1], False))
        return made

    def descriptor(offset, data, shown):
        """Spoils a part of the descriptor in kho_test's tree."""
        def change(vector):
            record = vector.find("kho_test")
            for i, (address, size, name, value, _) in enumerate(record.fields):
                if name == "property" and value == "folios_info":
                    at, size = record.fields[i + 1][:2]
                    vector.memory.write(at + offset, data)
                    record.fields[i + 1] = (at, size, "", shown, "WRONG")
        return change

    yield wrong(vector("loop", "The only chunk is followed by itself."), "loop", "VMALLOC-006", "the chain comes back to a chunk",
                lambda v: v.find("kho_vmalloc_chunk").patch("next", u64(v.find("kho_vmalloc_chunk").address), "itself"))
    yield wrong(vector("too-few", "total_pages is larger than the number of entries."), "count-mismatch", "VMALLOC-007",
                "2 pages, and the chunk lists 1", descriptor(8, u32(2), "total_pages 2"))
    yield wrong(vector("too-many", "A chunk has more entries than total_pages says."), "count-mismatch", "VMALLOC-008",
                "1 page, and the chunk lists 2", lambda v: v.find("kho_vmalloc_chunk").phys(16, "phys[1]", v.root.address, "WRONG"))
    yield wrong(vector("entry-unaligned", "An entry is not the address of a page."), "misaligned-pointer", "VMALLOC-009",
                "the lowest bits of phys[0] are 3", phys("kho_vmalloc_chunk", "phys[0]", 0x20001003))
    yield wrong(vector("chunk-away", "The second chunk is not there."), "not-in-memory", "VMALLOC-005",
                "the image has no page at next", phys("kho_vmalloc_chunk", "next", AWAY))
    yield wrong(vector("chunk-unaligned", "The address of the first chunk is not that of a page."), "misaligned-pointer", "VMALLOC-005",
                "first is 8 bytes into a page", lambda v: descriptor(0, u64(v.find("kho_vmalloc_chunk").address + 8), "first + 8")(v))
    yield wrong(vector("order", "The order is larger than any block."), "bad-order", "VMALLOC-002", "order 60",
                descriptor(14, b"\x3c\0", "order 60"))
    yield wrong(vector("not-whole-blocks", "total_pages is no multiple of the block's pages."), "count-mismatch", "VMALLOC-003",
                "1 page of order 1", descriptor(14, b"\1\0", "order 1"))
    yield wrong(vector("unknown-flag", "A flag is set that is known to nobody."), "unknown-flag", "VMALLOC-004", "flags 0x11",
                descriptor(12, b"\x11\0", "flags 0x11"))
    yield wrong(vector("no-chunk", "There are pages and no chunk."), "null-pointer", "VMALLOC-001", "first is 0",
                descriptor(0, u64(0), "first 0"))
    made = vector("not-preserved", "A page of the area is not in the map.")
    page = int.from_bytes(made.memory.read(made.find("kho_vmalloc_chunk").address + 8, 8), "little")
    made.memory.preserved.remove((page, 0))
    yield wrong(made, "not-preserved", "VMALLOC-011", "the next kernel may hand its page out before anybody asks for the area", nothing)


# Blocks: LUO has chains of them

def with_luo(name, title, sessions, flbs=(), kho="kho-v4", version="luo-v5"):
    vector = sound(name, title, kho, [version])
    state = Luo(version.split("@")[0], sessions, list(flbs))
    vector.add("LUO", state.write(vector.memory))
    return vector


SESSIONS = "kho_block_header_ser of luo_session_ser"
FILES = "kho_block_header_ser of luo_file_ser"


def blocks():
    def vector(name, title):
        return with_luo("blocks-" + name, title, [Session("one", [(1, ("vectors-v1", 5))]), Session("two")])

    yield wrong(vector("loop", "The only block is followed by itself."), "loop", "BLOCK-002", "the chain comes back to a block",
                lambda v: v.find(SESSIONS).patch("next", u64(v.find(SESSIONS).address), "itself"))
    yield wrong(vector("count-zero", "A block has no entry."), "count-zero", "BLOCK-004", "count is 0",
                patch(SESSIONS, "count", u64(0), "0"))
    yield wrong(vector("count", "A block has more entries than fit."), "count-too-large", "BLOCK-004", "count is 52, and 51 fit",
                patch(SESSIONS, "count", u64(52), "52"))
    yield wrong(vector("count-huge", "A block's count would overflow when it is multiplied."), "count-too-large", "BLOCK-004",
                "count * 64 is 64 modulo 2^64", patch(FILES, "count", u64((1 << 58) + 1), hex((1 << 58) + 1)))
    yield wrong(vector("away", "The second block is not there."), "not-in-memory", "BLOCK-001", "the image has no page at next",
                phys(SESSIONS, "next", AWAY))
    yield wrong(vector("unaligned", "The address of the second block is not that of a page."), "misaligned-pointer", "BLOCK-001",
                "next is 1", phys(SESSIONS, "next", 1))


def arrays():
    def vector(name, title):
        return with_luo("arrays-" + name, title, [Session("one", [(1, ("vectors-v1", 5))])], kho="kho-v3@7.1", version="luo-v1@7.0")

    yield wrong(vector("sessions", "There are more sessions than 16 pages hold."), "count-too-large", "ARRAY-002",
                "count is 820, and 819 fit", patch("luo_session_header_ser", "count", u64(820), "820"))
    yield wrong(vector("files", "There are more files than 2 pages hold."), "count-too-large", "ARRAY-002",
                "count is 129, and 128 fit", patch("luo_file_set_ser", "count", u64(129), "129"))
    yield wrong(vector("no-flb", "luo-v1 of 7.1 without its node of FLBs: it has another name."), "missing-node", "LUO-014",
                "7.0 and 7.1 panic; 6.19 wrote it so", rename_flb)


def rename_flb(vector):
    record = vector.find("LUO")
    for address, size, name, value, _ in record.fields:
        if name == "node" and value == "/luo-flb":
            vector.memory.write(address + 4, b"luo-xyz")


def luo():
    def vector(name, title):
        return with_luo("luo-" + name, title, [Session("one", [(1, ("memfd-v9", 5)), (2, ("vectors-v1", 6))]), Session("two")],
                        [("flb", 1, 1)])

    yield wrong(vector("unknown-version", "The head has a string of the future."), "unknown-version", "LUO-017", "luo-v9",
                patch("luo_ser", "compatible", b"luo-v9\0\0", '"luo-v9"'))
    yield wrong(vector("short", "The blob is one byte too short for the head."), "too-short", "LUO-001", "31 bytes, and the head has 32",
                patch("root", "blob-size", u64(31), "0x1f"))
    yield wrong(vector("name", "A session's name has no NUL."), "unterminated", "LUO-005", "64 bytes of a",
                patch("luo_session_ser", "name", b"a" * 64, "64 bytes"))
    yield wrong(vector("no-name", "A session has no name."), "empty-name", "LUO-005", "the first byte is 0",
                patch("luo_session_ser", "name", bytes(64), "nothing"))
    yield wrong(vector("same-name", "Two sessions have one name."), "duplicate", "LUO-006", "both are called one",
                patch("luo_session_ser", "name", b"one".ljust(64, b"\0"), '"one"', 1))
    yield wrong(vector("file-count", "A session has fewer files than its count says."), "count-mismatch", "LUO-007",
                "count is 3, and the blocks have 2", patch("luo_file_set_ser", "count", u64(3), "3"))
    yield wrong(vector("no-files", "A session has a count of files and no list."), "null-pointer", "LUO-008",
                "files is 0 beside a count of 2", phys("luo_file_set_ser", "files", 0))
    yield wrong(vector("handler", "A file's handler has no NUL."), "unterminated", "LUO-009", "48 bytes of h",
                patch("luo_file_ser", "compatible", b"h" * 48, "48 bytes"))
    yield wrong(vector("unknown-handler", "A memfd of a version of the future."), "unknown-version", "MEMFD-019", "memfd-v9", nothing)
    yield wrong(vector("token", "Two files of a session have one token."), "duplicate", "LUO-011", "both have 1",
                patch("luo_file_ser", "token", u64(1), "1", 1))
    yield wrong(vector("flb-count", "There are more FLBs than a page holds."), "count-too-large", "FLB-003", "count is 64, and 63 fit",
                patch("luo_flb_header_ser", "count", u64(64), "64"))
    yield wrong(vector("flbs-away", "The page of FLBs is not there."), "not-in-memory", "FLB-001",
                "the image has no page at its address", phys("luo_ser", "flbs_pa", AWAY))


def memfds():
    def vector(name, title, file=None):
        return with_luo("memfd-" + name, title, [Session("files", [(1, file or Memfd("memfd-v2", 8192, [(0, 0), (1, 0)]))])])

    yield wrong(vector("seals", "A seal is set that does not exist."), "unknown-flag", "MEMFD-004", "seals is 0x40, and the mask 0x3f",
                patch("memfd_luo_ser", "seals", u32(0x40), "64"))
    yield wrong(vector("flags", "flags is not 0."), "unknown-flag", "MEMFD-005", "flags is 1", patch("memfd_luo_ser", "flags", u32(1), "1"))
    yield wrong(vector("count", "There are more folios than their array holds."), "count-too-large", "MEMFD-006",
                "nr_folios is 257, and the array has one page of 256", patch("memfd_luo_ser", "nr_folios", u64(257), "257"))
    yield wrong(vector("size", "The size is none that a file can have."), "count-too-large", "MEMFD-008", "2^63 bytes",
                patch("memfd_luo_ser", "size", u64(1 << 63), hex(1 << 63)))
    yield wrong(vector("no-size", "There are folios and no size."), "count-mismatch", "MEMFD-007", "size is 0",
                patch("memfd_luo_ser", "size", u64(0), "0"))
    yield wrong(vector("away", "The structure is not there."), "not-in-memory", "MEMFD-002", "the image has no page at data",
                phys("luo_file_ser", "data", AWAY))
    yield wrong(vector("same-index", "Two folios are at one place of the file."), "duplicate", "MEMFD-014", "both have index 0",
                patch("memfd_luo_folio_ser", "index", u64(0), "0", 1))
    yield wrong(vector("beyond-size", "A folio begins behind the end of the file."), "count-too-large", "MEMFD-013", "index 2 of a file of two pages",
                patch("memfd_luo_folio_ser", "index", u64(2), "2", 1))
    yield wrong(vector("not-preserved", "A folio is not in the map."), "not-preserved", "MEMFD-011", "nobody preserved the page of its number",
                patch("memfd_luo_folio_ser", "pfn, flags", u64(0x29000 | 3 << 52), "0x29000, 3"))
    yield wrong(vector("index-of-order-2", "A folio of order 2 is at an index that is no multiple of 4.",
                       Memfd("memfd-v2", 0x8000, [(0, 2), (4, 2)])), "misaligned-pointer", "MEMFD-016", "index 3",
                patch("memfd_luo_folio_ser", "index", u64(3), "3", 1))


def clients():
    def with_metadata(name, title):
        vector = sound("metadata-" + name, title)
        vector.add("kexec-metadata", metadata(vector.memory, "7.3.0"))
        return vector

    yield wrong(with_metadata("version", "The version is 2."), "unknown-version", "META-002", "a kernel ignores it",
                patch("kho_kexec_metadata", "version", u32(2), "2"))
    yield wrong(with_metadata("short", "The blob has 72 bytes."), "too-short", "META-001", "73 are needed",
                patch("root", "blob-size", u64(72), "0x48"))
    yield wrong(with_metadata("release", "The release has no NUL."), "unterminated", "META-003", "65 bytes of 7",
                patch("kho_kexec_metadata", "previous_release", b"7" * 65, "65 bytes"))

    def with_memblock(name, title):
        vector = sound("memblock-" + name, title)
        start = vector.memory.allocate("reservation", 1, preserve=False)
        vector.memory.preserve(start, 0)
        vector.add("memblock", memblock(vector.memory, [("trace", start, 4096)]))
        return vector

    yield wrong(with_memblock("compatible", "The blob's string is another."), "unknown-version", "MEMBLOCK-001", "memblock-v2",
                patch("memblock", "compatible", string("memblock-v2"), '"memblock-v2"'))
    yield wrong(with_memblock("wrap", "A reservation goes on behind the last address."), "not-an-address", "MEMBLOCK-004", "its size is 2^64 - 4096",
                patch("memblock", "size", u64((1 << 64) - 4096), hex((1 << 64) - 4096)))
    yield wrong(with_memblock("not-preserved", "A reservation is larger than what is preserved of it."), "not-preserved", "MEMBLOCK-005",
                "its second page is not in the map", patch("memblock", "size", u64(8192), "0x2000"))

    def with_test(name, title):
        vector = sound("kho-test-" + name, title)
        vector.add("kho_test", kho_test(vector.memory, [0, 1], False))
        return vector

    yield wrong(with_test("checksum", "One bit of the data is another."), "bad-checksum", "TEST-005", "the sum does not match", flip)
    yield wrong(with_test("count", "There are more folios than their array holds."), "count-too-large", "TEST-002", "513, and a page has room for 512",
                patch("kho_test", "nr_folios", u32(513), "0x201"))
    yield wrong(with_test("folio-order", "A folio's order is none that a block can have."), "bad-order", "TEST-003", "order 63",
                patch("kho_test:/data.folios_info", "folio 1", u64(0x2000203f), "0x2000203f"))


def flip(vector):
    address = vector.root.address + 4096
    byte = vector.memory.read(address, 1)[0]
    vector.memory.write(address, bytes([byte ^ 1]))
