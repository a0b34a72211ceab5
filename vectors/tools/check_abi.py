#!/usr/bin/env python3
"""Compares every field that the generator wrote with its place in docs/abi/abi.json."""

import json
import re
import sys
from pathlib import Path

from handovers import handovers

ABI = Path(__file__).resolve().parents[2] / "docs/abi/abi.json"


def layouts():
    components = json.loads(ABI.read_text())["components"]
    return {version["id"]: version for component in components for version in component["versions"]}


def structures(abi, vector):
    """The structures of a vector's layouts, by name."""
    others = ["kexec-metadata-1", "boot-arm64" if vector.arm64 else "boot-x86-64"]
    return {structure["name"]: structure for layout in vector.layouts + others for structure in abi[layout]["structures"]}


def properties(abi, vector):
    """(tree, property) of every property that the trees of a vector's layouts have."""
    others = ["memblock-v1", "kho-test-v1", "boot-arm64"]
    return {(tree["name"], prop["name"]) for layout in vector.layouts + others for tree in abi[layout].get("trees", [])
            for prop in tree["properties"]}


def place(structure, name):
    """Where a field is, and how long."""
    for field in structure["fields"]:
        if field["name"] == name:
            return field["offset"], field["size"]
    index = re.fullmatch(r"\w+\[(\d+)\]", name)
    elements = structure["elements"]
    if not index or name.split("[")[0] != elements["name"]:
        raise KeyError("%s has no %s" % (structure["name"], name))
    return elements["offset"] + int(index[1]) * elements["size"], elements["size"]


def main():
    abi = layouts()
    compared, wrong = 0, set()
    for vector in handovers():
        known, named = structures(abi, vector), properties(abi, vector)
        for record in vector.memory.records:
            structure = known.get(record.structure)
            for _, _, kind, name, _ in record.fields:
                if kind == "property":
                    compared += 1
                    if (record.structure, name) not in named and not name.startswith("#"):
                        wrong.add("%s has no property %s" % (record.structure, name))
            # Trees have no offsets, and bits of a map are no fields.
            if structure is None or record.structure in ("kho_radix_leaf", "kho_mem_phys_bits"):
                continue
            for address, size, name, _, _ in record.fields:
                compared += 1
                if (address - record.address, size) != place(structure, name):
                    wrong.add("%s.%s: %d bytes at %d, and the contract has it at %s" % (
                        record.structure, name, size, address - record.address, place(structure, name)))
    print("%d fields compared, %d wrong" % (compared, len(wrong)))
    print("\n".join(sorted(wrong)), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
