#!/usr/bin/env python3
"""cut-core.py QEMU-CORE OUT START:LENGTH ... : keeps these physical ranges of an ELF core.

The program headers go directly behind the ELF header: makedumpfile looks for them there, and QEMU
puts its section headers in between. QEMU's notes are kept.
"""
import struct
import sys

core = open(sys.argv[1], "rb")
header = bytearray(core.read(64))
(table,), (count,) = struct.unpack_from("<Q", header, 32), struct.unpack_from("<H", header, 56)
core.seek(table)
segments = [struct.unpack("<IIQQQQQQ", core.read(56)) for _ in range(count)]
notes = next(s for s in segments if s[0] == 4)
core.seek(notes[2])
note_bytes = core.read(notes[5])
ranges = [tuple(int(n, 0) for n in r.split(":")) for r in sys.argv[3:]]
pieces = []
for start, length in ranges:
    segment = next(s for s in segments if s[0] == 1 and s[4] <= start < s[4] + s[5])
    core.seek(segment[2] + start - segment[4])
    pieces.append(core.read(length))
out = open(sys.argv[2], "wb")
struct.pack_into("<QQ", header, 32, 64, 0)
struct.pack_into("<HHHH", header, 56, 1 + len(ranges), 0, 0, 0)
out.write(header)
at = 64 + 56 * (1 + len(ranges))
out.write(struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(note_bytes), len(note_bytes), 0))
at += len(note_bytes)
for (start, length), piece in zip(ranges, pieces):
    out.write(struct.pack("<IIQQQQQQ", 1, 0, at, start, start, length, length, 0))
    at += length
out.write(note_bytes)
for piece in pieces:
    out.write(piece)
