// Decodes zlib pages of a kdump dump: the peer of KdumpDecodeBench. zlib's uncompress is what
// makedumpfile and crash call; libdeflate stands beside it where it is installed. Both are loaded at
// run time, so that no headers are needed. Prints microseconds a page.
//
// KDUMP=FILE names a plain (not flattened) dump; without it the small one of memory's tests is taken.
// 32,768 pages are decoded a round, the dump's over and over, each from its own copy.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGES 32768
#define ROUNDS 5

static struct {
  const unsigned char *bytes;
  uint32_t size;
} pages[PAGES];
static uint32_t page_size;

static int (*zlib_uncompress)(unsigned char *, unsigned long *, const unsigned char *, unsigned long);
static void *(*deflate_alloc)(void);
static int (*deflate_zlib)(void *, const void *, size_t, void *, size_t, size_t *);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static uint32_t u32(const unsigned char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint64_t u64(const unsigned char *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static void load(const char *path) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) {
    perror(path);
    exit(1);
  }
  const unsigned char *file = mmap(0, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (file == MAP_FAILED || memcmp(file, "KDUMP   ", 8)) {
    fprintf(stderr, "%s is not a plain kdump dump\n", path);
    exit(1);
  }
  page_size = u32(file + 428);
  uint64_t bitmaps = (1 + (uint64_t)u32(file + 432)) * page_size, bitmap_bytes = (uint64_t)u32(file + 436) * page_size;
  const unsigned char *descriptor = file + bitmaps + bitmap_bytes, *bitmap = file + bitmaps + bitmap_bytes / 2;
  long described = 0, found = 0;
  for (uint64_t i = 0; i < bitmap_bytes / 2; i++) described += __builtin_popcount(bitmap[i]);
  for (long i = 0; i < described && found < PAGES; i++, descriptor += 24)
    if (u32(descriptor + 12) == 1) {
      pages[found].bytes = file + u64(descriptor);
      pages[found++].size = u32(descriptor + 8);
    }
  if (!found) {
    fprintf(stderr, "%s has no zlib pages\n", path);
    exit(1);
  }
  uint64_t total = 0;
  for (long i = 0; i < PAGES; i++) total += pages[i].size = pages[i % found].size;
  unsigned char *copy = malloc(total);
  for (long i = 0; i < PAGES; i++) {
    memcpy(copy, pages[i % found].bytes, pages[i].size);
    if (i >= found) pages[i].bytes = copy;
    copy += pages[i].size;
  }
  printf("%s: %ld zlib pages of %u bytes, %.2f compressed to 1\n", path, found, page_size, (double)PAGES * page_size / total);
}

struct share {
  int from, to, libdeflate;
  pthread_t thread;
};

static void *decode(void *argument) {
  struct share *share = argument;
  unsigned char *out = malloc(page_size);
  void *decompressor = share->libdeflate ? deflate_alloc() : 0;
  for (int i = share->from; i < share->to; i++) {
    unsigned long made = page_size;
    int failed = share->libdeflate ? deflate_zlib(decompressor, pages[i].bytes, pages[i].size, out, page_size, 0)
                                   : zlib_uncompress(out, &made, pages[i].bytes, pages[i].size);
    if (failed || made != page_size) {
      fprintf(stderr, "page %d does not decode\n", i);
      exit(1);
    }
  }
  free(out);
  return 0;
}

static void measure(const char *name, int libdeflate, int threads) {
  double best = 1e18;
  for (int round = 0; round < ROUNDS; round++) {
    struct share shares[threads];
    double start = now();
    for (int t = 0; t < threads; t++) {
      shares[t] = (struct share){(long)PAGES * t / threads, (long)PAGES * (t + 1) / threads, libdeflate, 0};
      pthread_create(&shares[t].thread, 0, decode, &shares[t]);
    }
    for (int t = 0; t < threads; t++) pthread_join(shares[t].thread, 0);
    double took = now() - start;
    if (took < best) best = took;
  }
  // Rows of JMH's names are zlib's; libdeflate's stand alone.
  printf("KdumpDecodeBench.%s%s %.3f us\n", threads == 1 ? "oneThread" : "allCores", name, best / PAGES);
}

int main(void) {
  const char *path = getenv("KDUMP");
  load(path ? path : "memory/src/test/resources/org/kho4j/memory/small-zlib.kdump");
  int cores = sysconf(_SC_NPROCESSORS_ONLN);
  void *zlib = dlopen("libz.so.1", RTLD_NOW), *libdeflate = dlopen("libdeflate.so.0", RTLD_NOW);
  if (zlib && (zlib_uncompress = dlsym(zlib, "uncompress"))) {
    measure("", 0, 1);
    measure("", 0, cores);
  }
  if (libdeflate && (deflate_alloc = dlsym(libdeflate, "libdeflate_alloc_decompressor")) &&
      (deflate_zlib = dlsym(libdeflate, "libdeflate_zlib_decompress"))) {
    measure(":libdeflate", 1, 1);
    measure(":libdeflate", 1, cores);
  }
}
