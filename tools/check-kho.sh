#!/bin/bash
# Checks ./kho's start under the conditions that users meet: other directories, links, spaces, no permission to write,
# damaged and missing caches, changed sources, several first uses at once. Needs a built .kho; CI runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
version=$(./kho --version)
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
failures=0

# expect NAME EXIT OUT ERR COMMAND...: the exit status, all of stdout, and a pattern that all of stderr matches
expect() {
  local name=$1 exit=$2 out=$3 err=$4 was=0
  shift 4
  "$@" >"$scratch/out" 2>"$scratch/err" || was=$?
  if [ $was = "$exit" ] && [ "$(cat "$scratch/out")" = "$out" ] && [[ $(cat "$scratch/err") == $err ]]; then
    echo "ok      kho, $name"
  else
    echo "FAILED  kho, $name: exit $was"
    sed 's/^/        /' "$scratch/out" "$scratch/err"
    failures=$((failures + 1))
  fi
}

copy=$scratch/'a copy'
mkdir "$copy" "$scratch/bin"
tar -cf - --exclude=target --exclude=.git . | tar -xf - -C "$copy"
hash=$(cat .kho/current)
build=$copy/.kho/$hash

ln -s "$root/kho" "$scratch/bin/kho"
expect 'through a link' 0 "$version" '' "$scratch/bin/kho" --version
expect 'found on the PATH' 0 "$version" '' env PATH="$scratch/bin:$PATH" kho --version
expect 'from another directory' 0 "$version" '' env -C / "$root/kho" --version
mkdir "$scratch/removed"
expect 'in a directory that was removed' 2 '' '*kho: the current directory was removed; change to another one' \
  sh -c 'cd "$1" && rmdir "$1" && KHO_NO_BUILD=1 "$2" --version' sh "$scratch/removed" "$root/kho"
expect 'called as: sh kho' 0 "$version" '' sh kho --version
expect 'in a path with a space' 0 "$version" '' "$copy/kho" --version
expect 'with options for the JVM in the environment' 0 "$version" '' \
  env JAVA_TOOL_OPTIONS=-Da=b JDK_JAVA_OPTIONS=-Dc=d ./kho --version
cp examples/linux-7.3.4-jump-kho-test.ram.zst "$scratch/größe.zst"
expect 'with a name beyond ASCII in the locale C' 0 '' '' \
  env LC_ALL=C bash -o pipefail -c './kho inspect "$1" | grep -qF größe.zst' sh "$scratch/größe.zst"
expect 'with a JDK that is too old' 2 '' 'kho: KHO_JAVA_HOME=/nowhere is not a JDK 25 or newer' \
  env KHO_JAVA_HOME=/nowhere ./kho --version
expect 'into a pipe that closes' 0 '' '' bash -o pipefail -c '{ sleep 0.1; ./kho completion; } | true'
[ ! -w /dev/full ] || expect 'onto a full disk' 2 '' 'kho: cannot write the output: *' bash -c './kho --version >/dev/full'

example=examples/linux-7.3.4-jump-kho-test.ram.zst
expect 'without a place for what is unpacked' 2 '' \
  "kho: the temporary file of $example in /proc: * (KHO_JAVA_OPTS=-Djava.io.tmpdir=DIR sets another directory)" \
  env KHO_JAVA_OPTS=-Djava.io.tmpdir=/proc ./kho inspect $example
expect 'with a native library that cannot be loaded' 2 '' \
  'kho: zstd cannot be read, because its native library cannot be loaded: * (-DZstdNativePath=FILE names another copy of it)' \
  env KHO_JAVA_OPTS=-DZstdNativePath=/dev/null ./kho inspect $example
zstd=$(KHO_JAVA_OPTS='-Xlog:class+load -XX:AOTMode=off' ./kho --version | grep -c -e luben -e tukaani || true)
if [ "$zstd" = 0 ]; then
  echo 'ok      kho, no class of a compression library for --version'
else
  echo "FAILED  kho, $zstd classes of compression libraries for --version"
  failures=$((failures + 1))
fi

shared() { KHO_JAVA_OPTS='-Xlog:class+load' KHO_NO_BUILD=1 "$1/kho" --version | grep -c 'shared objects file' || true; }
with_cache=$(shared "$copy")
: >"$build/kho.aot"
expect 'with an empty cache' 0 "$version" '' "$copy/kho" --version
head -c 100000 "$root/.kho/$hash/kho.aot" >"$build/kho.aot"
expect 'with half a cache' 0 "$version" '' "$copy/kho" --version
rm "$build/kho.aot"
expect 'without a cache' 0 "$version" '' "$copy/kho" --version
without_cache=$(shared "$copy")
if [ "$with_cache" -gt $((without_cache + 300)) ]; then
  echo "ok      kho, the cache holds $with_cache of the classes of --version, the JDK's own $without_cache"
else
  echo "FAILED  kho, the cache holds $with_cache of the classes of --version, the JDK's own $without_cache"
  failures=$((failures + 1))
fi

touch -d '2001-01-01' "$build/release"
expect 'after an update of the JDK' 0 "$version" 'kho: another JDK than before: making its start-up cache …' \
  "$copy/kho" --version
expect 'after that' 0 "$version" '' "$copy/kho" --version

touch "$copy/pom.xml"
expect 'with newer sources and KHO_NO_BUILD' 0 "$version" '' env KHO_NO_BUILD=1 "$copy/kho" --version
expect 'fleet, not built and told not to build' 2 '' 'kho: kho fleet is not built yet, and KHO_NO_BUILD is set*' \
  env KHO_NO_BUILD=1 "$copy/kho" fleet hosts --to kernel
mkdir -p "$copy/fleet/target/spark"
touch -d '2001-01-01' "$copy/fleet/target/kho4j-fleet.jar" "$copy/fleet/target/spark/complete"
expect 'fleet, with newer sources and KHO_NO_BUILD' 0 '' '' env KHO_NO_BUILD=1 "$copy/tools/build-fleet" --with-spark
rm -r "$copy/fleet/target"
if [ "$(id -u)" != 0 ] || su nobody -s /bin/sh -c true 2>/dev/null; then
  as=()
  [ "$(id -u)" != 0 ] || as=(su nobody -s /bin/sh -c '"$0" "$@"' --)
  chmod a+rx "$scratch"
  chmod a-w "$copy" "$copy/.kho"
  expect 'with newer sources, read-only' 0 "$version" 'kho: *cannot be written: running the older build*' \
    "${as[@]}" "$copy/kho" --version
  mv "$copy/pom.xml" "$copy/pom.new" 2>/dev/null || { chmod u+w "$copy"; mv "$copy/pom.xml" "$copy/pom.new"; chmod a-w "$copy"; }
  expect 'read-only' 0 "$version" '' "${as[@]}" "$copy/kho" --version
  chmod u+w "$copy" "$copy/.kho"
  mv "$copy/pom.new" "$copy/pom.xml"
fi

rm -rf "$copy/.kho"
expect 'not built and told not to build' 2 '' 'kho: nothing is built yet, and KHO_NO_BUILD is set' \
  env KHO_NO_BUILD=1 "$copy/kho" --version
three() {
  local i
  for i in 1 2 3; do "$copy/kho" --version >"$scratch/out.$i" 2>"$scratch/err.$i" & done
  wait
  cat "$scratch"/out.?
  grep -h building "$scratch"/err.? | sort >&2
}
expect 'three first uses at once' 0 "$version"$'\n'"$version"$'\n'"$version" \
  'kho: first use: building*kho: waiting for*kho: waiting for*' three
if [ "$(cat "$copy/.kho/current")" = "$hash" ]; then
  echo 'ok      kho, the same jars, byte for byte, out of another directory'
else
  echo 'FAILED  kho, other jars out of another directory (or left-overs in target/: ./mvnw clean)'
  (cd "$build/lib" 2>/dev/null || cd "$copy/.kho/$(cat "$copy/.kho/current")/lib"; sha256sum ./*.jar) >"$scratch/sums"
  (cd "$root/.kho/$hash/lib" && sha256sum -c --quiet "$scratch/sums") || true
  failures=$((failures + 1))
fi

exit $((failures > 0))
