# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Functions that all parts of the lab share: messages, and a cache that is filled atomically.

# TOP is the source tree, BUILD the meson build directory, CACHE the directory of downloads and of builds from downloads.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
BUILD=${NVCUSE_BUILD:-$TOP/build}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/nvcuse

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Run a long step with its output in a log file, and print a line with its duration; show the log's end if it fails.
# usage: step TEXT LOG COMMAND...
step() {
    local text=$1 log=$2 start=$SECONDS rc=0
    shift 2
    printf '  %s ... ' "$text" >&2
    "$@" >"$log" 2>&1 || rc=$?
    if ((rc)); then
        say "failed (exit $rc); the end of $log:"
        tail -n 25 "$log" >&2
        return "$rc"
    fi
    say "$((SECONDS - start)) s"
}

# Print the path of a cache entry, and build it first if it is missing. The builder gets the name of an empty directory as its
# last argument. The directory gets its final name only when the builder has succeeded, so that an interrupted or failed build
# leaves nothing that looks finished; the lock makes a second run wait for the first instead of building twice.
# usage: cached KEY BUILDER ARGS...
cached() {
    local entry=$CACHE/$1 lock rc=0
    shift
    if [[ ! -d $entry ]]; then
        mkdir -p "$(dirname "$entry")"
        exec {lock}>"$entry.lock"
        flock "$lock"
        if [[ ! -d $entry ]]; then
            rm -rf "$entry.tmp"
            mkdir "$entry.tmp"
            "$@" "$entry.tmp" >&2 || rc=$?
            ((rc)) || mv -T "$entry.tmp" "$entry"
        fi
        exec {lock}>&-
    fi
    ((rc == 0)) && printf '%s\n' "$entry"
    return "$rc"
}

# Print a short name for the contents of some files, for cache keys.
content_key() { cat "$@" | sha256sum | cut -c1-12; }
