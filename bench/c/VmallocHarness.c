// The peer of VmallocHarness: preserves a scattered area of 4K pages and takes it back, with the same structures.
// A radix tree of six levels with the leaf last used at hand, a bitmap against overlaps, chunks of 511 addresses.
// As in Java, each page is checked to be aligned, in memory, outside of scratch, and allocated: one bit of a bitmap.
// Chunks and nodes are pages from anywhere too, so that a page fault costs what it costs Java.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>

enum { SHIFT = 12, LEAF_BITS = 15, TABLE_BITS = 9, DEPTH = 6, CAPACITY = 511 };

static uint8_t *memory;
static uint32_t *order;
static uint64_t next_page, root, size, all, *allocated;
static const uint64_t scratch = 16 << 20, scratch_end = 20 << 20;
static uint64_t *leaf, leaf_prefix = ~0ull;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint64_t new_page(void) {
  next_page = (uint64_t)order[--all] << SHIFT;
  allocated[next_page >> (SHIFT + 6)] |= 1ull << (next_page >> SHIFT & 63);
  memset(memory + next_page, 0, 4096);
  return next_page;
}

static uint64_t *find(uint64_t key, int make) {
  if (leaf_prefix == key >> LEAF_BITS) return leaf;
  uint64_t *node = (uint64_t *)(memory + root);
  for (int level = DEPTH - 1; level > 0; level--) {
    uint64_t *slot = node + (key >> (LEAF_BITS + (level - 1) * TABLE_BITS) & 511);
    if (!*slot) {
      if (!make) return 0;
      *slot = new_page();
    }
    node = (uint64_t *)(memory + *slot);
  }
  leaf_prefix = key >> LEAF_BITS;
  return leaf = node;
}

static int preserve_block(uint64_t address, uint64_t *bitmap) {
  uint64_t page = address >> SHIFT, bit = 1ull << (page & 63);
  if (address & 4095 || address >= size || (address < scratch_end && address + 4096 > scratch)) return -1;
  if (!(allocated[page >> 6] & bit)) return -1;
  if (bitmap[page >> 6] & bit) return -1;
  bitmap[page >> 6] |= bit;
  uint64_t key = 1ull << 52 | page;
  find(key, 1)[(key & 0x7fff) >> 6] |= 1ull << (key & 63);
  return 0;
}

static int take_block(uint64_t address) {
  uint64_t key = 1ull << 52 | address >> SHIFT;
  uint64_t *words = find(key, 0);
  if (!words || !(words[(key & 0x7fff) >> 6] >> (key & 63) & 1)) return -1;
  words[(key & 0x7fff) >> 6] &= ~(1ull << (key & 63));
  return 0;
}

// Arguments: a directory for the file, MiB of the area.
int main(int argc, char **argv) {
  uint64_t bytes = (argc > 2 ? strtoull(argv[2], 0, 0) : getenv("KHO_BENCH_QUICK") ? 256 : 65536) << 20;
  size = bytes + bytes / 64 + (64 << 20);
  uint64_t pages = bytes >> SHIFT;
  all = (size >> SHIFT) - (bytes >> 20);
  char path[4096];
  snprintf(path, sizeof path, "%s/vmalloc.XXXXXX", argc > 1 ? argv[1] : "/tmp");
  int file = mkstemp(path);
  if (file < 0 || unlink(path) || ftruncate(file, size)) return perror(path), 1;
  memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  order = malloc(all * sizeof *order);
  if (memory == MAP_FAILED || !order) return perror("memory"), 1;
  uint64_t random = 88172645463325252ull;
  allocated = calloc((size >> SHIFT) / 64 + 1, 8);
  // No page of scratch is handed out: the last ones stand in for it.
  uint64_t in_scratch = (scratch_end - scratch) >> SHIFT;
  all -= in_scratch;
  for (uint64_t i = 0; i < all; i++) order[i] = i + 1 < scratch >> SHIFT ? i + 1 : i + 1 + in_scratch;
  for (uint64_t i = all - 1; i > 0; i--) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    uint64_t j = random % (i + 1), t = order[i];
    order[i] = order[j], order[j] = t;
  }
  for (uint64_t i = 0; i < pages; i++) allocated[order[i] >> 6] |= 1ull << (order[i] & 63);
  root = new_page();
  uint64_t *bitmap = calloc((size >> SHIFT) / 64 + 1, 8);

  double start = now();
  for (uint64_t i = 0; i < pages; i++)
    if (preserve_block((uint64_t)order[i] << SHIFT, bitmap)) return puts("overlap"), 1;
  uint64_t first = new_page(), *chunk = (uint64_t *)(memory + first);
  preserve_block(first, bitmap);
  int used = 0;
  for (uint64_t i = 0; i < pages; i++) {
    chunk[1 + used++] = (uint64_t)order[i] << SHIFT;
    if (used == CAPACITY) {
      uint64_t next = new_page();
      preserve_block(next, bitmap);
      chunk[0] = next, chunk = (uint64_t *)(memory + next), used = 0;
    }
  }
  double preserved = now();
  uint64_t taken = 0, *list = malloc(pages * 16);
  leaf_prefix = ~0ull;
  for (uint64_t at = first; at;) {
    chunk = (uint64_t *)(memory + at);
    for (int i = 0; i < CAPACITY && chunk[1 + i]; i++) {
      list[2 * taken] = chunk[1 + i], list[2 * taken + 1] = (taken + 1) << SHIFT, taken++;
    }
    at = chunk[0];
  }
  for (uint64_t i = 0; i < taken; i++)
    if (take_block(list[2 * i])) return puts("not there"), 1;
  for (uint64_t at = first; at; at = *(uint64_t *)(memory + at))
    if (take_block(at)) return puts("no chunk"), 1;
  double end = now();
  printf("VmallocHarness.preserve %.1f ns\n", (preserved - start) / pages);
  printf("VmallocHarness.restore %.1f ns\n", (end - preserved) / taken);
  return taken != pages;
}
