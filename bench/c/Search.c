/*
 * The search for pages that start with the magic number of a device tree: the peer of Search.java. As
 * `Search --once <file>` a whole process does it one time, on one thread.
 */
#include "bench.h"
#include <pthread.h>

#define MAGIC 0xedfe0dd0 /* d00dfeed, big-endian */

static struct ram ram;

struct part {
	uint64_t from, to, found;
};

static void *look(void *context)
{
	struct part *part = context;

	for (uint64_t at = part->from; at < part->to; at += 4096)
		part->found += *(const volatile uint32_t *)(ram.base + at) == MAGIC;
	return NULL;
}

static void search_on(long threads)
{
	struct part parts[256];
	pthread_t ids[256];
	uint64_t pages = ram.size / 4096, found = 0;

	for (long i = 0; i < threads; i++) {
		parts[i] = (struct part){pages * i / threads * 4096, pages * (i + 1) / threads * 4096, 0};
		if (i)
			pthread_create(&ids[i], NULL, look, &parts[i]);
	}
	look(&parts[0]);
	for (long i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (long i = 0; i < threads; i++)
		found += parts[i].found;
	consume(found);
}

static void all_cores(void *context)
{
	(void)context;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	search_on(cores > 256 ? 256 : cores);
}

static void one_thread(void *context)
{
	(void)context;
	search_on(1);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		ram = ram_open("", argv[2]);
		search_on(1);
		return 0;
	}
	ram = ram_open(argc > 1 ? argv[1] : ".", "search-2g.ram");
	if (!ram.base)
		return 0;
	sample("Search.search", NULL, all_cores, NULL);
	sample("Search.oneThread", NULL, one_thread, NULL);
	return 0;
}
