"""One structure at a time, at its edges."""

import hashlib

from clients import Luo, Memfd, Session, kho_test, memblock, metadata
from fdt import Fdt, Node
from kho import ALLOW_HUGE, VM_ALLOC, Area, Places, key, leaf_bits, table_bits
from vector import PAGE_SIZES, Vector


def structures():
    yield from vmalloc_areas()
    yield from maps()
    yield from bitmap_sizes()
    yield from blocks()
    yield from files()
    yield from clients()
    yield from trees()


def structure(name, title, kho="kho-v4", page_size=4096, layouts=(), text=""):
    return Vector(name, "structure", title, kho, page_size, layouts, text)


# vmalloc areas

def vmalloc_areas():
    yield area("vmalloc-one-page", 1, "An area of one page: one chunk with one entry.")
    yield area("vmalloc-almost-full", 510, "An area with one entry less than a chunk can take: one chunk.")
    yield area("vmalloc-full-chunk", 511, "An area that fills its chunk exactly: a second one follows, all zero.")
    yield area("vmalloc-two-chunks", 600, "An area with a chunk and a bit.")
    yield area("vmalloc-full-chunks", 1022, "An area that fills two chunks exactly: a third one follows, all zero.")
    yield area("vmalloc-order-9", 3, "An area of three blocks of 2 MiB: order 9, flags VM_ALLOC and allow_huge. Three entries stand for "
               "1536 pages.", order=9, flags=VM_ALLOC | ALLOW_HUGE)
    yield area("vmalloc-full-chunk-16k", 2047, "With 16K pages a chunk takes 2047 entries.", page_size=16384, present=False)
    yield area("vmalloc-two-chunks-16k", 2048, "With 16K pages, one entry in the second chunk.", page_size=16384, present=False)
    yield area("vmalloc-full-chunk-64k", 8191, "With 64K pages a chunk takes 8191 entries.", page_size=65536, present=False)


def area(name, count, title, order=0, flags=VM_ALLOC, page_size=4096, present=True):
    vector = structure(name, title, page_size=page_size)
    memory = vector.memory
    size = page_size << order
    blocks = [memory.allocate("block", order, present=present) for _ in range(count)]
    # Every other pair changes places, so that ascending addresses are not taken for the order of the area.
    blocks[0:count // 2 * 2] = [blocks[i ^ 1] for i in range(count // 2 * 2)]
    for n, block in enumerate(blocks):
        if present:
            memory.fill(block, size, n << order)
    found = Area(memory, blocks, order, flags)
    blob = memory.allocate("area")
    found.write(blob)
    vector.add("area", (blob, 16, {}))
    vector.extra["vmalloc"] = {"descriptor": hex(blob), **found.facts()}
    if present:
        data = b"".join(memory.read(block, size) for block in blocks)
        vector.contents.append({"vmalloc": hex(blob), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    else:
        vector.extra["absent"] = "the pages of the area, to keep the image small"
    return vector.finish()


# The preserved map

VECTORS_4K = [(0x0, 0), (0x1000, 0), (0x123456000, 0), (0x7700000, 8), (0x100000000, 9), (0x40000000, 18)]


def maps():
    for name, page_size in PAGE_SIZES.items():
        yield all_orders("map-orders-" + name, page_size)
    vector = structure("map-keys-4k", "The keys of the contract's own test vectors.")
    yield with_keys(vector, VECTORS_4K)
    vector = structure("map-last-page-4k", "The last page below 2^52, the highest address that there is.")
    yield with_keys(vector, [((1 << 52) - 4096, 0)])
    for name, page_size in PAGE_SIZES.items():
        for kho, form in ("kho-v1@6.16", "512"), ("kho-v1@6.18", "page"):
            yield bitmap_orders("bitmaps-%s-orders-%s" % (form, name), kho, page_size)
    yield many_bitmaps()


def all_orders(name, page_size):
    shift = page_size.bit_length() - 1
    blocks = [(3 << shift + order, order) for order in range(51 - shift)]
    text = """
For every order a block at 3 * its size, so that no two overlap, up to addresses of 2^51. The blocks themselves are not in the image."""
    return with_keys(structure(name, "A preservation of every order that a block below 2^52 can have.", page_size=page_size,
                               text=text), blocks)


def with_keys(vector, blocks):
    shift = vector.memory.shift
    keys = []
    for address, order in blocks:
        vector.memory.preserve(address, order)
        whole = key(shift, address, order)
        levels = range(len(PATH[shift]) - 1, -1, -1)
        indices = [whole >> leaf_bits(shift) + level * table_bits(shift) & (1 << table_bits(shift)) - 1 for level in levels]
        keys.append({"address": hex(address), "order": order, "key": hex(whole), "indices": indices,
                     "leafBit": whole & (1 << leaf_bits(shift)) - 1})
    vector.extra["keys"] = keys
    vector.extra["absent"] = "the preserved blocks, to keep the image small"
    return vector.finish()


# Levels with tables, as the contract lists them.
PATH = {12: "L5 L4 L3 L2 L1".split(), 14: "L4 L3 L2 L1".split(), 16: "L3 L2 L1".split()}


def bitmap_orders(name, kho, page_size):
    shift = page_size.bit_length() - 1
    vector = structure(name, "A preservation of every order that kernels with bitmaps can restore, and two more of order 0 far away.",
                       kho, page_size)
    for order in range(PAGE_ORDERS[page_size] + 1):
        vector.memory.preserve(3 << shift + order, order)
    vector.memory.preserve(5 << 40, 0)
    vector.memory.preserve((1 << 47) + page_size, 0)
    vector.extra["absent"] = "the preserved blocks, to keep the image small"
    return vector.finish()


PAGE_ORDERS = {4096: 10, 16384: 11, 65536: 13}


def many_bitmaps():
    vector = structure("bitmaps-two-chunks-4k", "256 bitmaps of one order: 255 fill a chunk, the last is in a second one of the same order.",
                       "kho-v1@6.16")
    for n in range(1, 256):
        vector.memory.preserve((n << 24) + (n << 12) + (1 << 36), 0)
    vector.extra["absent"] = "the preserved blocks, to keep the image small"
    return vector.finish()


def bitmap_sizes():
    """Each rule of ABI-HISTORY 6.1.3 by itself."""
    vector = structure("bitmaps-rule-1", "Nothing but the subtree LUO tells that the bitmaps have a page: 512 bytes are not possible, as "
                       "such kernels had no LUO.", "kho-v1@6.18", layouts=["luo-v1@6.19"])
    luo = Luo("luo-v1", [], None)
    vector.add("LUO", luo.write(vector.memory))
    yield vector.finish()

    vector = structure("bitmaps-rule-2", "Nothing but the address of the second bitmap, which is not aligned to a page, tells that they have 512 "
                       "bytes.", "kho-v1@6.16")
    vector.memory.preserve(1 << 30, 0)
    vector.extra["absent"] = "one preserved page"
    yield vector.finish()

    text = """
Two elements of one order closer together than `PAGE_SIZE * 8` blocks, the fourth rule, are never the only sign: if both began at a multiple of that
many blocks they would begin at the same address. Rule 3 always applies too."""
    vector = structure("bitmaps-rule-3", "Every bitmap is at the start of a page, but the second one begins within the span of a bitmap of a page: "
                       "they have 512 bytes. (Rule 4 says the same.)", "kho-v1@6.16", text=text)
    vector.memory.preserve(0x21000000, 0)
    vector.extra["absent"] = "one preserved page"
    yield vector.finish(Places(vector.memory, aligned=True))

    vector = structure("bitmaps-ambiguous-same", "One bitmap, at the start of a page, whose bits are among the first 4096: both sizes are possible and "
                       "mean the same.", "kho-v1@6.16")
    yield vector.finish(Places(vector.memory, aligned=True))

    text = """
Written with bitmaps of a page. Read with 512 bytes, only the first 4096 bits count, and the preservation behind them is lost. A reader has to ask
which kernel wrote it; the facts are for bitmaps of a page."""
    vector = structure("bitmaps-ambiguous", "One bitmap, at the start of a page, with bits beyond the first 4096: nothing tells its size.",
                       "kho-v1@6.18", text=text)
    vector.extra["warnings"] = {"MAP-015": "nothing tells the size of the bitmap"}
    vector.memory.preserve(0x22345000, 0)
    vector.extra["absent"] = "one preserved page"
    yield vector.finish()

    text = """
A small bitmap at the start of a page and its neighbours of the slab in the same page, which belong to orders 1 and 2. The facts are for 512 bytes: their
addresses tell. A reader that takes bitmaps for pages finds preservations of order 0 that are none."""
    vector = structure("bitmaps-neighbours", "Small bitmaps side by side: behind the first one stand bits of others.", "kho-v1@6.16", text=text)
    vector.memory.preserve(0x20400000, 1)
    vector.memory.preserve(0x20800000, 2)
    vector.extra["absent"] = "the preserved blocks but the root FDT"
    yield vector.finish()


# Blocks, sessions, files

UNKNOWN_HANDLER = {"LUO-010": "no kernel has the handler"}
COUNTS = {"FLB-007": "the FLBs count references of files that are not there"}
HOLES = {"MEMFD-017": "a kernel allocates what a file lacks before it preserves the file: none writes a hole"}


def with_luo(name, title, sessions, flbs=(), kho="kho-v4", luo="luo-v5", page_size=4096, layouts=(), warnings=None):
    vector = structure(name, title, kho, page_size, [luo, *layouts])
    if warnings:
        vector.extra["warnings"] = warnings
    state = Luo(luo.split("@")[0], sessions, None if luo.endswith("6.19") else list(flbs))
    vector.add("LUO", state.write(vector.memory), state.contents)
    return vector.finish()


def numbered(count):
    return [Session("session %d" % n) for n in range(count)]


def blocks():
    yield with_luo("luo-empty", "LUO without a session: sessions_pa is 0, the page of FLBs is there and empty.", [])
    yield with_luo("luo-v1-empty", "The same in luo-v1: a header with the count 0.", [], kho="kho-v3@7.1", luo="luo-v1@7.0")
    yield with_luo("luo-blocks-full", "51 sessions fill one block exactly; no other follows.", numbered(51))
    yield with_luo("luo-blocks-two", "52 sessions: two blocks.", numbered(52))
    yield with_luo("luo-blocks-three", "103 sessions: two full blocks and one with a single session.", numbered(103))
    yield with_luo("luo-blocks-two-16k", "205 sessions with 16K pages: two blocks.", numbered(205), page_size=16384)
    files = [(n, ("vectors-v1", 0x1000 + n)) for n in range(127)]
    yield with_luo("luo-file-blocks", "A session with 127 files: two full blocks and one with a single file. Their handler is known to nobody, so "
                   "that data is just a number.", [Session("many files", files)], warnings=UNKNOWN_HANDLER)
    yield with_luo("luo-v1-files-full", "A session with 128 files, as many as the array of luo-v1 holds.",
                   [Session("many files", files + [(127, ("vectors-v1", 0x107f))])], kho="kho-v3@7.1", luo="luo-v1@7.0",
                   warnings=UNKNOWN_HANDLER)
    flbs = [("vectors-flb-%d" % n, n << 12 | 1, n % 3 + 1) for n in range(63)]
    yield with_luo("luo-flbs-full", "63 FLBs, as many as a page holds.", [], flbs, warnings=COUNTS)
    token = (1 << 64) - 1
    yield with_luo("luo-longest-names", "A session's name of 63 bytes, a handler's and an FLB's of 47, the largest token.",
                   [Session("n" * 63, [(token, ("h" * 47, token))])], [("f" * 47, (1 << 64) - 1, (1 << 64) - 1)],
                   warnings={**COUNTS, **UNKNOWN_HANDLER})


def files():
    def memfd(name, title, file, version="memfd-v2", kho="kho-v4", luo="luo-v5", warnings=None):
        return with_luo(name, title, [Session("files", [(1, file)])], kho=kho, luo=luo, layouts=[version], warnings=warnings)

    yield memfd("memfd-empty", "A memfd of no bytes: no folios, and a descriptor of zeros.", Memfd("memfd-v2", 0, []))
    yield memfd("memfd-odd-size", "A memfd whose last folio is used for one byte only.", Memfd("memfd-v2", 4097, [(0, 0), (1, 0)], 0x3f, 4097))
    yield memfd("memfd-holes", "A memfd with holes before, between and behind its folios of orders 0, 3 and 9.",
                Memfd("memfd-v2", 0x700123, [(1, 0), (8, 3), (512, 9), (1500, 0)]), warnings=HOLES)
    yield memfd("memfd-array-of-two-pages", "A memfd with 257 folios, one more than a page of their array holds.",
                Memfd("memfd-v2", 257 * 4096, [(n, 0) for n in range(257)]))
    yield memfd("memfd-skipped-entries", "Entries whose page frame number is 0 are skipped: what they stand for is a hole.",
                Memfd("memfd-v2", 5 * 4096, [(0, 0), (3, 0)], skipped=[1, 4]),
                warnings={"MEMFD-009": "kernels skip such entries, and none writes one", **HOLES})
    yield memfd("memfd-v1-clean", "A memfd of 6.19, which recorded what each folio really was: uptodate and not dirty.",
                Memfd("memfd-v1", 4096, [(0, 0)], flags=2), "memfd-v1", "kho-v1@6.18", "luo-v1@6.19")


# Other subtrees

def clients():
    vector = structure("metadata-longest-release", "kexec-metadata with a release of 64 characters and the largest count.")
    vector.add("kexec-metadata", metadata(vector.memory, ("7.3.4-" + "vectors" * 9)[:64], (1 << 32) - 1))
    yield vector.finish()

    vector = structure("memblock-eight", "Eight reservations, as many as there can be, with names of 15 characters.")
    memory = vector.memory
    reservations = []
    for n in range(8):
        start = memory.allocate("reservation", 3, preserve=False) + n % 4 * 4096
        size = (n % 3 + 1) * 4096
        memory.preserve_run(start, size)
        reservations.append(("reservation-%03d" % n, start, size))
    vector.add("memblock", memblock(memory, reservations))
    yield vector.finish()

    vector = structure("kho-test-orders", "kho_test with folios of order 0 to 8.")
    vector.add("kho_test", kho_test(vector.memory, range(9), False))
    yield vector.finish()


def trees():
    vector = structure("root-sequential", "A root FDT whose subtrees were written one after the other, as up to 6.18: their order, and that of their "
                       "properties, is the other way round.")
    vector.edited = False
    some_blobs(vector)
    yield vector.finish()

    vector = structure("root-edited", "The same subtrees, added to a finished tree one by one, as since 6.19.")
    some_blobs(vector)
    yield vector.finish()

    vector = structure("root-without-subtrees", "A root FDT with nothing but the map, in which only its own page is.")
    yield vector.finish()


def some_blobs(vector):
    for name, size in ("first", 1), ("second", 4096), ("third", 5000):
        address = vector.memory.allocate(name, 0 if size <= 4096 else 1)
        vector.memory.fill(address, size)
        data = vector.memory.read(address, size)
        vector.contents.append({"subtree": name, "bytes": size, "sha256": hashlib.sha256(data).hexdigest()})
        vector.add(name, (address, size, {}))
