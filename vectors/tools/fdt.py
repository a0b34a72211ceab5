"""Flattened device trees as the kernel makes them: written from front to back, then edited in place."""

import struct

BEGIN_NODE, END_NODE, PROP, END = 1, 2, 3, 9
HEADER = 40
VERSION, LAST_COMPATIBLE = 17, 16


def u64(value):
    """A number of KHO's: raw and little-endian, though the tree around it is big-endian."""
    return struct.pack("<Q", value)


def u32(value):
    return struct.pack("<I", value)


def string(text):
    return text.encode() + b"\0"


class Node:
    def __init__(self, name, properties, children=()):
        self.name, self.properties, self.children = name, list(properties), list(children)

    def names(self):
        """Names of properties in the order of their first use."""
        found = [name for name, _ in self.properties]
        for child in self.children:
            found += child.names()
        return list(dict.fromkeys(found))


class Fdt:
    """
    A tree that was written sequentially. The table of strings grows downwards, so the last name comes first. The memory
    reservations are aligned to 16 bytes, and to 8 once the tree was opened for editing.
    """

    def __init__(self, root):
        self.root = root
        self.strings = b"".join(string(name) for name in reversed(root.names()))
        self.left_behind = self.strings
        self.reservations = 48

    def add_subnode(self, name, properties):
        """Edits in place: the new node becomes the first, and so does every property of it."""
        node = Node(name, [])
        self.root.children.insert(0, node)
        self.reservations = HEADER
        for key, value in properties:
            node.properties.insert(0, (key, value))
            if string(key) not in self.strings:
                self.strings += string(key)

    def write(self, memory, address, buffer_size, title, structure):
        """Writes the blob, and says what each part is. Returns its total size."""
        record = memory.record(address, structure, title)
        begin = offset = self.reservations + 16
        body = []

        def token(data, name="", value=""):
            nonlocal offset
            body.append(data)
            record.fields.append((address + offset, len(data), name, value, ""))
            offset += len(data)

        def walk(node, path):
            name = string(node.name)
            token(struct.pack(">I", BEGIN_NODE) + name + bytes(-len(name) % 4), "node", path or "/")
            for key, value in node.properties:
                token(struct.pack(">III", PROP, len(value), self.strings.index(string(key))), "property", key)
                token(value + bytes(-len(value) % 4), "", show(value))
            for child in node.children:
                walk(child, path + "/" + child.name)
            token(struct.pack(">I", END_NODE), "end of", path or "/")

        walk(self.root, "")
        token(struct.pack(">I", END), "end")
        size = offset - begin
        total = offset + len(self.strings)
        header = struct.pack(">10I", 0xd00dfeed, total, begin, offset, self.reservations, VERSION,
                             LAST_COMPATIBLE, 0, len(self.strings), size)
        blob = header.ljust(begin, b"\0") + b"".join(body) + self.strings
        buffer = bytearray(buffer_size)
        buffer[buffer_size - len(self.left_behind):] = self.left_behind
        buffer[:total] = blob
        memory.write(address, buffer)
        record.fields[:0] = [
            (address, HEADER, "header", "total size %d; memory reservations at %d, structure at %d, strings at %d"
             % (total, self.reservations, begin, offset), "%d and %d bytes" % (size, len(self.strings))),
            (address + self.reservations, 16, "memory reservations", "none", "")]
        record.fields.append((address + offset, len(self.strings), "strings", "", ""))
        if total < buffer_size - len(self.left_behind):
            record.fields.append((address + buffer_size - len(self.left_behind), len(self.left_behind), "left behind",
                                  "", "the strings, before the tree was finished; nothing reads them"))
        return total


def show(value):
    """A property's value for people."""
    if value[-1:] == b"\0" and len(value) > 1 and all(32 <= b < 127 for b in value[:-1]):
        return '"%s"' % value[:-1].decode()
    if len(value) in (4, 8):
        return hex(int.from_bytes(value, "little"))
    return ""
