/*
 * The preserved map walked into runs: the peer of MapWalk.java, over the same files.
 *
 * inlined: the compiler sees what takes the runs. called: through a function pointer. perPage: the kernel's own way
 * of kernel/liveupdate/kexec_handover.c, a call for each preserved block. summary: blocks counted, on all cores.
 * `MapWalk --once <directory> <file>` walks one map in a whole process, and prints what it found.
 */
#include "bench.h"
#include <pthread.h>
#include <immintrin.h>

#define ROOT 0x2000
#define DEPTH 6
#define LEAF_BITS 15
#define TABLE_BITS 9
#define ORDER_ZERO_BIT 52
#define MAX_ORDER 40
#define PAGE_SHIFT 12

struct total {
	uint64_t runs, bytes;
};

typedef void (*run_visitor)(void *context, int order, uint64_t address, uint64_t bytes);

static void add_run(void *context, int order, uint64_t address, uint64_t bytes)
{
	struct total *total = context;

	(void)order;
	(void)address;
	total->runs++;
	total->bytes += bytes;
}

struct walk {
	struct ram ram;
	run_visitor visitor;
	void *context;
	void (*leaf)(struct walk *walk, const uint64_t *words, uint64_t prefix);
	int order, inside;
	uint64_t start, next;
	/* summary only */
	uint64_t *leaves;
	long leaf_count;
};

#define SHIFT(level) ((level) ? LEAF_BITS + ((level) - 1) * TABLE_BITS : 0)

static void node(struct walk *walk, uint64_t address, int level, uint64_t prefix)
{
	const uint64_t *page = ram_page(walk->ram, address);

	if (level == 0) {
		walk->leaf(walk, page, prefix);
		return;
	}
	int slots = level == DEPTH - 1 ? 1 << (ORDER_ZERO_BIT + 1 - SHIFT(level)) : 1 << TABLE_BITS;
	for (int slot = 0; slot < slots; slot++)
		if (page[slot])
			node(walk, page[slot], level - 1, prefix | (uint64_t)slot << SHIFT(level));
}

static int order_of(uint64_t prefix)
{
	int order = prefix ? ORDER_ZERO_BIT - (63 - __builtin_clzll(prefix)) : -1;

	if (order < 0 || order > MAX_ORDER) {
		fprintf(stderr, "key 0x%llx has no order\n", (unsigned long long)prefix);
		exit(1);
	}
	return order;
}

static uint64_t base_of(uint64_t prefix, int order)
{
	return (prefix ^ 1ull << (ORDER_ZERO_BIT - order)) << (PAGE_SHIFT + order);
}

/* The first word from i on that starts a group of eight that is not all the same. */
static inline int skip(const uint64_t *words, int i, uint64_t same)
{
	for (; i <= 504; i += 8) {
		uint64_t different = 0;

		for (int j = 0; j < 8; j++)
			different |= words[i + j] ^ same;
		if (different)
			break;
	}
	return i;
}

/* Every bit that differs from the one below it starts or ends a run. */
static inline __attribute__((always_inline)) void collect(struct walk *walk, const uint64_t *words, uint64_t prefix,
							  run_visitor visitor)
{
	int order = order_of(prefix);
	int shift = PAGE_SHIFT + order;
	uint64_t base = base_of(prefix, order);
	uint64_t start = walk->start;
	void *context = walk->context;
	int inside = walk->inside;

	if (inside && (order != walk->order || base != walk->next)) {
		visitor(context, walk->order, start, walk->next - start);
		inside = 0;
	}
	for (int i = skip(words, 0, -(uint64_t)inside); i < 512; i++) {
		uint64_t word = words[i];
		uint64_t shifted = word << 1 | inside;
		uint64_t starts = word & ~shifted;
		uint64_t ends = shifted & ~word;
		if (!(starts | ends))
			continue;
		uint64_t at = base + ((uint64_t)i * 64 << shift);

		if (!inside) {
			start = at + ((uint64_t)_tzcnt_u64(starts) << shift);
			starts &= starts - 1;
		}
		for (; ends; ends &= ends - 1) {
			visitor(context, order, start, at + ((uint64_t)_tzcnt_u64(ends) << shift) - start);
			start = at + ((uint64_t)_tzcnt_u64(starts) << shift);
			starts &= starts - 1;
		}
		inside = word >> 63;
	}
	walk->order = order;
	walk->start = start;
	walk->inside = inside;
	walk->next = base + (1ull << LEAF_BITS << shift);
}

static void leaf_inlined(struct walk *walk, const uint64_t *words, uint64_t prefix)
{
	collect(walk, words, prefix, add_run);
}

static void leaf_called(struct walk *walk, const uint64_t *words, uint64_t prefix)
{
	collect(walk, words, prefix, walk->visitor);
}

static void leaf_per_page(struct walk *walk, const uint64_t *words, uint64_t prefix)
{
	int order = order_of(prefix);
	uint64_t base = base_of(prefix, order);

	for (int i = 0; i < 512; i++)
		for (uint64_t word = words[i]; word; word &= word - 1)
			walk->visitor(walk->context, order,
				      base + ((uint64_t)(i * 64 + __builtin_ctzll(word)) << (PAGE_SHIFT + order)),
				      1ull << (PAGE_SHIFT + order));
}

static void leaf_gather(struct walk *walk, const uint64_t *words, uint64_t prefix)
{
	(void)prefix;
	walk->leaves[walk->leaf_count++] = (const uint8_t *)words - walk->ram.base;
}

static struct ram ram;

static struct total runs(void (*leaf)(struct walk *, const uint64_t *, uint64_t), run_visitor visitor)
{
	struct total total = {0};
	struct walk walk = {.ram = ram, .leaf = leaf, .visitor = visitor, .context = &total};

	node(&walk, ROOT, DEPTH - 1, 0);
	if (walk.inside)
		add_run(&total, walk.order, walk.start, walk.next - walk.start);
	consume(total.bytes);
	return total;
}

/* Volatile: the compiler must not know whom it calls. */
static run_visitor volatile some_visitor = add_run;

static void inlined(void *context) { (void)context; runs(leaf_inlined, NULL); }
static void called(void *context) { (void)context; runs(leaf_called, some_visitor); }

static void per_page(void *context)
{
	struct total total = {0};
	struct walk walk = {.ram = ram, .leaf = leaf_per_page, .visitor = some_visitor, .context = &total};

	(void)context;
	node(&walk, ROOT, DEPTH - 1, 0);
	consume(total.bytes);
}

struct part {
	struct walk *walk;
	long from, to;
	uint64_t set;
};

static void *count(void *context)
{
	struct part *part = context;

	for (long i = part->from; i < part->to; i++) {
		const uint64_t *words = ram_page(ram, part->walk->leaves[i]);

		for (int word = 0; word < 512; word++)
			part->set += __builtin_popcountll(words[word]);
	}
	return NULL;
}

static void summary_on(long threads)
{
	struct walk walk = {.ram = ram, .leaf = leaf_gather, .leaves = malloc(ram.size / 4096 * 8)};
	struct part parts[256];
	pthread_t ids[256];
	uint64_t set = 0;

	node(&walk, ROOT, DEPTH - 1, 0);
	for (long i = 0; i < threads; i++) {
		parts[i] = (struct part){&walk, walk.leaf_count * i / threads, walk.leaf_count * (i + 1) / threads, 0};
		if (i)
			pthread_create(&ids[i], NULL, count, &parts[i]);
	}
	count(&parts[0]);
	for (long i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (long i = 0; i < threads; i++)
		set += parts[i].set;
	consume(set);
	free(walk.leaves);
}

static void summary(void *context)
{
	(void)context;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	summary_on(cores > 256 ? 256 : cores);
}

static void summary_one(void *context)
{
	(void)context;
	summary_on(1);
}

static void print_runs(const char *file)
{
	struct total total = runs(leaf_inlined, NULL);

	fprintf(stderr, "%s: %llu runs, %llu bytes\n", file, (unsigned long long)total.runs,
		(unsigned long long)total.bytes);
}

int main(int argc, char **argv)
{
	static const char *const variants[] = {"full", "alternating", "random", "holes"};

	if (argc == 4 && strcmp(argv[1], "--once") == 0) {
		ram = ram_open(argv[2], argv[3]);
		if (!ram.base)
			return 1;
		print_runs(argv[3]);
		return 0;
	}
	for (int i = 0; argc > 1 && i < 4; i++) {
		char file[64];

		snprintf(file, sizeof(file), "map-%s.ram", variants[i]);
		ram = ram_open(argv[1], file);
		if (!ram.base)
			continue;
		print_runs(file);
		sample("MapWalk.inlined", variants[i], inlined, NULL);
		sample("MapWalk.called", variants[i], called, NULL);
		sample("MapWalk.summary", variants[i], summary, NULL);
		sample("MapWalk.summaryOneThread", variants[i], summary_one, NULL);
		sample("MapWalk.perPage", variants[i], per_page, NULL);
		ram_close(ram);
	}
	return 0;
}
