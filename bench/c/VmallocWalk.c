/*
 * A vmalloc area's page list walked into runs: the peer of VmallocWalk.java, over the same files and with its checks.
 *
 * inlined: the compiler sees what takes the runs. called: through a function pointer.
 */
#include "bench.h"

#define DESCRIPTOR 0x100
#define CAPACITY 511

struct total {
	uint64_t runs, bytes;
};

typedef void (*run_visitor)(void *context, uint64_t address, uint64_t bytes);

static void add_run(void *context, uint64_t address, uint64_t bytes)
{
	struct total *total = context;

	(void)address;
	total->runs++;
	total->bytes += bytes;
}

static struct ram ram;

static void broken(const char *what, uint64_t value)
{
	fprintf(stderr, "%s: 0x%llx\n", what, (unsigned long long)value);
	exit(1);
}

static inline __attribute__((always_inline)) void walk(run_visitor visitor, void *context)
{
	const uint8_t *descriptor = ram.base + DESCRIPTOR;
	uint64_t address = *(const uint64_t *)descriptor;
	uint64_t order = *(const uint16_t *)(descriptor + 14);
	uint64_t remaining = *(const uint32_t *)(descriptor + 8) >> order;
	uint64_t block_bytes = 4096ull << order;
	const uint64_t impossible = 4095 | ~0ull << MAX_PHYSICAL_BITS;
	uint64_t start = 0, end = 0;
	uint64_t noted = 0, steps = 0, note_after = 1;

	while (address) {
		const uint64_t *page = ram_page(ram, address);
		uint64_t used = 0;

		if (address == noted)
			broken("loop", address);
		if (++steps == note_after) {
			noted = address;
			note_after *= 2;
		}
		for (; used < CAPACITY && page[1 + used]; used++) {
			uint64_t block = page[1 + used];

			if (block & impossible)
				broken("impossible", block);
			if (block != end) {
				if (end != start)
					visitor(context, start, end - start);
				start = block;
			}
			end = block + block_bytes;
		}
		if (used > remaining)
			broken("too many", used);
		remaining -= used;
		address = page[0];
	}
	if (remaining)
		broken("too few", remaining);
	if (end != start)
		visitor(context, start, end - start);
}

/* Volatile: the compiler must not know whom it calls. */
static run_visitor volatile some_visitor = add_run;

static void inlined(void *context)
{
	struct total *total = context;

	walk(add_run, total);
	consume(total->bytes);
}

static void called(void *context)
{
	struct total *total = context;

	walk(some_visitor, total);
	consume(total->bytes);
}

int main(int argc, char **argv)
{
	static const char *const variants[] = {"scattered", "mixed", "adjacent"};

	for (int i = 0; argc > 1 && i < 3; i++) {
		char file[64];
		struct total total = {0};

		snprintf(file, sizeof(file), "vmalloc-%s.ram", variants[i]);
		ram = ram_open(argv[1], file);
		if (!ram.base)
			continue;
		inlined(&total);
		fprintf(stderr, "%s: %llu runs, %llu bytes\n", file, (unsigned long long)total.runs,
			(unsigned long long)total.bytes);
		sample("VmallocWalk.inlined", variants[i], inlined, &total);
		sample("VmallocWalk.called", variants[i], called, &total);
		ram_close(ram);
	}
	return 0;
}
