#!/usr/bin/env python3
"""Writes the conformance vectors. generate.py [--check] [DIRECTORY]; --check compares and writes nothing."""

import sys
import tempfile
from pathlib import Path

from handovers import handovers
from invalid import invalid
from structures import structures
from vector import write

HOME = Path(__file__).resolve().parent.parent
GROUPS = {"handover": handovers, "structure": structures, "invalid": invalid}


def generate(directory):
    for name, vectors in GROUPS.items():
        (directory / name).mkdir(parents=True, exist_ok=True)
        for vector in vectors():
            write(vector, directory / name)


def files(directory):
    return {path.relative_to(directory): path.read_bytes() for name in GROUPS for path in (directory / name).iterdir()}


def main(arguments):
    check = "--check" in arguments
    rest = [argument for argument in arguments if argument != "--check"]
    directory = Path(rest[0]) if rest else HOME
    if not check:
        generate(directory)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        made = files(Path(fresh))
    there = files(directory)
    different = sorted(str(path) for path in made.keys() | there.keys() if made.get(path) != there.get(path))
    for path in different:
        print("differs from what the generator writes: " + path)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
