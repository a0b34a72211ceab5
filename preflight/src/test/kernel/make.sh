#!/bin/sh
# Builds the small kernel of the tests, packs it in every way that a kernel is packed, and writes down what bpftool
# makes of its BTF. Wants gcc, pahole, bpftool, gzip, xz, zstd, lz4, lzop, bzip2 and lzma.
set -eu
cd "$(dirname "$0")"
out=../resources/org/kho4j/preflight
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
gcc -g -O1 -ffreestanding -fno-pic -no-pie -fno-stack-protector -fno-asynchronous-unwind-tables -nostdlib -static \
  -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-N -o "$scratch/vmlinux" kernel.c
pahole -J "$scratch/vmlinux"
objcopy -O binary --only-section=.BTF --set-section-flags .BTF=alloc "$scratch/vmlinux" "$out/small.btf"
bpftool btf dump file "$out/small.btf" format raw >"$out/small.btf.txt"
strip --strip-debug --keep-section=.BTF -R .comment -o "$out/small.elf" "$scratch/vmlinux"
cd "$out"
gzip -9nc small.elf >small.elf.gz
xz --check=crc32 --x86 --lzma2=dict=128MiB -c small.elf >small.elf.x86.xz
xz --check=crc64 --arm64 --lzma2=lp=2,lc=2 -c small.elf >small.elf.arm64.xz 2>/dev/null || rm small.elf.arm64.xz
zstd -q -22 --ultra -c small.elf >small.elf.zst
lz4 -q -l -9 -c small.elf >small.elf.lz4
lzop -9 -c small.elf >small.elf.lzo
bzip2 -9c small.elf >small.elf.bz2
lzma -9c <small.elf >small.elf.lzma
ls -l
