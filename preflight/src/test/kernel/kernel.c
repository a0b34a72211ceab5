/*
 * Stands for a kernel in the tests: strings and structures where a real one has them, in 30 KB.
 * make.sh builds it; what it builds is in src/test/resources.
 *
 * The structures of the contract have the layout of docs/abi, for pages of 4K; the rest is there
 * because C can say it.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;
typedef u64 phys_addr_t;
typedef u32 two_words[2];

#define PAGE_SIZE 4096

struct kho_vmalloc_chunk;
struct kho_vmalloc_hdr {
  union { u64 next_phys; struct kho_vmalloc_chunk *unused; } next;
};
struct kho_vmalloc_chunk {
  struct kho_vmalloc_hdr hdr;
  u64 phys[(PAGE_SIZE - sizeof(struct kho_vmalloc_hdr)) / sizeof(u64)];
};
struct kho_vmalloc {
  union { u64 first_phys; struct kho_vmalloc_chunk *chunk; };
  u32 total_pages;
  u16 flags;
  u16 order;
};
struct kho_block_header_ser { u64 next; u64 count; };
struct kho_radix_node { u64 table[PAGE_SIZE / sizeof(u64)]; };
struct kho_scratch { phys_addr_t addr; phys_addr_t size; };
struct luo_file_set_ser { u64 files; u64 count; } __attribute__((packed));
struct luo_session_ser { char name[64]; struct luo_file_set_ser file_set_ser; } __attribute__((packed));
struct luo_file_ser { char compatible[48]; u64 data; u64 token; } __attribute__((packed));
struct luo_ser { char compatible[8]; u64 liveupdate_num; u64 sessions_pa; u64 flbs_pa; } __attribute__((packed));
struct memfd_luo_folio_ser { u64 pfn : 52; u64 flags : 12; u64 index; } __attribute__((packed));
struct memfd_luo_ser {
  u64 pos; u64 size; u32 seals; u32 flags; u64 nr_folios; struct kho_vmalloc folios;
} __attribute__((packed));

enum colour { RED = -2, GREEN, BLUE = 5 };
enum wide { NARROW = 1, WIDE = 0x123456789abcdef0LL };
union number { int i; double d; };
struct opaque;

struct all_of_c {
  unsigned a : 3;
  int b : 7;
  u64 c : 40;
  _Bool flag;
  enum colour colour;
  enum wide wide;
  union number number;
  const char *const name;
  volatile int *restrict counter;
  struct opaque *opaque;
  two_words pairs[3];
  int (*call)(struct all_of_c *self, const char *text);
  struct {
    int inner;
    union {
      u8 bytes[4];
      struct { u16 low, high; };
    };
    struct { int deep; } named;
  };
  const struct kho_vmalloc embedded[2];
  float f;
  char tail[];
};

struct { int x; } unnamed;
struct tail_padding { u64 a; u8 b; } __attribute__((aligned(32)));

const char linux_banner[] = "Linux version 7.3.4-test (somebody@somewhere) (gcc) #1 SMP\n";

struct handler { const void *ops; char compatible[48]; };
struct handler memfd_luo_handler = { &memfd_luo_handler, "memfd-v2" };

void show(const char *format, const char *text);
void show(const char *format, const char *text) { asm volatile("" : : "r"(format), "r"(text)); }

struct all_of_c all;
struct tail_padding padded;
struct kho_vmalloc_chunk chunk;
struct kho_radix_node node;
struct kho_block_header_ser block;
struct kho_scratch scratch;
struct luo_session_ser session;
struct luo_file_ser file;
struct luo_ser luo;
struct memfd_luo_folio_ser folio;
struct memfd_luo_ser memfd;

void kho_preserve_folio(void);
void kho_preserve_folio(void) {
  show("compatible", "kho-v4");
  show("KHO: root FDT does not speak %s, but kho-v4, is ignored\n", "kexec-metadata");
  show("LUO state is incompatible with '%s'\n", "luo-v5");
  show("compatible", "memblock-v1");
  show("compatible", "reserve-mem-v1");
}

void _start(void);
void _start(void) { kho_preserve_folio(); }
