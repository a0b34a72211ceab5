// Reads the folio records of a 512 GiB guest in 4K pages and tests the bits that kho verify tests, over the same bytes: the
// peer of VerifyFoliosBench. 134 million records; with "scattered" the pages of the guest are in no order. One thread.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECORDS (134217728UL)
#define SOUND 3UL

struct record {
  uint64_t word, index;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

// A bijection on 27 bits, the same as in VerifyFoliosBench.
static uint64_t scatter(uint64_t i) {
  i = i * 0x5851f42d4c957f2dUL & (RECORDS - 1);
  i ^= i >> 13;
  return i * 0x2545f4914f6cdd1dUL & (RECORDS - 1);
}

static long check(const struct record *records, const uint64_t *preserved, uint64_t *owned) {
  uint64_t next = 0;
  long bad = 0;
  for (uint64_t i = 0; i < RECORDS; i++) {
    uint64_t word = records[i].word, index = records[i].index, page = word & ((1UL << 52) - 1);
    if (word >> 52 != SOUND || index < next || index >= RECORDS || page == 0 || page > RECORDS ||
        !(preserved[page >> 6] >> (page & 63) & 1)) {
      bad++;
      continue;
    }
    if (owned[page >> 6] >> (page & 63) & 1) bad++;
    owned[page >> 6] |= 1UL << (page & 63);
    next = index + 1;
  }
  return bad;
}

// The same, with the owners of 64 pages written at once where the pages are in order: what Java does.
static long check_by_words(const struct record *records, const uint64_t *preserved, uint64_t *owned) {
  uint64_t next = 0, at = -1UL, claimed = 0, available = 0;
  long bad = 0;
  for (uint64_t i = 0; i < RECORDS; i++) {
    uint64_t word = records[i].word, index = records[i].index, page = word & ((1UL << 52) - 1);
    if (word >> 52 != SOUND || index < next || index >= RECORDS || page == 0 || page > RECORDS) {
      bad++;
      continue;
    }
    if (page >> 6 != at) {
      if (claimed) {
        bad += (owned[at] & claimed) != 0;
        owned[at] |= claimed;
      }
      at = page >> 6;
      claimed = 0;
      available = preserved[at];
    }
    uint64_t bit = 1UL << (page & 63);
    bad += !(available & bit) + !!(claimed & bit);
    claimed |= bit;
    next = index + 1;
  }
  if (claimed) owned[at] |= claimed;
  return bad;
}

typedef long check_fn(const struct record *, const uint64_t *, uint64_t *);

static int measure(const char *row, int scattered, check_fn *check, const struct record *records,
                   const uint64_t *preserved, uint64_t *owned) {
  for (int round = getenv("KHO_BENCH_QUICK") ? 4 : 0; round < 5; round++) {
    memset(owned, 0, RECORDS / 8 + 8);
    double start = now();
    long bad = check(records, preserved, owned);
    double took = now() - start;
    if (bad) return fprintf(stderr, "%ld bad\n", bad), 1;
    printf("VerifyFoliosBench.%s:%s %.1f ms\n", row, scattered ? "scattered" : "inOrder", took);
  }
  return 0;
}

int main(void) {
  struct record *records = malloc(RECORDS * sizeof *records);
  uint64_t *preserved = malloc(RECORDS / 8 + 8), *owned = malloc(RECORDS / 8 + 8);
  memset(preserved, 0xff, RECORDS / 8 + 8);
  for (int scattered = 0; scattered < 2; scattered++) {
    for (uint64_t i = 0; i < RECORDS; i++) {
      records[i].word = SOUND << 52 | ((scattered ? scatter(i) : i) + 1);
      records[i].index = i;
    }
    if (measure("oneThread", scattered, check, records, preserved, owned) ||
        measure("oneThreadByWords", scattered, check_by_words, records, preserved, owned))
      return 1;
  }
}
