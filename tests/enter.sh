# shellcheck shell=bash
# For scripts that need a machine to themselves. `enter SECONDS` runs the script that calls it again, from the checkout's
# directory, in a network, mount and PID namespace of its own (and if we are not root, in a user namespace), for at most
# so many seconds (0: as long as it takes). There it has a /run of its own, where ip-netns(8) keeps its names. Nothing
# that is started inside survives the script, whatever becomes of it, and nothing of the machine's is in reach.

# The first process of the namespaces is a shell with this name, and the script is its grandchild: that tells the
# script that it is inside. A variable would not: it can come from anywhere.
readonly first_process="first process of a test's namespaces"
inside() {
  local process1 parent
  { mapfile -d '' -t process1 < /proc/1/cmdline   # hidepid=2 (proc(5)) hides it from who is outside
    parent=$(sed -n 's/^PPid:\t//p' "/proc/$PPID/status"); } 2> /dev/null
  [ "${process1[3]-}" = "$first_process" ] && [ "$parent" = 1 ]
}

checkout=$PWD   # inside; its path may be hidden there
inside || {
  checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
  self=$(realpath --relative-to="$checkout" "$0")   # before the script goes elsewhere
}

# may_enter [unshare --user...]: whether we can make these namespaces, in which ip-netns(8) mounts /sys, too.
# In a user namespace nobody can mount /proc or /sys where a part of them is hidden, as in containers.
private=(unshare --net --mount --pid --fork --kill-child --mount-proc)
may_enter() { "$@" "${private[@]}" mount -t sysfs -o ro sysfs /sys 2> /dev/null; }

enter() {
  local script why
  umask 022   # an ordinary user's commands read what root has made, and the other way round
  if inside; then
    [ "$(id -u)" != 0 ] || mount -t tmpfs -o mode=755 tmpfs /run || exit 1
    ip link set lo up || exit 1
    return
  fi

  # From here on all is named from the checkout's directory, where we stay: that is found even if it lies in
  # a directory that the tmpfs hides.
  cd "$checkout" || exit 1
  export PATH=$PATH:/usr/sbin:/sbin
  unset MAKEFLAGS MAKELEVEL   # a make that runs us is no business of one that a reader types
  # The kernel kills everything in a PID namespace when its first process ends, and --kill-child ends that one when
  # unshare is killed. (It is not timeout(1): some versions take a parent with the number 1 for one that has died.)
  # Signals must end what we start, also when we were started with nohup(1) or in the background, where some are
  # ignored: a shell leaves what was ignored when it began as it is (env(1)).
  script=(bash -c '"$@"; exit' "$first_process" timeout --foreground --kill-after=5 "$1"
          env --default-signal bash "$self" "${@:2}")
  if [ "$(id -u)" = 0 ]; then
    may_enter ||
      { echo "SKIP: this root may not make namespaces: start the container with --privileged"; exit 77; }
    exec "${private[@]}" "${script[@]}"
  elif may_enter unshare --user --map-root-user; then
    # Two user namespaces, one in the other. In the first we are root, whom mount(8) lets mount a tmpfs; in
    # the second we are ourselves again and keep all capabilities, because tcpdump, finding itself run by
    # root, would try to become a user who does not exist in here.
    exec unshare --user --map-root-user --mount bash -c 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"' - \
      unshare --user --map-user="$(id -u)" --map-group="$(id -g)" --keep-caps "${private[@]:1}" "${script[@]}"
  fi
  why="sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces"
  ! unshare --user --map-root-user --net true 2> /dev/null ||
    why="a part of /proc or /sys is hidden, as in containers"
  echo "SKIP: this system lets an ordinary user make no namespaces ($why); run it with sudo"
  exit 77
}
