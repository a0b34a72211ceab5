// A plain buddy allocator with free lists, orders 0 to 18, over 64 GiB of 4K pages: the peer of
// PageAllocatorBench. Prints nanoseconds per allocate-and-free.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_ORDER 18
#define PAGES (16u << 20)
#define NONE UINT32_MAX
#define OPS (1u << 20)

struct page {
  uint32_t next, prev;
  uint8_t order, free;
};

static struct page *pages;
static uint32_t heads[MAX_ORDER + 1];

static void push(uint32_t page, int order) {
  struct page *p = &pages[page];
  p->order = order;
  p->free = 1;
  p->prev = NONE;
  p->next = heads[order];
  if (p->next != NONE) pages[p->next].prev = page;
  heads[order] = page;
}

static void unlink_page(uint32_t page) {
  struct page *p = &pages[page];
  if (p->prev != NONE) pages[p->prev].next = p->next;
  else heads[p->order] = p->next;
  if (p->next != NONE) pages[p->next].prev = p->prev;
  p->free = 0;
}

__attribute__((noinline)) static uint32_t allocate(int order) {
  int from = order;
  while (from <= MAX_ORDER && heads[from] == NONE) from++;
  if (from > MAX_ORDER) return NONE;
  uint32_t page = heads[from];
  unlink_page(page);
  while (from > order) {
    from--;
    push(page + (1u << from), from);
  }
  return page;
}

__attribute__((noinline)) static void release(uint32_t page, int order) {
  while (order < MAX_ORDER) {
    uint32_t buddy = page ^ (1u << order);
    if (!pages[buddy].free || pages[buddy].order != order) break;
    unlink_page(buddy);
    page &= ~(1u << order);
    order++;
  }
  push(page, order);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static uint32_t taken[OPS], shuffled[OPS];

static void whole(void) {
  for (uint32_t i = 0; i < OPS; i++) release(allocate(0), 0);
}
static void in_order(void) {
  for (uint32_t i = 0; i < OPS; i++) taken[i] = allocate(0);
  for (uint32_t i = 0; i < OPS; i++) release(taken[i], 0);
}
static void at_random(void) {
  for (uint32_t i = 0; i < OPS; i++) taken[i] = allocate(0);
  for (uint32_t i = 0; i < OPS; i++) release(taken[shuffled[i]], 0);
}
static void huge(void) {
  for (uint32_t i = 0; i < OPS >> 6; i++) taken[i] = allocate(9);
  for (uint32_t i = 0; i < OPS >> 6; i++) release(taken[i], 9);
}

static void measure(const char *name, void (*run)(void), double ops) {
  double best = 1e18;
  for (int i = 0; i < 8; i++) {
    double start = now();
    run();
    double took = (now() - start) / ops;
    if (took < best) best = took;
  }
  printf("PageAllocatorBench.%s %.1f ns\n", name, best);
}

int main(void) {
  pages = calloc(PAGES, sizeof *pages);
  for (int i = 0; i <= MAX_ORDER; i++) heads[i] = NONE;
  for (uint32_t page = PAGES; page > 0;) push(page -= 1u << MAX_ORDER, MAX_ORDER);
  for (uint32_t i = 0; i < OPS; i++) {
    uint32_t j = rand() % (i + 1);
    shuffled[i] = shuffled[j];
    shuffled[j] = i;
  }
  measure("pageFromWholeMemory", whole, OPS);
  measure("pagesInOrder", in_order, OPS);
  measure("pagesAtRandom", at_random, OPS);
  measure("hugePages", huge, OPS >> 6);
  printf("PageAllocatorBench.%s %.1f MiB\n", "metadata", PAGES * sizeof *pages / 1048576.0);
}
