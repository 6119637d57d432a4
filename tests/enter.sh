# shellcheck shell=bash
# For scripts that need a machine to themselves. `enter SECONDS` runs the script that calls it again, from the checkout's
# directory, in a network, mount and PID namespace of its own (and if we are not root, in a user namespace). There it has a
# /run of its own, where ip-netns(8) keeps its names. Nothing that is started inside survives the script, whatever becomes
# of it, and nothing of the machine's is in reach. What has shown no sign of life for so many seconds hangs, and is ended
# (0: never); `alive` is such a sign. So a machine may be slow.

# The first process of the namespaces is a shell with this name, and the script is its child: that tells the script that
# it is inside. A variable would not: it can come from anywhere. When the first process ends, the kernel kills the rest.
readonly first_process="first process of a test's namespaces"
readonly its_work='exec 77<> <(:)   # the signs of life
  { true <&0; } 2> /dev/null || exec < /dev/null
  limit=(-t "$1"); [ "$1" != 0 ] || limit=()
  "${@:2}" <&0 & script=$!
  { while read -rN 1 "${limit[@]}" -u 77; do :; done
    kill "$script"
    read -rN 100000 -t 5 -u 77
    echo "FAULT: no sign of life for $1 seconds, and it does not end"; kill -KILL "$script"; } &
  wait "$script"'
alive() { printf . >&77; }
inside() {
  local process1
  { mapfile -d '' -t process1 < /proc/1/cmdline; } 2> /dev/null   # hidepid=2 (proc(5)) hides it from who is outside
  [ "${process1[3]-}" = "$first_process" ] && [ "$PPID" = 1 ]
}

checkout=$PWD   # inside; its path may be hidden there
inside || {
  [[ $0 == */* ]] && self=${0%/*} || self=.
  { read -r checkout; read -r self; } < <(CDPATH=; (cd "${BASH_SOURCE[0]%/*}/.." && pwd -P); cd "$self" && pwd -P)
  self=$self/${0##*/} self=${self#"$checkout"/}   # before the script goes elsewhere
}

# may_enter [unshare --user...]: whether we can make these namespaces, in which ip-netns(8) mounts /sys, too.
# In a user namespace nobody can mount /proc or /sys where a part of them is hidden, as in containers.
private=(unshare --net --mount --pid --fork --kill-child --mount-proc)
may_enter() { "$@" "${private[@]}" mount -t sysfs -o ro sysfs /sys 2> /dev/null; }

enter() {
  local script why
  umask 022   # an ordinary user's commands read what root has made, and the other way round
  if inside; then
    [ $EUID != 0 ] || mount -t tmpfs -o mode=755 tmpfs /run || exit 1
    ip link set lo up || exit 1
    return
  fi

  # From here on all is named from the checkout's directory, where we stay: that is found even if it lies in
  # a directory that the tmpfs hides.
  cd "$checkout" || exit 1
  export PATH=$PATH:/usr/sbin:/sbin
  unset MAKEFLAGS MAKELEVEL   # a make that runs us is no business of one that a reader types
  # --kill-child ends the first process when unshare is killed. Signals must end what we start, also when we were started
  # with nohup(1) or in the background, where some are ignored: a shell leaves what was ignored when it began as it is (env(1)).
  script=(bash -c "$its_work" "$first_process" "$1" env --default-signal bash "$self" "${@:2}")
  if [ $EUID = 0 ]; then
    may_enter ||
      { echo "SKIP: this root may not make namespaces: start the container with --privileged"; exit 77; }
    exec "${private[@]}" "${script[@]}"
  elif may_enter unshare --user --map-root-user; then
    # Two user namespaces, one in the other. In the first we are root, whom mount(8) lets mount a tmpfs; in
    # the second we are ourselves again and keep all capabilities, because tcpdump, finding itself run by
    # root, would try to become a user who does not exist in here.
    exec unshare --user --map-root-user --mount bash -c 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"' - \
      unshare --user --map-user=$EUID --map-group="$(id -g)" --keep-caps "${private[@]:1}" "${script[@]}"
  fi
  why="sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces"
  ! unshare --user --map-root-user --net true 2> /dev/null ||
    why="a part of /proc or /sys is hidden, as in containers"
  echo "SKIP: this system lets an ordinary user make no namespaces ($why); run it with sudo"
  exit 77
}
