"""One vector: its memory, what a reader must find in it, and a page that explains its bytes."""

import json
from collections import Counter

from fdt import Fdt, Node
from image import EM_AARCH64, EM_X86_64, elf, zstd
from kho import Places, Root, bitmap_list, depth, key, radix_tree
from memory import Memory

PAGE_SIZES = {"4k": 4096, "16k": 16384, "64k": 65536}
SCRATCH_UNIT = {4096: 4 << 20, 16384: 32 << 20, 65536: 512 << 20}


class Vector:
    """Built in the order in which a kernel does it: root FDT's page first, subtrees, at last the map."""

    def __init__(self, name, kind, title, kho, page_size=4096, layouts=(), text=""):
        self.name, self.kind, self.title, self.kho, self.text = name, kind, title, kho, text
        self.page_size = page_size
        self.arm64 = page_size != 4096
        self.layouts = [kho, *layouts]
        self.memory = Memory(page_size, 0x80000000 if self.arm64 else 0x20000000)
        self.root = Root(kho.split("@")[0], self.memory.allocate("root FDT"))
        self.subtrees = {}
        self.contents = []
        self.extra = {}
        self.complaints = []
        self.edited = kho not in ("kho-v1@6.16", "kho-v1@6.17.9")
        self.sequential = False
        self.spoilers = []

    def add(self, name, written, contents=()):
        address, size, facts = written
        self.root.add(name, address, size)
        self.subtrees[name] = {"name": name, "data": hex(address), "size": size, **facts}
        self.contents += contents

    def complain(self, what, rule, meaning):
        """`what` is the class of the complaint, `rule` its number in docs/verify.md where it has one."""
        complaint = {"class": what, "meaning": meaning}
        if rule:
            complaint["rule"] = rule
        self.complaints.append(complaint)

    def spoil(self, change):
        """`change(vector)` is called when everything else is written."""
        self.spoilers.append(change)

    def finish(self, places=None):
        memory = self.memory
        preserved = sorted(memory.preserved)
        map_facts = {}
        if self.kho.startswith("kho-v1"):
            bitmap_bytes = 512 if self.kho == "kho-v1@6.16" else self.page_size
            map_address, chunks, bitmaps = bitmap_list(memory, preserved, bitmap_bytes, places or Places(memory))
            self.extra["bitmaps"] = {"bytes": bitmap_bytes, "count": len(bitmaps), "chunks": chunks, **self.evidence(bitmaps)}
        else:
            levels = depth(memory.shift, self.kho in ("kho-v2", "kho-v3@7.1-rc"))
            keys = [key(memory.shift, address, order) for address, order in preserved]
            map_address, map_facts["nodes"] = radix_tree(memory, keys, levels)
            self.extra["radix"] = {"depth": levels}
        self.map_address = map_address
        total = self.root.write(memory, map_address, self.edited and not self.sequential)
        memory.records.insert(0, memory.records.pop())
        self.boot_record()
        orders = Counter(order for _, order in preserved)
        self.handover = {
            "fdt": hex(self.root.address), "totalSize": total, "compatible": self.root.compatible,
            "preservedMap": {
                "root": hex(map_address), **map_facts, "preservations": len(preserved),
                "bytes": sum(self.page_size << order for _, order in preserved),
                "orders": {str(order): orders[order] for order in sorted(orders)}},
            "subtrees": [self.subtrees[name] for name in self.root.order]}
        for spoiler in self.spoilers:
            spoiler(self)
        return self

    def evidence(self, bitmaps):
        """What tells 512-byte bitmaps from those of a page (ABI-HISTORY 6.1.3). Without a rule it cannot be told."""
        memory = self.memory
        span = self.page_size * 8 * self.page_size
        if "LUO" in self.subtrees:
            return {"certainty": "certain", "rule": 1}
        if any(bitmap % self.page_size for _, _, bitmap in bitmaps):
            return {"certainty": "certain", "rule": 2}
        if any(start % (span << order) for order, start, _ in bitmaps):
            return {"certainty": "certain", "rule": 3}
        if any(any(memory.read(bitmap + 512, self.page_size - 512)) for _, _, bitmap in bitmaps):
            return {"certainty": "unsure"}
        return {"certainty": "same-either-way"}

    def find(self, structure, n=0):
        """The n-th record of a structure."""
        return [record for record in self.memory.records if record.structure == structure][n]

    def boot_record(self):
        """As the next kernel gets it: setup_data on x86-64, /chosen on arm64 (ABI-HISTORY 3 and 4)."""
        memory, unit = self.memory, SCRATCH_UNIT[self.page_size]
        low = 0x40000000 if self.arm64 else 0x10000000
        regions = [(low, unit), (low + unit, unit)] if self.page_size != 65536 else [(low, unit), (low, 0)]
        memory.present(low, 1)
        for n, (start, size) in enumerate(regions):
            entry = memory.record(low + 16 * n, "kho_scratch", "scratch region %d" % n)
            entry.phys(0, "addr", start)
            entry.u64(8, "size", size)
        boot = low + 0x10000
        memory.present(boot, 1)
        if self.arm64:
            cells = [(self.root.address, self.page_size), (low, 16 * len(regions))]
            fdt, scratch = (a.to_bytes(8, "big") + size.to_bytes(8, "big") for a, size in cells)
            two = (2).to_bytes(4, "big")
            Fdt(Node("", [("#address-cells", two), ("#size-cells", two)],
                     [Node("chosen", [("linux,kho-fdt", fdt), ("linux,kho-scratch", scratch)])])).write(
                memory, boot, memory.page_size, "boot record: device tree", "chosen")
            self.extra["boot"] = {"deviceTree": hex(boot)}
        else:
            record = memory.record(boot, "setup_data", "boot record")
            record.phys(0, "next", 0)
            record.u32(8, "type", 10)
            record.u32(12, "len", 32)
            record.phys(16, "fdt_addr", self.root.address)
            record.u64(24, "fdt_size", self.page_size)
            record.phys(32, "scratch_addr", low)
            record.u64(40, "scratch_size", 16 * len(regions))
            self.extra["boot"] = {"setupData": hex(boot)}
        self.extra["boot"]["scratch"] = [{"addr": hex(start), "size": size} for start, size in regions]

    def image(self):
        return zstd(elf(self.memory, EM_AARCH64 if self.arm64 else EM_X86_64))

    def facts(self):
        facts = {"schema": "kho4j/vector/1", "name": self.name, "kind": self.kind, "title": self.title,
                 "image": self.name + ".elf.zst", "machine": "arm64" if self.arm64 else "x86-64",
                 "pageSize": self.page_size, "layouts": self.layouts}
        if self.complaints:
            return {**facts, "fdt": hex(self.root.address), "complaints": self.complaints}
        facts = {**facts, "handover": self.handover,
                 "preservations": [[hex(address), order, count] for address, order, count in self.memory.runs()],
                 **self.extra}
        if self.contents:
            facts["contents"] = self.contents
        return facts

    def page(self):
        """The explanation, as Markdown."""
        out = ["# " + self.name, "", self.title, ""]
        if self.text:
            out += [self.text.strip(), ""]
        out += ["Layouts: %s. Pages of %d KiB, %s. Facts: [%s.json](%s.json)." % (
            ", ".join("`%s`" % layout for layout in self.layouts), self.page_size // 1024,
            "arm64" if self.arm64 else "x86-64", self.name, self.name), ""]
        for complaint in self.complaints:
            rule = " (`%s` in [the rules](../../docs/verify.md))" % complaint["rule"] if "rule" in complaint else ""
            out += ["**%s**%s: %s" % (complaint["class"], rule, complaint["meaning"]), ""]
        records = self.memory.records
        wrong = [record for record in records if any(field[4] == "WRONG" for field in record.fields)]
        if wrong:
            records = wrong
            out += ["What is wrong, and what stands around it. Addresses are physical.", "", "```"]
        else:
            out += ["Addresses are physical; bytes of a page that are not listed are zero.", "", "```"]
        total, shown = Counter(record.structure for record in records), Counter()
        for record in records:
            shown[record.structure] += 1
            last = shown[record.structure] == total[record.structure]
            if total[record.structure] > 24 and shown[record.structure] > 3 and not last:
                if shown[record.structure] == 4:
                    out += ["", "… %d more of %s …" % (total[record.structure] - 4, record.structure)]
                continue
            lines = list(self.lines(record))
            out += ["", "%s   [%s]" % (record.title, record.structure)]
            out += lines if len(lines) <= 100 else lines[:16] + ["  … %d lines like these …" % (len(lines) - 24)] + lines[-8:]
        out[out.index("```") + 1:out.index("```") + 2] = []
        return "\n".join(out + ["```", ""])

    def lines(self, record):
        for address, size, name, value, meaning in record.fields:
            try:
                data = self.memory.read(address, size)
            except KeyError:
                continue
            end = len(data.rstrip(b"\0"))
            shown = data if size - end < 16 else data[:max(16, end)]
            label = " ".join(part for part in (name, value, "(%s)" % meaning if meaning else "") if part)
            for at in range(0, len(shown), 16):
                row = " ".join("%02x" % byte for byte in shown[at:at + 16])
                yield ("%08x  %-47s  %s" % (address + at, row, label if at == 0 else "")).rstrip()
            if len(shown) < size:
                yield "%8s  … %d bytes 00" % ("", size - len(shown))


def write(vector, directory):
    (directory / (vector.name + ".elf.zst")).write_bytes(vector.image())
    (directory / (vector.name + ".json")).write_text(to_json(vector.facts()))
    if vector.kind != "handover" or vector.page_size == 4096 or vector.text:
        # Those with larger pages have the same structures in the same order.
        (directory / (vector.name + ".md")).write_text(vector.page())


def to_json(value, indent=""):
    """JSON with a line for everything that is short."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + len(indent) <= 150 or not isinstance(value, (dict, list)):
        return flat + ("" if indent else "\n")
    inner = indent + " "
    if isinstance(value, dict):
        items = [json.dumps(k) + ": " + to_json(v, inner) for k, v in value.items()]
        text = "{\n" + ",\n".join(inner + item for item in items) + "\n" + indent + "}"
    elif all(isinstance(item, list) for item in value):
        rows, row = [], ""
        for item in map(json.dumps, value):
            if len(row) + len(item) > 140:
                rows.append(row)
                row = ""
            row += (", " if row else "") + item
        text = "[\n" + ",\n".join(inner + row for row in rows + [row]) + "\n" + indent + "]"
    else:
        text = "[\n" + ",\n".join(inner + to_json(item, inner) for item in value) + "\n" + indent + "]"
    return text + ("" if indent else "\n")
