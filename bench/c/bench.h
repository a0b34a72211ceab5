/*
 * What every peer in C shares. A peer is called as `<name> <directory of the input files>` and prints one line per
 * sample: `<Class>.<method>[:<parameter>] <value> <unit>`. Rows of the same name as a JMH benchmark are set beside it;
 * rows of another name stand alone.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_PHYSICAL_BITS 52

/* A RAM file from physical address 0 on. */
struct ram {
	const uint8_t *base;
	uint64_t size;
};

/* NULL if there is no such file. */
static inline struct ram ram_open(const char *directory, const char *name)
{
	char path[4096];
	struct stat st;
	struct ram ram = {0};

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return ram;
	fstat(fd, &st);
	ram.size = st.st_size;
	ram.base = mmap(NULL, ram.size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return ram;
}

static inline void ram_close(struct ram ram)
{
	munmap((void *)ram.base, ram.size);
}

/* The page at a physical address, with the checks that the Java side makes. */
static inline const uint64_t *ram_page(struct ram ram, uint64_t address)
{
	if ((address & 4095) || address >> MAX_PHYSICAL_BITS || address > ram.size - 4096) {
		fprintf(stderr, "0x%llx is no page of the file\n", (unsigned long long)address);
		exit(1);
	}
	return (const uint64_t *)(ram.base + address);
}

static inline double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/*
 * Prints samples as JMH takes them: each the mean over some 300 ms of calls, after a warm-up. KHO_BENCH_QUICK=1 makes
 * them few and short.
 */
static inline void sample(const char *row, const char *parameter, void (*work)(void *), void *context)
{
	int quick = getenv("KHO_BENCH_QUICK") != NULL;
	int samples = quick ? 2 : 5;
	double least = quick ? 0.02 : 0.3;
	const char *rows = getenv("KHO_BENCH_ROWS");

	if (rows && strncasecmp(row, rows, strcspn(rows, ":")) != 0)
		return;
	work(context);
	for (int i = 0; i < samples; i++) {
		double start = seconds(), now;
		long calls = 0;

		do {
			work(context);
			calls++;
			now = seconds();
		} while (now - start < least);
		printf("%s%s%s %.9g ms\n", row, parameter ? ":" : "", parameter ? parameter : "",
		       (now - start) * 1e3 / calls);
	}
	fflush(stdout);
}

/* Takes a result, so that the compiler cannot leave the work out. */
static inline void consume(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}
