#!/usr/bin/env python3
"""
Makes the structures of a real kernel's handover again and compares them with its memory, page by page.

check_capture.py FACTS.json IMAGE: the image is flat RAM or an ELF core, as it is or compressed with zstd. Names, counts and
sizes come from the facts: those beside a capture, which an independent decoder found, or the output of kho inspect --json. Only
where things lie is read from the image.
"""

import json
import struct
import subprocess
import sys

from clients import Luo, Memfd, Session, kho_test, memblock, metadata
from kho import Root, block_of, depth, leaf_bits, radix_tree, table_bits
from memory import Memory


NAMES = {"compatible": "compatible", "totalSize": "totalsize", "reserveMem": "reserve_mem", "khoTest": "kho_test", "folios": "nr_folios",
         "foliosInfo": "folios_info", "totalPages": "total_pages", "previousRelease": "previous_release", "kexecCount": "kexec_count",
         "liveupdateNumber": "liveupdate_num", "position": "pos"}


def of_inspection(value):
    """What kho inspect shows, in the words of the facts."""
    if isinstance(value, list):
        return [of_inspection(item) for item in value]
    if isinstance(value, str):
        return int(value, 16) if value.startswith("0x") else value
    if not isinstance(value, dict):
        return value
    found = {NAMES.get(key, key): of_inspection(item) for key, item in value.items()}
    if "preservedMap" in found:
        found["memory_map"] = found["preservedMap"]["root"]
        found["map"] = {} if value["preservedMap"]["state"] == "intact" else {"error": value["preservedMap"]["state"]}
    if "memfd" in found:
        memfd = found.pop("memfd")
        return {**found, **memfd, "folios": memfd["folios_info"]}
    return found


class Capture:
    """Physical memory out of a file."""

    def __init__(self, path, base):
        data = open(path, "rb").read()
        if data[:4] == b"\x28\xb5\x2f\xfd":
            data = subprocess.run(["zstd", "-dqc", path], check=True, capture_output=True).stdout
        self.data, self.runs = data, [(base, 0, len(data))]
        if data[:4] == b"\x7fELF":
            table, = struct.unpack_from("<Q", data, 32)
            size, count = struct.unpack_from("<HH", data, 54)
            headers = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(count)]
            self.runs = [(phys, offset, length) for kind, _, offset, _, phys, length in headers if kind == 1]

    def read(self, address, size):
        for start, offset, length in self.runs:
            if start <= address and address + size <= start + length:
                return self.data[offset + address - start:offset + address - start + size]
        raise KeyError(hex(address))

    def u64(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]


class Replay(Memory):
    """Allocates what the kernel allocated, where the kernel had it."""

    def __init__(self, capture, page_size):
        super().__init__(page_size, 0)
        self.capture, self.places = capture, {}

    def allocate(self, what, order=0, preserve=True):
        address = self.places[what]
        if ": folio " not in what:
            self.present(address, self.page_size << order)
        return address

    def fill(self, address, size, first=1):
        pass

    def read(self, address, size):
        page = address - address % self.page_size
        return super().read(address, size) if page in self.pages else self.capture.read(address, size)


class Handover:
    def __init__(self, capture, facts, page_size):
        self.capture, self.facts, self.page_size = capture, facts, page_size
        self.memory = Replay(capture, page_size)
        self.places = self.memory.places
        self.compared = 0

    def check(self):
        facts = self.facts
        memory = self.memory
        self.places["root FDT"] = facts["fdt"]
        keys = self.walk(facts["memory_map"], depth(memory.shift) - 1, 0)
        self.orders = dict(block_of(memory.shift, key) for key in keys)
        root = Root(facts["compatible"], memory.allocate("root FDT"))
        for subtree in reversed(facts["subtrees"]):
            self.places[subtree["name"]] = subtree["data"]
            address, size, _ = self.subtree(subtree)
            assert size == subtree["size"], (subtree["name"], size)
            root.add(subtree["name"], address, size)
        assert root.write(memory, facts["memory_map"], True) == facts["totalsize"]
        radix_tree(memory, keys, depth(memory.shift))
        return self.compare()

    def walk(self, address, level, prefix):
        """The keys below a node, and where the nodes lie."""
        self.places["map: level %d, 0x%x" % (level, prefix)] = address
        page = self.capture.read(address, self.page_size)
        shift = self.memory.shift
        keys = []
        if level == 0:
            for n, byte in enumerate(page):
                keys += [prefix | n * 8 + bit for bit in range(8) if byte >> bit & 1]
            return keys
        for index, (child,) in enumerate(struct.iter_unpack("<Q", page)):
            if child:
                keys += self.walk(child, level - 1, prefix | index << leaf_bits(shift) + (level - 1) * table_bits(shift))
        return keys

    def subtree(self, subtree):
        memory = self.memory
        if "metadata" in subtree:
            return metadata(memory, subtree["metadata"]["previous_release"], subtree["metadata"]["kexec_count"])
        if "reserve_mem" in subtree:
            return memblock(memory, [(r["name"], r["start"], r["size"]) for r in subtree["reserve_mem"]])
        if "kho_test" in subtree:
            return self.kho_test(subtree["kho_test"])
        return self.luo(subtree)

    def area(self, facts, title):
        """Notes where an area's chunks and pages lie; returns what is in it."""
        chunk, n, data = facts["first"], 0, b""
        while chunk:
            self.places["%s: chunk %d" % (title, n)] = chunk
            page = self.capture.read(chunk, self.page_size)
            for (block,) in struct.iter_unpack("<Q", page[8:]):
                if block:
                    self.places["%s: page %d" % (title, len(data) // self.page_size)] = block
                    data += self.capture.read(block, self.page_size)
            chunk, n = struct.unpack_from("<Q", page)[0], n + 1
        return data

    def kho_test(self, facts):
        data = self.area(facts["folios_info"], "kho_test")
        orders = []
        for n in range(facts["nr_folios"]):
            word = struct.unpack_from("<Q", data, 8 * n)[0]
            orders.append(word % self.page_size)
            self.places["kho_test: folio %d" % n] = word - orders[-1]
        return kho_test(self.memory, orders, self.page_size != 4096)

    def blocks(self, address, what, entry_size):
        """Notes where blocks lie; returns the addresses of the entries."""
        entries, n = [], 0
        while address:
            self.places["%s: block %d" % (what, n)] = address
            following, count = struct.unpack("<QQ", self.capture.read(address, 16))
            entries += [address + 16 + i * entry_size for i in range(count)]
            address, n = following, n + 1
        return entries

    def luo(self, subtree):
        luo = subtree["luo"]
        sessions_pa, self.places["FLBs"] = struct.unpack("<QQ", self.capture.read(subtree["data"] + 16, 16))
        entries = self.blocks(sessions_pa, "sessions", 80)
        sessions = []
        for entry, facts in zip(entries, luo["sessions"], strict=True):
            files = self.blocks(self.capture.u64(entry + 64), 'session "%s", files' % facts["name"], 64)
            sessions.append(Session(facts["name"], [self.file(facts["name"], at, file)
                                                    for at, file in zip(files, facts["files"], strict=True)]))
        flbs = [(flb["name"], flb["data"], flb["count"]) for flb in luo["flbs"]]
        return Luo(luo["compatible"], sessions, flbs, luo["liveupdate_num"]).write(self.memory)

    def file(self, session, entry, facts):
        name = 'session "%s", file %d' % (session, facts["token"])
        self.places[name] = self.capture.u64(entry + 48)
        folios = []
        if facts["nr_folios"]:
            data = self.area(facts["folios"], name + ": folios")
            for n in range(facts["nr_folios"]):
                word, index = struct.unpack_from("<QQ", data, 16 * n)
                address = (word & (1 << 52) - 1) << self.memory.shift
                self.places["%s: folio %d" % (name, n)] = address
                folios.append((index, self.orders[address]))
        return facts["token"], Memfd(facts["compatible"], facts["size"], folios, facts["seals"], facts["pos"])

    def compare(self):
        """Every page that was made again. A small capture leaves some out: they are zeros."""
        different, absent = [], 0
        for address, page in sorted(self.memory.pages.items()):
            theirs = self.capture.read(address, self.page_size)
            if any(page) and not any(theirs):
                absent += 1
            elif theirs != page:
                different.append(address)
        return len(self.memory.pages) - absent, different, absent


def main(facts_path, image):
    facts = json.load(open(facts_path))
    if facts.get("schema") == "kho4j/inspect/1":
        facts = {"handovers": of_inspection(facts["handovers"]), "page_size": facts["source"]["pageSize"]}
    capture = Capture(image, facts.get("base", 0))
    failed = False
    for found in facts["handovers"]:
        if "error" in found["map"]:
            print("handover at 0x%x: consumed" % found["fdt"])
            continue
        versions = [subtree["luo"]["compatible"] for subtree in found["subtrees"] if "luo" in subtree]
        if versions not in ([], ["luo-v5"]):
            print("handover at 0x%x: of %s, not made again here" % (found["fdt"], versions[0]))
            continue
        same, different, absent = Handover(capture, found, facts.get("page_size", 4096)).check()
        print("handover at 0x%x: %d pages compared, %d differ, %d left out of the image" % (
            found["fdt"], same, len(different), absent))
        for address in different:
            print("  0x%x differs" % address)
        failed |= bool(different)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
