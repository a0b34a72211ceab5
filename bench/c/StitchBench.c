// Maps scattered blocks of a sparse memory file one after the other, and unmaps them: the peer of
// StitchBench. Prints microseconds per attach-and-detach.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BYTES (64UL << 30)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static uint64_t state = 1;

static uint64_t next_random(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static void measure(int fd, int order, int count) {
  uint64_t block = 4096UL << order, blocks = BYTES / block;
  uint64_t *offsets = malloc(count * sizeof *offsets);
  for (int i = 0; i < count; i++) offsets[i] = next_random() % blocks * block;
  double best = 1e18;
  for (int round = 0; round < 10; round++) {
    double start = now();
    char *area = mmap(0, block * count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (int i = 0; i < count; i++) {
      if (mmap(area + i * block, block, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offsets[i]) == MAP_FAILED) {
        perror("mmap");
        exit(1);
      }
    }
    munmap(area, block * count);
    double took = now() - start;
    if (took < best) best = took;
  }
  printf("StitchBench.attachAndDetach:%dx%d %.1f us\n", order, count, best);
  free(offsets);
}

int main(void) {
  int fd = memfd_create("bench", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, BYTES)) return perror("memfd"), 1;
  measure(fd, 9, 512);
  measure(fd, 9, 8192);
  measure(fd, 0, 512);
  measure(fd, 0, 8192);
  measure(fd, 0, 30000);
}
