#!/usr/bin/env python3
"""Writes the conformance vectors. generate.py [--check] [DIRECTORY]; --check compares and writes nothing."""

import sys
import tempfile
from pathlib import Path

from handovers import handovers
from vector import write

HOME = Path(__file__).resolve().parent.parent


def groups():
    return {"handover": handovers()}


def generate(directory):
    for name, vectors in groups().items():
        (directory / name).mkdir(parents=True, exist_ok=True)
        for vector in vectors:
            write(vector, directory / name)


def main(arguments):
    check = "--check" in arguments
    rest = [argument for argument in arguments if argument != "--check"]
    directory = Path(rest[0]) if rest else HOME
    if not check:
        generate(directory)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        made = {path.relative_to(fresh): path.read_bytes() for path in Path(fresh).rglob("*.*") if path.is_file()}
    there = {path.relative_to(directory): path.read_bytes() for group in groups()
             for path in (directory / group).rglob("*.*")}
    different = sorted(str(path) for path in made.keys() | there.keys() if made.get(path) != there.get(path))
    for path in different:
        print("differs from what the generator writes: " + path)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
