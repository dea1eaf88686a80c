# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# NVIDIA's driver headers, from every driver source that Debian offers to this machine.
#
# There are two kinds: Debian's source package of the open kernel modules, which has all headers, and the binary package
# nvidia-open-kernel-source, which has only those of the kernel interface layer. The second is used if a mirror has no
# sources.

PARITY_SOURCE=nvidia-open-gpu-kernel-modules
PARITY_PACKAGE=nvidia-open-kernel-source

# Make a private apt for the source packages of RELEASE, next to the one for its binary packages.
parity_refresh_sources() {
    local release=$1 dir=$CACHE/apt/$1-src
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial" "$dir/sources"
    (
        flock 9
        [[ -z $(find "$dir/fresh" -mtime "-$APT_LISTS_DAYS" 2>/dev/null) ]] || exit 0
        cp "$CACHE/apt/$release/sources"/* "$dir/sources/"
        sed -i -e '/^Types:/s/:.*/: deb-src/' -e 's/^deb /deb-src /' "$dir/sources"/*
        step "fetching Debian's list of source packages ($release)" "$dir/update.log" \
            apt_run "$release-src" apt-get -o APT::Update::Error-Mode=any update && touch "$dir/fresh"
    ) 9>"$dir/lock"
}

# Unpack the headers of a source package. usage: parity_unpack_source RELEASE VERSION DIR
parity_unpack_source() {
    local release=$1 version=$2 dir=$3 work
    work=$(mktemp -d)
    (cd "$work" && apt_run "$release-src" apt-get source --only-source --tar-only --download-only \
        "$PARITY_SOURCE=$version") &&
        tar -C "$dir" --strip-components=1 --wildcards -xf "$work"/*.orig.tar.* '*.h'
    local rc=$?
    rm -rf "$work"
    return "$rc"
}

# Unpack the headers of the binary package. usage: parity_unpack_package RELEASE VERSION DIR
parity_unpack_package() {
    local release=$1 version=$2 dir=$3 work
    work=$(mktemp -d)
    apt_unpack "$release" "$work" "$PARITY_PACKAGE=$version" &&
        tar -C "$dir" --strip-components=2 --wildcards -xf "$work"/usr/src/nvidia-open-kernel.tar.xz '*.h'
    local rc=$?
    rm -rf "$work"
    return "$rc"
}

# Print a line "DRIVER-VERSION full|partial DIR" for each driver whose headers are available.
parity_trees() {
    local release version driver dir
    declare -A have=()
    for release in "$(apt_codename)" trixie; do
        apt_refresh "$release" || continue
        parity_refresh_sources "$release" || true
        for version in $(apt_run "$release-src" apt-cache showsrc "$PARITY_SOURCE" 2>/dev/null |
            sed -n 's/^Version: //p' | sort -u); do
            driver=${version%-*}
            [[ -z ${have[$driver]:-} ]] || continue
            dir=$(cached "parity/source-$version" parity_unpack_source "$release" "$version" 2>>"$CACHE/parity.log") || continue
            have[$driver]=$dir
            printf '%s full %s\n' "$driver" "$dir"
        done
        for version in $(apt_run "$release" apt-cache madison "$PARITY_PACKAGE" 2>/dev/null |
            awk -F' *[|] *' '{ print $2 }' | sort -u); do
            driver=${version%-*}
            [[ -z ${have[$driver]:-} ]] || continue
            dir=$(cached "parity/package-$version" parity_unpack_package "$release" "$version" 2>>"$CACHE/parity.log") || continue
            have[$driver]=$dir
            printf '%s partial %s\n' "$driver" "$dir"
        done
    done
}
