"""KHO itself: the root FDT, both forms of the preserved map, vmalloc areas, blocks. From ABI-HISTORY, sections 5 to 8."""

from fdt import Fdt, Node, string, u64


# The preserved map since kho-v2: a radix tree (6.2).

def key(shift, address, order):
    return 1 << (64 - shift - order) | address >> (shift + order)


def block_of(shift, key):
    """The address and order that a key stands for."""
    order = 64 - shift - (key.bit_length() - 1)
    return (key ^ 1 << key.bit_length() - 1) << (shift + order), order


def depth(shift, short=False):
    """Levels with the leaf. `short`: as it was computed before the bit that marks order 0 was counted."""
    bits = 64 - shift + (0 if short else 1)
    return -(-(bits - leaf_bits(shift)) // table_bits(shift)) + 1


def table_bits(shift):
    return shift - 3


def leaf_bits(shift):
    return shift + 3


def radix_tree(memory, keys, levels):
    """Writes the tree of some keys and returns its root's address and how many nodes it has."""
    shift = memory.shift
    nodes = {}

    def node(level, prefix):
        if (level, prefix) not in nodes:
            address = memory.allocate("map: level %d, 0x%x" % (level, prefix), preserve=False)
            if level:
                title = "map: table of level %d" % level
                record = memory.record(address, "kho_radix_node", title)
            else:
                record = memory.record(address, "kho_radix_leaf", "map: leaf, its bit 0 is key 0x%x" % prefix)
            nodes[level, prefix] = record
        return nodes[level, prefix]

    def level_shift(level):
        return leaf_bits(shift) + (level - 1) * table_bits(shift) if level else 0

    top = levels - 1
    root = node(top, 0)
    # Bits that the levels do not resolve are lost: a short tree with 16K pages loses the mark of order 0.
    resolved = level_shift(top) + table_bits(shift)
    for whole in sorted(keys):
        part = whole & (1 << resolved) - 1
        table = root
        for level in range(top, 0, -1):
            index = part >> level_shift(level) & (1 << table_bits(shift)) - 1
            prefix = part >> level_shift(level) << level_shift(level)
            child = node(level - 1, prefix)
            if not any(at == table.address + 8 * index for at, *_ in table.fields):
                table.phys(8 * index, "table[%d]" % index, child.address)
            table = child
        bit = part & (1 << leaf_bits(shift)) - 1
        byte = memory.read(table.address + bit // 8, 1)[0] | 1 << bit % 8
        memory.write(table.address + bit // 8, bytes([byte]))
        table.note(bit // 8, 1, "bit %d: key 0x%x," % (bit, whole), "0x%x, order %d" % block_of(shift, whole))
    return root.address, len(nodes)


# The preserved map of kho-v1: chunks of pointers at bitmaps (6.1).

def bitmap_list(memory, preserved, bitmap_bytes, place):
    """Writes the list, orders and addresses ascending, and returns the first chunk's address, how many
    chunks there are, and the bitmaps: order, first block, address."""
    bits = bitmap_bytes * 8
    bitmaps = {}
    for address, order in sorted(preserved, key=lambda block: (block[1], block[0])):
        block = memory.page_size << order
        start = address // (bits * block) * bits * block
        bitmaps.setdefault(order, {}).setdefault(start, []).append((address - start) // block)
    capacity = (memory.page_size - 16) // 16
    chunks = []
    for order in sorted(bitmaps):
        starts = sorted(bitmaps[order])
        for first in range(0, len(starts), capacity):
            chunks.append((order, starts[first:first + capacity]))
    addresses = [place.page("chunk") for _ in chunks]
    found = []
    for i, (order, starts) in enumerate(chunks):
        record = memory.record(addresses[i], "khoser_mem_chunk", "map: chunk %d, order %d" % (i, order))
        record.phys(0, "next", addresses[i + 1] if i + 1 < len(chunks) else 0)
        record.u32(8, "order", order)
        record.u32(12, "num_elms", len(starts))
        for n, start in enumerate(starts):
            at = place.bitmap(bitmap_bytes)
            found.append((order, start, at))
            element = memory.record(addresses[i] + 16 + 16 * n, "khoser_mem_bitmap_ptr",
                                    "map: chunk %d, element %d" % (i, n))
            element.phys(0, "phys_start", start)
            element.phys(8, "bitmap", at)
            bitmap = memory.record(at, "kho_mem_phys_bits",
                                   "map: %d bits of order %d from 0x%x" % (bits, order, start))
            data = bytearray(bitmap_bytes)
            for bit in bitmaps[order][start]:
                data[bit // 8] |= 1 << bit % 8
            memory.write(at, data)
            for bit in bitmaps[order][start]:
                bitmap.note(bit // 8, 1, "bit %d" % bit, hex(start + bit * (memory.page_size << order)))
    return addresses[0] if chunks else 0, len(chunks), found


class Places:
    """Pages for chunks and large bitmaps; small bitmaps lie side by side, as from a slab."""

    def __init__(self, memory, aligned=False):
        self.memory, self.aligned, self.slab = memory, aligned, 0

    def page(self, what):
        return self.memory.allocate(what, preserve=False)

    def bitmap(self, size):
        if size == self.memory.page_size or self.aligned:
            return self.page("bitmap")
        if self.slab % self.memory.page_size == 0:
            self.slab = self.page("bitmaps")
        self.slab += size
        return self.slab - size


# The root FDT (5).

class Root:
    """Subtrees are known to it by name, address and, from kho-v3 on, size."""

    def __init__(self, compatible, address):
        self.compatible, self.address, self.subtrees = compatible, address, []

    def add(self, name, address, size):
        self.subtrees.append((name, address, size))

    def properties(self, address, size):
        if self.compatible == "kho-v1":
            return [("fdt", u64(address))]
        if self.compatible == "kho-v2":
            return [("preserved-data", u64(address))]
        return [("preserved-data", u64(address)), ("blob-size", u64(size))]

    def write(self, memory, map_address, edited):
        """`edited`: nodes were added to the finished tree, each before the others (6.19 on)."""
        head = [("compatible", string(self.compatible)), ("preserved-memory-map", u64(map_address))]
        nodes = [(name, self.properties(address, size)) for name, address, size in self.subtrees]
        if edited:
            tree = Fdt(Node("", head))
            for name, properties in nodes:
                tree.add_subnode(name, properties)
        else:
            tree = Fdt(Node("", head, [Node(name, properties) for name, properties in nodes]))
        self.order = [child.name for child in tree.root.children]
        return tree.write(memory, self.address, memory.page_size, "root FDT", "root")


# vmalloc areas (7).

VM_ALLOC, ALLOW_HUGE = 1, 2


class Area:
    """An area that is described by 16 bytes and chunks of a page each."""

    def __init__(self, memory, blocks, order=0, flags=VM_ALLOC, title="area"):
        self.memory, self.order, self.flags, self.title = memory, order, flags, title
        self.pages = len(blocks) << order
        capacity = (memory.page_size - 8) // 8
        # A chunk that becomes full is followed by another at once, even if nothing more comes.
        self.chunks = [memory.allocate("%s: chunk %d" % (title, n)) for n in range(len(blocks) // capacity + 1)]
        for n, address in enumerate(self.chunks):
            record = memory.record(address, "kho_vmalloc_chunk", "%s: chunk %d" % (title, n))
            following = self.chunks[n + 1] if n + 1 < len(self.chunks) else 0
            record.phys(0, "next", following)
            for i, block in enumerate(blocks[n * capacity:(n + 1) * capacity]):
                record.phys(8 + 8 * i, "phys[%d]" % i, block)

    def descriptor(self):
        return (u64(self.chunks[0]) + self.pages.to_bytes(4, "little") + self.flags.to_bytes(2, "little")
                + self.order.to_bytes(2, "little"))

    def write(self, address):
        record = self.memory.record(address, "kho_vmalloc", "%s: descriptor" % self.title)
        record.phys(0, "first", self.chunks[0])
        record.u32(8, "total_pages", self.pages)
        record.u16(12, "flags", self.flags)
        record.u16(14, "order", self.order)

    def facts(self):
        return {"first": hex(self.chunks[0]), "totalPages": self.pages, "flags": self.flags, "order": self.order,
                "chunks": len(self.chunks)}


EMPTY_AREA = {"first": "0x0", "totalPages": 0, "flags": 0, "order": 0, "chunks": 0}


def array_area(memory, data, title):
    """An area of order 0 that holds `data`."""
    pages = -(-len(data) // memory.page_size)
    blocks = [memory.allocate("%s: page %d" % (title, n)) for n in range(pages)]
    for n, block in enumerate(blocks):
        memory.write(block, data[n * memory.page_size:(n + 1) * memory.page_size])
    return Area(memory, blocks, title=title), blocks


# Blocks (8).

def block_list(memory, entry_size, entries, what, structure):
    """Writes a chain of blocks. `entries`: functions that write one entry at an address. Returns the first address."""
    capacity = (memory.page_size - 16) // entry_size
    count = -(-len(entries) // capacity)
    addresses = [memory.allocate("%s: block %d" % (what, n)) for n in range(count)]
    for n, address in enumerate(addresses):
        part = entries[n * capacity:(n + 1) * capacity]
        record = memory.record(address, structure, "%s: block %d" % (what, n))
        record.phys(0, "next", addresses[n + 1] if n + 1 < count else 0)
        record.u64(8, "count", len(part))
        for i, write in enumerate(part):
            write(address + 16 + i * entry_size)
    return addresses[0] if addresses else 0
