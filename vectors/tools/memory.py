"""The physical memory of one vector: its pages, what stands in each byte, and which blocks are preserved."""

import struct

SHIFT = {4096: 12, 16384: 14, 65536: 16}


class Memory:
    """Pages by address. Allocates upwards from `base`; a page that was never written to is not there."""

    def __init__(self, page_size, base):
        self.page_size = page_size
        self.shift = SHIFT[page_size]
        self.free = base
        self.pages = {}
        self.records = []
        self.preserved = []

    def allocate(self, what, order=0, preserve=True, present=True):
        """A zeroed block of 2^order pages, aligned to its size."""
        size = self.page_size << order
        address = -(-self.free // size) * size
        self.free = address + size
        if present:
            self.present(address, size)
        if preserve:
            self.preserve(address, order)
        return address

    def present(self, address, size):
        """Makes pages part of the image."""
        for page in range(address - address % self.page_size, address + size, self.page_size):
            self.pages.setdefault(page, bytearray(self.page_size))

    def preserve(self, address, order):
        """One preservation: what kho_preserve_folio does."""
        self.preserved.append((address, order))

    def preserve_run(self, address, size):
        """What kho_preserve_pages does: blocks as large as alignment and rest allow."""
        pfn, end = address >> self.shift, (address + size) >> self.shift
        while pfn < end:
            order = (end - pfn).bit_length() - 1
            if pfn:
                order = min(order, (pfn & -pfn).bit_length() - 1)
            self.preserve(pfn << self.shift, order)
            pfn += 1 << order

    def write(self, address, data):
        done = 0
        while done < len(data):
            at = address + done
            page = at - at % self.page_size
            part = data[done:done + page + self.page_size - at]
            self.pages[page][at - page:at - page + len(part)] = part
            done += len(part)

    def read(self, address, size):
        data = bytearray()
        while len(data) < size:
            at = address + len(data)
            page = at - at % self.page_size
            data += self.pages[page][at - page:at - page + size - len(data)]
        return bytes(data)

    def fill(self, address, size, first=1):
        """Data that can be told apart: every byte of page n is first + n, from 1 to 255."""
        for n in range(-(-size // self.page_size)):
            length = min(self.page_size, size - n * self.page_size)
            self.write(address + n * self.page_size, bytes([(first + n - 1) % 255 + 1]) * length)

    def record(self, address, structure, title):
        """Begins a structure; its name is the one in docs/abi/abi.json."""
        record = Record(self, address, structure, title)
        self.records.append(record)
        return record

    def runs(self):
        """The preserved blocks: address, order, and how many of that order adjoin."""
        runs = []
        for order, address in sorted((order, address) for address, order in self.preserved):
            if runs and runs[-1][1] == order and runs[-1][0] + (runs[-1][2] * self.page_size << order) == address:
                runs[-1][2] += 1
            else:
                runs.append([address, order, 1])
        return sorted(runs)

    def ranges(self):
        """(address, bytes) of every run of pages that are there, ascending."""
        runs = []
        for page in sorted(self.pages):
            if runs and runs[-1][0] + len(runs[-1][1]) == page:
                runs[-1][1].extend(self.pages[page])
            else:
                runs.append((page, bytearray(self.pages[page])))
        return runs


class Record:
    """Writes the fields of one structure, and remembers what each of them means."""

    def __init__(self, memory, address, structure, title):
        self.memory, self.address, self.structure, self.title = memory, address, structure, title
        self.fields = []

    def put(self, offset, name, data, value, meaning=""):
        self.memory.write(self.address + offset, data)
        self.fields.append((self.address + offset, len(data), name, value, meaning))

    def u16(self, offset, name, value, meaning=""):
        self.put(offset, name, struct.pack("<H", value), str(value), meaning)

    def u32(self, offset, name, value, meaning=""):
        self.put(offset, name, struct.pack("<I", value), str(value), meaning)

    def u64(self, offset, name, value, meaning=""):
        self.put(offset, name, struct.pack("<Q", value), str(value), meaning)

    def phys(self, offset, name, value, meaning=""):
        self.put(offset, name, struct.pack("<Q", value), hex(value), meaning)

    def text(self, offset, name, value, size, meaning=""):
        data = value.encode()
        assert len(data) < size, value
        self.put(offset, name, data.ljust(size, b"\0"), '"%s"' % value, meaning)

    def patch(self, name, data, value):
        """Writes other bytes into a field. In a tree the field is the value of that property."""
        for i, (address, size, found, shown, _) in enumerate(self.fields):
            if found == name or found == "property" and shown == name:
                at = i if found == name else i + 1
                address, size = self.fields[at][:2]
                self.memory.write(address, data)
                self.fields[at] = (address, size, self.fields[at][2], value, "WRONG")
                return
        raise KeyError(name)

    def note(self, offset, size, name, meaning):
        """Bytes that were written elsewhere."""
        self.fields.append((self.address + offset, size, name, "", meaning))
