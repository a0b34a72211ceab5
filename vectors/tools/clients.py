"""Who hands over: memblock, kexec-metadata, kho_test, LUO with its files, memfds. From ABI-HISTORY, sections 9 to 12."""

import hashlib
import struct

from fdt import Fdt, Node, string, u32, u64
from kho import EMPTY_AREA, Area, array_area, block_list


def metadata(memory, release, count=1, version=1):
    address = memory.allocate("kexec-metadata")
    record = memory.record(address, "kho_kexec_metadata", "kexec-metadata")
    record.u32(0, "version", version)
    record.text(4, "previous_release", release, 65)
    record.u32(69, "kexec_count", count)
    return address, 73, {"metadata": {"version": version, "previousRelease": release, "kexecCount": count}}


def memblock(memory, reservations):
    """`reservations`: (name, start, size)."""
    nodes = [Node(name, [("compatible", string("reserve-mem-v1")), ("start", u64(start)), ("size", u64(size))])
             for name, start, size in reservations]
    tree = Fdt(Node("", [("compatible", string("memblock-v1"))], nodes))
    address = memory.allocate("memblock")
    size = tree.write(memory, address, memory.page_size, "memblock", "memblock")
    facts = [{"name": name, "start": hex(start), "size": size} for name, start, size in reservations]
    return address, size, {"reserveMem": facts}


def checksum(folios, arm64):
    """Ones' complement sum; x86-64 folds it to 32 bits, arm64 to 16 bits after every folio."""
    if not arm64:
        total = sum(sum(struct.unpack("<%dQ" % (len(data) // 8), data)) for data in folios)
        return fold(total, 32)
    total = 0
    for data in folios:
        total = fold(total + fold(sum(struct.unpack("<%dQ" % (len(data) // 8), data)), 16), 32)
    return total


def fold(value, bits):
    while value >> bits:
        value = (value >> bits) + (value & (1 << bits) - 1)
    return value


def kho_test(memory, orders, arm64):
    folios = []
    for n, order in enumerate(orders):
        address = memory.allocate("kho_test: folio %d" % n, order)
        memory.fill(address, memory.page_size << order, 0x11 * (n + 1))
        folios.append((address, order))
    data = b"".join(u64(address | order) for address, order in folios)
    area, pages = array_area(memory, data, "kho_test")
    entries = memory.record(pages[0], "kho_test:/data.folios_info", "kho_test: folios, address and order")
    for n, (folio, order) in enumerate(folios):
        entries.phys(8 * n, "folio %d" % n, folio | order)
    csum = checksum([memory.read(address, memory.page_size << order) for address, order in folios], arm64)
    tree = Fdt(Node("", [("compatible", string("kho-test-v1")), ("magic", u32(0x4b484f21))],
                    [Node("data", [("nr_folios", u32(len(folios))), ("folios_info", area.descriptor()),
                                   ("csum", u32(csum))])]))
    address = memory.allocate("kho_test", 1)
    size = tree.write(memory, address, memory.page_size + 8 * len(folios), "kho_test", "kho_test")
    facts = {"folios": len(folios), "bytes": sum(memory.page_size << order for _, order in folios),
             "checksum": "match", "foliosInfo": area.facts()}
    return address, size, {"khoTest": facts}


# memfd (12).

DIRTY, UPTODATE = 1, 2


class Memfd:
    """A file of folios: (index in base pages, order). What no folio covers is a hole."""

    def __init__(self, version, size, folios, seals=0, position=0, flags=DIRTY | UPTODATE, skipped=()):
        self.version, self.size, self.folios, self.seals = version, size, folios, seals
        self.position, self.flags, self.skipped = position, flags, skipped

    def write(self, memory, name):
        """Returns the address of the structure, the facts, and the content."""
        content = bytearray(self.size)
        entries, orders = [], {}
        for n, (index, order) in enumerate(self.folios):
            size = memory.page_size << order
            address = memory.allocate("%s: folio %d" % (name, n), order)
            memory.fill(address, size, 0x20 + n)
            entries.append((address >> memory.shift, index))
            orders[str(order)] = orders.get(str(order), 0) + 1
            part = memory.read(address, size)[:max(0, self.size - index * memory.page_size)]
            content[index * memory.page_size:index * memory.page_size + len(part)] = part
        for index in self.skipped:
            entries.append((0, index))
        entries.sort(key=lambda entry: entry[1])
        struct_address = memory.allocate(name)
        area, pages = None, []
        if entries:
            data = b"".join(folio_entry(pfn, self.flags if pfn else 0, index) for pfn, index in entries)
            area, pages = array_area(memory, data, name + ": folios")
        for n, (pfn, index) in enumerate(entries):
            per_page = memory.page_size // 16
            entry = memory.record(pages[n // per_page] + n % per_page * 16, "memfd_luo_folio_ser",
                                  "%s: folio %d" % (name, n))
            entry.note(0, 8, "pfn, flags", "0x%x, %d: folio at 0x%x" % (pfn, self.flags if pfn else 0,
                                                                        pfn << memory.shift))
            entry.note(8, 8, "index", str(index))
        write_memfd(memory, struct_address, self, len(entries), area, name)
        facts = {"size": self.size, "position": self.position}
        if self.version == "memfd-v2":
            facts["seals"] = self.seals
        facts["folios"] = len(entries)
        facts["orders"] = dict(sorted(orders.items(), key=lambda item: int(item[0])))
        facts["foliosInfo"] = area.facts() if area else EMPTY_AREA
        return struct_address, facts, bytes(content)


def folio_entry(pfn, flags, index):
    return u64(pfn | flags << 52) + u64(index)


def write_memfd(memory, address, memfd, entries, area, name):
    record = memory.record(address, "memfd_luo_ser", name + ": " + memfd.version)
    record.u64(0, "pos", memfd.position)
    record.u64(8, "size", memfd.size)
    offset = 16
    if memfd.version == "memfd-v2":
        record.u32(16, "seals", memfd.seals)
        record.u32(20, "flags", 0)
        offset = 24
    record.u64(offset, "nr_folios", entries)
    record.note(offset + 8, 16, "folios", "the descriptor of the area that lists the folios")
    if area:
        area.write(address + offset + 8)


# LUO (11).

class Session:
    """`files`: (token, Memfd) or (token, (handler, data))."""

    def __init__(self, name, files=()):
        self.name, self.files = name, list(files)


class Luo:
    """The state of a live update. `flbs`: (name, data, count), or None for a version without."""

    def __init__(self, version, sessions, flbs, number=1):
        self.version, self.sessions, self.flbs, self.number = version, sessions, flbs, number

    def write(self, memory):
        """Returns the address and size of the blob, the facts, and the contents of the files."""
        self.contents = []
        written = [self.files_of(memory, session) for session in self.sessions]
        by_blocks = self.version in ("luo-v4", "luo-v5")
        writers = [session_writer(memory, session.name, files, len(session.files))
                   for session, (files, _) in zip(self.sessions, written)]
        if by_blocks:
            sessions_pa = block_list(memory, 80, writers, "sessions", "kho_block_header_ser of luo_session_ser")
        else:
            sessions_pa = memory.allocate("sessions", 4)
            memory.record(sessions_pa, "luo_session_header_ser", "sessions").u64(0, "count", len(writers))
            for i, write in enumerate(writers):
                write(sessions_pa + 8 + 80 * i)
        flbs_pa = self.write_flbs(memory) if self.flbs is not None else None
        address, size = self.write_head(memory, sessions_pa, flbs_pa)
        facts = {"compatible": self.version, "liveupdateNumber": self.number,
                 "sessions": [{"name": session.name, "files": facts}
                              for session, (_, facts) in zip(self.sessions, written)]}
        if self.flbs is not None:
            facts["flbs"] = [{"name": name, "data": hex(data), "count": count} for name, data, count in self.flbs]
        return address, size, {"luo": facts}

    def files_of(self, memory, session):
        writers, facts = [], []
        for token, file in session.files:
            where = 'session "%s", file %d' % (session.name, token)
            if isinstance(file, Memfd):
                data, memfd, content = file.write(memory, where)
                self.contents.append({"session": session.name, "token": token, "bytes": len(content),
                                      "sha256": hashlib.sha256(content).hexdigest()})
                handler = file.version
                facts.append({"compatible": handler, "token": token, "memfd": memfd})
            else:
                handler, data = file
                facts.append({"compatible": handler, "token": token, "data": hex(data)})
            writers.append(file_writer(memory, where, handler, data, token))
        if not writers:
            return 0, facts
        if self.version == "luo-v5":
            return block_list(memory, 64, writers, 'session "%s", files' % session.name,
                              "kho_block_header_ser of luo_file_ser"), facts
        files = memory.allocate('session "%s", files' % session.name, 1)
        for i, write in enumerate(writers):
            write(files + 64 * i)
        return files, facts

    def write_flbs(self, memory):
        address = memory.allocate("FLBs")
        record = memory.record(address, "luo_flb_header_ser", "FLBs")
        record.u64(0, "pgcnt", 1)
        record.u64(8, "count", len(self.flbs))
        for i, (name, data, count) in enumerate(self.flbs):
            entry = memory.record(address + 16 + 64 * i, "luo_flb_ser", "FLB %d" % i)
            entry.text(0, "name", name, 48)
            entry.phys(48, "data", data)
            entry.u64(56, "count", count)
        return address

    def write_head(self, memory, sessions_pa, flbs_pa):
        if self.version in ("luo-v3", "luo-v4", "luo-v5"):
            address = memory.allocate("LUO")
            record = memory.record(address, "luo_ser", "LUO: head")
            record.text(0, "compatible", self.version, 8)
            record.u64(8, "liveupdate_num", self.number)
            record.phys(16, "sessions_pa", sessions_pa)
            record.phys(24, "flbs_pa", flbs_pa)
            return address, 32
        if self.version == "luo-v2":
            header = memory.allocate("LUO header")
            record = memory.record(header, "luo_abi_header", "LUO: header")
            record.u64(0, "liveupdate_num", self.number)
            record.phys(8, "sessions_pa", sessions_pa)
            record.phys(16, "flbs_pa", flbs_pa)
            tree = Node("", [("compatible", string("luo-v2")), ("luo-abi-header", u64(header))])
        else:
            nodes = [Node("luo-session", [("compatible", string("luo-session-v2")),
                                          ("luo-session-header", u64(sessions_pa))])]
            if flbs_pa is not None:
                nodes.append(Node("luo-flb", [("compatible", string("luo-flb-v1")), ("luo-flb-header", u64(flbs_pa))]))
            tree = Node("", [("compatible", string("luo-v1")), ("liveupdate-number", u64(self.number))], nodes)
        address = memory.allocate("LUO")
        return address, Fdt(tree).write(memory, address, memory.page_size, "LUO: head", "LUO")


def session_writer(memory, name, files, count):
    def write(address):
        record = memory.record(address, "luo_session_ser", 'session "%s"' % name)
        record.text(0, "name", name, 64)
        record.note(64, 16, "file_set_ser", "where its files are, and how many")
        file_set = memory.record(address + 64, "luo_file_set_ser", 'session "%s": file set' % name)
        file_set.phys(0, "files", files)
        file_set.u64(8, "count", count)
    return write


def file_writer(memory, where, handler, data, token):
    def write(address):
        record = memory.record(address, "luo_file_ser", where)
        record.text(0, "compatible", handler, 48)
        record.phys(48, "data", data)
        record.u64(56, "token", token)
    return write
