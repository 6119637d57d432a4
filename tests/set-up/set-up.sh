#!/usr/bin/env bash
# The two commands that a newcomer types. There is no network in here: apt-get is a stand-in that installs nothing
# and tells whether what it was asked for is there. (.ci/run installs those packages for real.)
. "$(dirname "$0")/../lib.sh"
may_enter "${ordinary_user[@]}" unshare --user --map-root-user || skip "an ordinary user may make no namespaces here"

cat > $lab/bin/apt-get << 'APT' || exit 1
#!/bin/bash
declare -A provides=([g++]=g++ [make]=make [iproute2]=ip [iputils-ping]=ping [tcpdump]=tcpdump [tshark]=tshark
                     [netcat-openbsd]=nc [procps]=sysctl [tmux]=tmux)
[ "$1" != update ] || exit 0
[ "$1 $2" = 'install -y' ] || { echo "apt-get: $*?"; exit 1; }
for package in "${@:3}"; do
  command=${provides[$package]-}
  [ -n "$command" ] || { echo "$package: what for?"; exit 1; }
  command -v "$command" > /dev/null || [ "$package" = tmux ] ||   # which nothing that is tested here needs
    { echo "$package would be installed"; exit 1; }
  echo "$package is there: $command"
  unset "provides[$package]"
done
[ ${#provides[@]} = 0 ] || { echo "missing: ${!provides[*]}"; exit 1; }
APT
chmod +x $lab/bin/apt-get
quietly rm addrconv addrbind   # the others have just been built as well
export TESTS=converting-addresses       # the other sections are played by their own tests

run host 'sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y g++ make iproute2 iputils-ping tcpdump tshark netcat-openbsd procps tmux && make demo'
observe 'all packages, and only those needed'      prints host '^tmux is there'
observe 'the programs are built'                   make -q
observe 'without a warning'                        never_prints host 'warning:'
observe 'the demonstration shows commands'         prints host '^host     \$ \./addrconv 192\.168\.1\.100$'
observe 'their output'                             prints host '^host     \|     bytes in network order   c0 a8 01 64$'
observe 'and what there is to see'                 prints host '^  => four bytes, the most significant first$'
observe 'it says what to do next'                  exits host 0 'To type it yourself, .* README\.md\.$'
run host 'make check'
observe 'a line for the test'                      prints host '^ok      converting-addresses '
observe 'and a last one that counts'               last_line host '^1 passed, 0 failed, 0 skipped$'
