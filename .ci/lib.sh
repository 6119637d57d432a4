# shellcheck shell=bash
# What the scripts in here share.

# private COMMAND...: runs it, from this directory, in a mount and a PID namespace of its own, with
# a tmpfs on /media for what it makes. When this script ends, however it ends, all that was started
# in there ends, too, and the tmpfs is gone.
private() {
  trap 'exit 130' INT TERM HUP
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc bash -c '
    mount -t tmpfs -o mode=755 tmpfs /media && "$@"
    exit' - env --default-signal=INT,QUIT "$@" < /dev/null &
  wait $!
}

# copy DIRECTORY: makes it, with the files of this checkout that git knows, as they are now.
copy() {
  mkdir -p "$1" && git -c safe.directory='*' ls-files -z | xargs -0 cp --parents -t "$1"
}

# step TITLE COMMAND...: runs it, and says how it ended and how many seconds it took. With $logs,
# all of that is in $logs/TITLE, too.
step() {
  local title=$1 began=$SECONDS verdict=ok; shift
  {
    printf '\n--- %s\n' "$title"
    "$@" 2>&1 || verdict=FAILED
    echo "--- $verdict: $title ($((SECONDS - began)) s)"
  } | tee ${logs:+"$logs/$title"}
}

# briefly COMMAND...: of what it prints, only the last line if all is well.
briefly() {
  local file status
  file=$(mktemp) || return
  "$@" > "$file" 2>&1
  status=$?
  if [ $status = 0 ]; then tail -n 1 "$file"; else cat "$file"; fi
  rm "$file"
  return $status
}

# The two commands that a student types first.
mapfile -t typed < <(awk -v section=set-up -f tests/readme.awk README.md)
[ ${#typed[@]} = 2 ] || { echo "the README's section Set up has not two commands"; exit 1; }

# The tests that need a kernel with netem.
# shellcheck disable=SC2034   # for the scripts
netem=$(grep -l '^need_netem$' tests/*/*.sh | xargs -n 1 basename -s .sh | xargs)
