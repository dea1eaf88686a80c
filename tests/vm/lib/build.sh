# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The meson builds.

# Configure DIR if it is new, and compile. usage: build_tree DIR [MESON-OPTION...]
build_tree() {
    local dir=$1 log=$CACHE/build.log
    shift
    mkdir -p "$CACHE"
    if [[ ! -e $dir/build.ninja ]]; then
        step "configuring $(basename "$dir")" "$log" meson setup "$dir" "$TOP" "$@" || return
    fi
    ninja -C "$dir" -n 2>/dev/null | grep -q 'no work to do' ||
        step "compiling into $(basename "$dir")" "$log" meson compile -C "$dir"
}
