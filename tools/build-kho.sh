# Sourced by ./kho when .kho has no build, or none of these sources, or none for this JDK. Afterwards kho_build is the
# build to run, or the command has ended with a sentence and status 2.

kho_say() { printf 'kho: %s\n' "$*" >&2; }
kho_die() { kho_say "$@"; exit 2; }

. "$kho_root/tools/find-jdk.sh"
[ -z "${KHO_JAVA_HOME:-}" ] || [ "$KHO_JAVA_HOME" = "$JAVA_HOME" ] ||
  kho_die "KHO_JAVA_HOME=$KHO_JAVA_HOME is not a JDK 25 or newer"

kho_dir=$kho_root/.kho

# Only one build at a time: Maven's target directories are shared. The kernel drops a flock with the last process that
# holds it, so it cannot go stale. Where there is no flock, a directory holds the number of the process.
kho_lock() {
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$kho_dir/lock"
    flock -n 9 && return
    kho_say 'waiting for another kho, which is building …'
    flock 9
  else
    kho_lock_directory=$kho_dir/lock.d
    kho_waited=
    until mkdir "$kho_lock_directory" 2>/dev/null; do
      kho_owner=$(cat "$kho_lock_directory/pid" 2>/dev/null)
      if [ -n "$kho_owner" ] && ! kill -0 "$kho_owner" 2>/dev/null; then
        rm -rf "$kho_lock_directory"
        continue
      fi
      [ -n "$kho_waited" ] || kho_say 'waiting for another kho, which is building …'
      kho_waited=yes
      sleep 1
    done
    echo $$ >"$kho_lock_directory/pid"
    trap 'rm -rf "$kho_lock_directory"' EXIT
    trap 'exit 130' INT TERM HUP
  fi
}

kho_unlock() {
  if [ -n "${kho_lock_directory:-}" ]; then
    rm -rf "$kho_lock_directory"
    trap - EXIT INT TERM HUP
  else
    exec 9>&-
  fi
}

kho_sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -c 1-16
}

# Names each module on a terminal as Maven, whose output this reads, comes to it.
kho_show_modules() {
  kho_clear=
  while IFS= read -r kho_line; do
    printf '%s\n' "$kho_line"
    case $kho_line in
    '[INFO] Building kho4j'*']')
      [ ! -t 2 ] || {
        kho_line=${kho_line#'[INFO] Building '}
        printf '\r\033[Kkho: %s: %s' "${kho_line##* }" "${kho_line% [0-9]*}" >&2
        kho_clear=yes
      }
      ;;
    esac
  done
  [ -z "$kho_clear" ] || printf '\r\033[K' >&2
}

# Runs Maven, which lays out all jars in cli/target/lib, and copies them to $1/lib.
kho_make_jars() {
  rm -rf "$kho_root/cli/target/lib"
  (cd "$kho_root" && ./mvnw -B -DskipTests -pl cli -am package 2>&1 && echo built) </dev/null |
    kho_show_modules >"$1/maven.log"
  [ "$(tail -n 1 "$1/maven.log")" = built ] || {
    grep -v "^\[INFO\]" "$1/maven.log" >&2
    kho_die "the build failed; Maven's output is above"
  }
  mkdir "$1/lib" && cp "$kho_root"/cli/target/lib/*.jar "$1/lib" || kho_die "cannot copy the jars to $1/lib"
  kho_unseal "$1"
}

# Unseals the packages of xz. A JVM links the classes of its start-up cache as it starts, and ends there if a sealed
# package comes from another path than in training: ./lib and /somewhere/lib are such paths.
kho_unseal() {
  echo 'Sealed: false' >"$1/unsealed" &&
    "$JAVA_HOME/bin/jar" --update --manifest="$1/unsealed" --date=2026-01-01T00:00:00Z --file "$1"/lib/xz-*.jar 2>/dev/null ||
    kho_die "cannot unseal $1/lib/xz-*.jar"
  rm "$1/unsealed"
}

# Unpacks the native part of zstd-jni, where there is one for this machine. Without it zstd-jni unpacks its own.
kho_unpack_zstd() {
  case $(uname -s)/$(uname -m) in
  Linux/x86_64) kho_platform=linux/amd64 ;;
  Linux/aarch64) kho_platform=linux/aarch64 ;;
  *) return ;;
  esac
  mkdir "$kho_build/native" &&
    (cd "$kho_build/native" && "$JAVA_HOME/bin/jar" xf ../lib/zstd-jni-*.jar $kho_platform) &&
    mv "$kho_build"/native/$kho_platform/libzstd-jni-*.so "$kho_build/libzstd-jni.so"
  rm -rf "$kho_build/native"
}

# Runs the commands that people use over an example and lets the JVM keep what it loaded and linked.
kho_make_cache() {
  kho_set_classpath
  kho_set_zstd
  env -u JAVA_TOOL_OPTIONS -u JDK_JAVA_OPTIONS -u _JAVA_OPTIONS \
    "$JAVA_HOME/bin/java" -XX:AOTCacheOutput="$kho_build/kho.aot" $kho_jvm_options ${kho_zstd:+"$kho_zstd"} \
    -cp "$kho_classpath" org.kho4j.cli.Training "$kho_root/tools/training-kernel" "$kho_root"/examples/*.zst \
    "$kho_root/cli/src/test/resources/org/kho4j/cli/captures/lab/x86_64-7.2-moments.elf.zst" \
    >"$kho_build/training.log" 2>&1 </dev/null
  [ -s "$kho_build/kho.aot" ] || kho_say "no start-up cache could be made, kho starts slower (see $kho_build/training.log)"
}

# $1: what to tell the user when jars have to be built; empty when the jars of the current build will do.
kho_make_build() {
  kho_new=$kho_dir/new
  rm -rf "$kho_new"
  mkdir "$kho_new" || kho_die "cannot write to $kho_dir"
  if [ -n "$1" ]; then
    kho_say "$1: building (1 to 4 minutes) …"
    : >"$kho_new/stamp"
    kho_make_jars "$kho_new"
  else
    kho_say 'another JDK than before: making its start-up cache …'
    cp -p "$kho_build/stamp" "$kho_new/stamp" && cp -Rp "$kho_build/lib" "$kho_new/lib"
  fi
  kho_hash=$({ cat "$kho_new"/lib/*.jar "$JAVA_HOME/release" && echo "$JAVA_HOME $kho_jvm_options"; } | kho_sha256)
  kho_build=$kho_dir/$kho_hash
  if [ -s "$kho_build/kho.aot" ] && [ "$kho_build/jdk" -ef "$JAVA_HOME" ]; then
    mv -f "$kho_new/stamp" "$kho_build/stamp"
    rm -rf "$kho_new"
  else
    rm -rf "$kho_build"
    mv "$kho_new" "$kho_build"
    kho_unpack_zstd
    [ -z "$1" ] || kho_say 'built; making the start-up cache (some seconds) …'
    kho_make_cache
  fi
  ln -sfn "$JAVA_HOME" "$kho_build/jdk"
  touch -r "$JAVA_HOME/release" "$kho_build/release"
  echo "$kho_hash" >"$kho_dir/current.new" && mv -f "$kho_dir/current.new" "$kho_dir/current"
  # The build before stays: a start may have read its name just now, and some jars are opened late.
  find "$kho_dir" -mindepth 1 -maxdepth 1 -type d ! -name "$kho_hash" ! -name "${kho_name:-}" -mmin +10 \
    -exec rm -rf {} +
}

if mkdir -p "$kho_dir" 2>/dev/null && [ -w "$kho_dir" ] && [ -z "${KHO_NO_BUILD:-}" ]; then
  kho_lock
  kho_read_current
  if [ -z "$kho_build" ] || [ ! -d "$kho_build/lib" ]; then
    kho_make_build 'first use'
  elif kho_has_newer_sources; then
    kho_make_build 'the sources changed'
  elif kho_has_other_jdk; then
    kho_make_build ''
  fi
  kho_unlock
elif [ -n "$kho_build" ] && [ -d "$kho_build/lib" ]; then
  # Nothing can be built here, and what is built runs on any JDK, if need be without its cache.
  [ -n "${KHO_NO_BUILD:-}" ] || ! kho_has_newer_sources ||
    kho_say "$kho_dir cannot be written: running the older build of sources that changed"
  kho_java=$JAVA_HOME/bin/java
elif [ -n "${KHO_NO_BUILD:-}" ]; then
  kho_die 'nothing is built yet, and KHO_NO_BUILD is set'
else
  kho_die "the first use builds into $kho_dir, which cannot be written"
fi
