#!/bin/sh
# Start-up of ./kho beside a bare JVM and other debuggers' own start-up. Wants hyperfine.
set -eu
cd "$(dirname "$0")/.."
./kho --version >/dev/null
java=.kho/$(cat .kho/current)/jdk/bin/java
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/Hello.java" <<'JAVA'
public class Hello {
  public static void main(String[] args) {
    System.out.println("hello");
  }
}
JAVA
"${java}c" -d "$scratch" "$scratch/Hello.java"
set -- -N --warmup 3 --runs "${RUNS:-30}" \
  -n 'java Hello' "$java -XX:+UseSerialGC -cp $scratch Hello" \
  -n 'kho --version' './kho --version' \
  -n 'kho --help' './kho --help' \
  -n 'kho inspect, the example' './kho inspect examples/linux-7.3.4-jump-kho-test.ram.zst' \
  -n 'kho inspect --json, the example' './kho inspect --json examples/linux-7.3.4-jump-kho-test.ram.zst' \
  -n 'kho abi versions kho-v4' './kho abi versions kho-v4'
! command -v drgn >/dev/null || set -- "$@" -n 'drgn --version' 'drgn --version'
! command -v crash >/dev/null || set -- "$@" -n 'crash --version' 'crash --version'
hyperfine "$@" --export-markdown "$scratch/table.md" >/dev/null 2>&1
cat "$scratch/table.md"
uptime
