/*
 * The guest's only process: does what /script says, one command per line, and tells the kernel's log what it did.
 * Every line it writes begins with "lab: ". The commands are in do_line() at the end.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* /dev/liveupdate (Linux 7.1 to 7.3): _IO(0xBA, nr), each argument begins with its size. */
#define CREATE_SESSION 0xBA00
#define RETRIEVE_SESSION 0xBA01
#define PRESERVE_FD 0xBA40
#define RETRIEVE_FD 0xBA41
#define FINISH 0xBA42

struct named_session { uint32_t size, fd; char name[64]; };
struct preserved_fd { uint32_t size, fd; uint64_t token; };
struct finish { uint32_t size, reserved; };

/* The status with which the script asks for a crash. */
#define CRASH 77

static int log_fd = -1, device = -1, session = -1;
static uint64_t repeat = 1;
/* The line that is being done, and where to go on behind it when it fails in a survey. */
static char line[4096];
static int survey;
static jmp_buf next_line;

static void say(const char *format, ...) {
	char said[960];
	int n = snprintf(said, sizeof said, "lab: ");
	va_list args;
	va_start(args, format);
	n += vsnprintf(said + n, sizeof said - n - 1, format, args);
	va_end(args);
	if (n > (int)sizeof said - 2)
		n = sizeof said - 2;
	said[n++] = '\n';
	if (write(log_fd, said, n) < 0)
		_exit(1);
}

static void end(void) {
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void fail(const char *what) {
	if (survey) {
		say("missed %s: %s: %s", line, what, strerror(errno));
		longjmp(next_line, 1);
	}
	say("FAILED %s: %s", what, strerror(errno));
	end();
}

static void wrong(const char *what) {
	errno = EILSEQ;
	fail(what);
}

/*
 * The pattern: word i of seed s is output i of a SplitMix64 that starts at s, as in Java's SplittableRandom. Where words
 * are repeated, each is that of the first.
 */
static uint64_t word(uint64_t seed, uint64_t i) {
	uint64_t z = seed + (i - i % repeat + 1) * 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t *map(int fd, uint64_t bytes, int protection, int flags) {
	uint64_t *at = mmap(NULL, bytes, protection, flags, fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

/* Pages of which `every` does not divide the number stay as they are: zero. */
static void preserve_memfd(uint64_t token, uint64_t bytes, uint64_t seed, uint64_t every, uint32_t seals) {
	uint64_t page = sysconf(_SC_PAGESIZE);
	int fd = syscall(SYS_memfd_create, "lab", 2 /* MFD_ALLOW_SEALING */);
	if (fd < 0 || ftruncate(fd, bytes))
		fail("memfd");
	if (bytes) {
		uint64_t *at = map(fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
		for (uint64_t i = 0; i < bytes / 8; i++)
			if (i * 8 / page % every == 0)
				at[i] = word(seed, i);
		munmap(at, bytes);
	}
	if (seals && fcntl(fd, 1033 /* F_ADD_SEALS */, seals))
		fail("seals");
	struct preserved_fd arg = {sizeof arg, fd, token};
	if (ioctl(session, PRESERVE_FD, &arg))
		fail("preserve");
	close(fd);
}

static void check_memfd(uint64_t token, uint64_t bytes, uint64_t seed, uint64_t every, int seals) {
	uint64_t page = sysconf(_SC_PAGESIZE);
	struct preserved_fd arg = {sizeof arg, 0, token};
	struct stat st;
	if (ioctl(session, RETRIEVE_FD, &arg))
		fail("retrieve fd");
	if (fstat(arg.fd, &st) || (uint64_t)st.st_size != bytes)
		wrong("size of the memfd");
	/* A kernel adds F_SEAL_EXEC by itself where memfds are not executable. */
	if ((fcntl(arg.fd, 1034 /* F_GET_SEALS */) & 0x1f) != seals)
		wrong("seals of the memfd");
	if (bytes) {
		uint64_t *at = map(arg.fd, bytes, PROT_READ, MAP_PRIVATE);
		for (uint64_t i = 0; i < bytes / 8; i++)
			if (at[i] != (i * 8 / page % every == 0 ? word(seed, i) : 0))
				wrong("content of the memfd");
		munmap(at, bytes);
	}
	close(arg.fd);
}

static void open_session(unsigned long request, const char *name) {
	struct named_session arg = {.size = sizeof arg};
	session = -1;
	snprintf(arg.name, sizeof arg.name, "%s", name);
	if (device < 0 && (device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC)) < 0)
		fail("/dev/liveupdate");
	if (ioctl(device, request, &arg))
		fail(name);
	session = arg.fd;
}

static void finish(void) {
	struct finish arg = {sizeof arg, 0};
	if (ioctl(session, FINISH, &arg))
		fail("finish");
	close(session);
}

/* Many sessions at once: s00000, s00001, …, each with files of tokens 0, 1, …, each with a seed of its own. */
static void many(int retrieve, uint64_t sessions, uint64_t files, uint64_t bytes, uint64_t seed) {
	for (uint64_t s = 0; s < sessions; s++) {
		char name[32];
		snprintf(name, sizeof name, "s%05u", (unsigned)s);
		open_session(retrieve ? RETRIEVE_SESSION : CREATE_SESSION, name);
		for (uint64_t f = 0; f < files; f++) {
			if (retrieve)
				check_memfd(f, bytes, seed + s * files + f, 1, 0);
			else
				preserve_memfd(f, bytes, seed + s * files + f, 1, 0);
		}
		if (retrieve)
			finish();
	}
}

/* A file's bytes as hexadecimal, 256 to the line, each line with its offset; then how many there were. */
static void dump(const char *path, uint64_t most) {
	unsigned char bytes[256];
	char hex[513];
	uint64_t offset = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);
	if (!most)
		most = UINT64_MAX;
	if (fd < 0) {
		say("dump %s none", path);
		return;
	}
	while ((n = read(fd, bytes, most - offset < sizeof bytes ? most - offset : sizeof bytes)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sprintf(hex + 2 * i, "%02x", bytes[i]);
		say("dump %s %llu %s", path, (unsigned long long)offset, hex);
		offset += n;
	}
	if (n < 0)
		fail(path);
	say("dump %s end %llu", path, (unsigned long long)offset);
	close(fd);
}

static void symbol(const char *name) {
	char entry[256], found[128];
	unsigned long address;
	FILE *all = fopen("/proc/kallsyms", "r");
	if (!all)
		fail("/proc/kallsyms");
	while (fgets(entry, sizeof entry, all)) {
		if (sscanf(entry, "%lx %*c %127s", &address, found) == 2 && !strcmp(found, name)) {
			say("symbol %s %lx", name, address);
			fclose(all);
			return;
		}
	}
	wrong("symbol");
}

static void await(const char *name) {
	char byte;
	say("await %s", name);
	do {
		if (read(0, &byte, 1) != 1)
			fail("console");
	} while (byte != '\n' && byte != '\r');
}

static void redirect(int fd, const char *file, const char *suffix) {
	char path[256];
	snprintf(path, sizeof path, "%s%s", file, suffix);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || dup2(to, fd) < 0)
		_exit(126);
}

/* Runs a command to its end; with a file, its output goes there and its errors to FILE.err. Its status. */
static int run(char *command, const char *into) {
	char *words[32], *path = strtok(command, " ");
	int count = 0, status;
	pid_t child;
	for (char *word = path; word && count < 31; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	if (!count || (child = fork()) < 0)
		fail("run");
	if (!child) {
		if (into) {
			redirect(1, into, "");
			redirect(2, into, ".err");
		}
		execv(path, words);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		wrong(path);
	say("ran %s: %d", into ? into : path, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

/* Puts a text into a file of /proc or /sys. */
static void put(const char *path, const char *text) {
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

/* Where the links in a directory lead, a line each. */
static void links(const char *path) {
	DIR *all = opendir(path);
	if (!all)
		fail(path);
	for (struct dirent *entry; (entry = readdir(all));) {
		char target[256];
		ssize_t n = readlinkat(dirfd(all), entry->d_name, target, sizeof target - 1);
		if (n > 0)
			say("link %s/%s %.*s", path, entry->d_name, (int)n, target);
	}
	closedir(all);
}

static void load(const char *command_line, unsigned long flags) {
	int kernel = open("/next/kernel", O_RDONLY), initrd = open("/next/initrd", O_RDONLY);
	if (kernel < 0 || initrd < 0)
		fail("/next");
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(command_line) + 1, command_line, flags))
		fail("kexec_file_load");
	close(kernel);
	close(initrd);
}

/* Loads the next kernel as the crash kernel; then init ends, at which the kernel panics. */
static void crash(const char *command_line) {
	load(command_line, 2 /* KEXEC_FILE_ON_CRASH */);
	_exit(CRASH);
}

static void kexec(const char *command_line) {
	load(command_line, 8 /* KEXEC_FILE_DEBUG */);
	symbol("machine_kexec");
	await("jump");
	sync();
	syscall(SYS_reboot, 0xfee1dead, 672274793, 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */, NULL);
	fail("kexec");
}

/* Takes what memory is free, but for some: the kernel clears it all, so that what nobody has reserved is gone now. */
static void fill(uint64_t spare) {
	struct sysinfo info;
	if (sysinfo(&info) || info.freeram * info.mem_unit <= spare)
		fail("fill");
	uint64_t bytes = info.freeram * info.mem_unit - spare;
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		fail("fill");
	for (uint64_t i = 0; i < bytes; i += sysconf(_SC_PAGESIZE))
		at[i] = 1;
	munmap(at, bytes);
	say("filled %llu bytes", (unsigned long long)bytes);
}

static void do_line(void) {
	char name[128] = "";
	unsigned long long a = 0, b = 0, c = 0, d = 1, e = 0;
	char *rest = strchr(line, ' ');
	rest = rest ? rest + 1 : line + strlen(line);
	sscanf(rest, "%127s", name);
	sscanf(rest, "%lli %lli %lli %lli %lli", (long long *)&a, (long long *)&b, (long long *)&c, (long long *)&d,
		(long long *)&e);
	size_t verb = strcspn(line, " ");
#define IS(word) (verb == strlen(word) && !strncmp(line, word, verb))
	if (IS("say"))
		say("%s", rest);
	else if (IS("await")) /* NAME: go on when a line comes from the console */
		await(name);
	else if (IS("repeat")) /* WORDS: content has every word this many times */
		repeat = a;
	else if (IS("session")) /* NAME */
		open_session(CREATE_SESSION, name);
	else if (IS("memfd")) /* TOKEN BYTES SEED EVERY SEALS */
		preserve_memfd(a, b, c, d, e);
	else if (IS("sessions")) /* SESSIONS FILES BYTES SEED */
		many(0, a, b, c, d);
	else if (IS("retrieve")) /* NAME */
		open_session(RETRIEVE_SESSION, name);
	else if (IS("check")) /* TOKEN BYTES SEED EVERY SEALS */
		check_memfd(a, b, c, d, e);
	else if (IS("checks")) /* SESSIONS FILES BYTES SEED */
		many(1, a, b, c, d);
	else if (IS("finish"))
		finish();
	else if (IS("dump")) /* PATH [BYTES]: all of a file, or so many bytes of it */
		dump(name, strtoull(rest + strlen(name), NULL, 0));
	else if (IS("run")) { /* PATH ARGUMENTS: it has to end with status 0 */
		if (run(rest, NULL))
			wrong(name);
	} else if (IS("into")) /* FILE PATH ARGUMENTS: its output goes to FILE, its errors to FILE.err */
		run(rest + strlen(name), name);
	else if (IS("put")) /* PATH TEXT */
		put(name, rest + strlen(name) + 1);
	else if (IS("links")) /* PATH of a directory */
		links(name);
	else if (IS("address")) /* SYMBOL */
		symbol(name);
	else if (IS("kexec")) /* COMMAND LINE */
		kexec(rest);
	else if (IS("crash")) /* COMMAND LINE of the crash kernel */
		crash(rest);
	else if (IS("fill")) /* BYTES: all free memory but so much */
		fill(strtoull(name, NULL, 0));
	else if (IS("survey")) /* from now on a line that fails is told, and the next one done */
		survey = 1;
	else if (*line)
		wrong(line);
#undef IS
}

static void do_script(void) {
	FILE *script = fopen("/script", "r");
	if (!script)
		fail("/script");
	setjmp(next_line);
	while (fgets(line, sizeof line, script)) {
		line[strcspn(line, "\n")] = 0;
		if (survey)
			say("at %s", line);
		do_line();
	}
	say("end");
	end();
}

int main(void) {
	struct rlimit files = {65536, 65536};
	struct utsname uts;
	struct termios console;
	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/proc", "proc", 0, NULL);
	mount("none", "/sys", "sysfs", 0, NULL);
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	log_fd = open("/dev/kmsg", O_WRONLY);
	setrlimit(RLIMIT_NOFILE, &files);
	if (!tcgetattr(0, &console)) {
		console.c_lflag &= ~ECHO;
		tcsetattr(0, TCSANOW, &console);
	}
	uname(&uts);
	say("release %s", uts.release);
	/* A kernel that faults under the script ends its process alone, and the guest lives to tell. */
	int status, script = fork();
	if (script < 0)
		fail("fork");
	if (!script)
		do_script();
	waitpid(script, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CRASH)
		return 0;
	say("FAILED the script ended with status %#x", status);
	end();
}
