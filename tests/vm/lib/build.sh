# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The meson builds.

# Configure DIR if it is new, and compile. usage: build_tree DIR [MESON-OPTION...]
build_tree() {
    local dir=$1
    shift
    if [[ ! -e $dir/build.ninja ]]; then
        meson setup "$dir" "$TOP" "$@" >&2 || return
    fi
    meson compile -C "$dir" >&2
}
