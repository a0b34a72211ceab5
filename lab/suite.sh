# Sourced. Packages of a suite of Debian that is not the machine's own: in folders of our own, so that the machine's lists are not
# touched, from the machine's main archive, with signatures checked as always.

# Sets apt, the options of apt-get for a suite, and updates its lists. $1: folder; $2: suite; $3: deb, or deb and deb-src;
# $4: architecture, if it is not the machine's.
use_suite() {
  local folder=$1 stanza
  mkdir -p "$folder"/{sources,lists/partial}
  stanza=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk -v RS= '/(^|\n)Types:[^\n]*deb/ && /(^|\n)Components:[^\n]*main/ && !/security/ { print; exit }')
  [ -n "$stanza" ] || die 'no stanza of a main archive in /etc/apt/sources.list.d/*.sources'
  printf '%s\n' "$stanza" | sed "/^#/d; s/^Suites:.*/Suites: $2/; s/^Types:.*/Types: $3/" >"$folder/sources/lab.sources"
  apt=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$folder/sources"
    -o "Dir::State::Lists=$folder/lists" -o APT::Sandbox::User=root)
  [ -z "${4:-}" ] || apt+=(-o "APT::Architecture=$4" -o "APT::Architectures=$4" -o Dir::State::status=/dev/null)
  apt-get "${apt[@]}" update >&2
}
