# Sourced by ./kho and ./mvnw: sets JAVA_HOME to a JDK 25 or newer, or says what to install and exits 2.
# A JDK tells its version in its `release` file, so that looking at many costs no JVM start.

kho_is_jdk25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  kho_version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [ "${kho_version:-0}" -ge 25 ]
}

kho_find_jdk() {
  kho_on_path=$(command -v javac 2>/dev/null) && kho_on_path=$(readlink -f "$kho_on_path") && kho_on_path=${kho_on_path%/bin/javac}
  for kho_home in "${KHO_JAVA_HOME:-}" "${JAVA_HOME:-}" "${kho_on_path:-}" \
    /usr/lib/jvm/*25* /usr/lib/jvm/* /opt/*jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -n "$kho_home" ] && kho_is_jdk25 "$kho_home"; then
      JAVA_HOME=$kho_home
      export JAVA_HOME
      return 0
    fi
  done
  cat >&2 <<'TEXT'
kho4j needs a JDK 25 or newer, and none was found in $KHO_JAVA_HOME, $JAVA_HOME, the PATH, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks.
Install one, for example:
  Debian, Ubuntu   apt-get install openjdk-25-jdk-headless   (or temurin-25-jdk from Adoptium)
  Fedora           dnf install java-25-openjdk-devel
  SDKMAN           sdk install java 25-tem
If it is installed elsewhere, set KHO_JAVA_HOME to its directory.
TEXT
  exit 2
}

kho_find_jdk
