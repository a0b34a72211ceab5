"""Images: an ELF core with a PT_LOAD for every run of pages, in a zstd frame."""

import re
import struct

EM_X86_64, EM_AARCH64 = 62, 183
MAX_BLOCK = 128 * 1024
SAME_BYTES = re.compile(rb"(.)\1{15,}", re.DOTALL)


def elf(memory, machine):
    runs = memory.ranges()
    header, entry = 64, 56
    offset = header + entry * len(runs)
    out = bytearray(struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 4, machine, 1, 0, header, 0, 0,
                                header, entry, len(runs), 0, 0, 0))
    for address, data in runs:
        out += struct.pack("<IIQQQQQQ", 1, 7, offset, 0, address, len(data), len(data), 0)
        offset += len(data)
    for _, data in runs:
        out += data
    return bytes(out)


def zstd(data):
    """A frame of raw blocks and of blocks that repeat one byte: no compressor needed, the same bytes everywhere."""
    blocks, start = [], 0
    for run in SAME_BYTES.finditer(data):
        blocks += split(start, run.start(), 0) + split(run.start(), run.end(), 1)
        start = run.end()
    blocks += split(start, len(data), 0)
    out = bytearray(struct.pack("<IBI", 0xfd2fb528, 0xa0, len(data)))
    for i, (begin, end, repeat) in enumerate(blocks):
        last = i == len(blocks) - 1
        out += struct.pack("<I", end - begin << 3 | repeat << 1 | last)[:3]
        out += data[begin:begin + 1] if repeat else data[begin:end]
    return bytes(out)


def split(begin, end, repeat):
    return [(at, min(end, at + MAX_BLOCK), repeat) for at in range(begin, end, MAX_BLOCK)]
