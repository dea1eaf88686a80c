# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Container runtimes of newer Debian releases, unpacked into the cache. They run on this machine, by the C library of their own
# release.

# Runtime -> the packages with its program and the libraries that it links.
declare -A RUNTIME_PACKAGES=(
    [crun]="crun libc6 libcap2 libseccomp2 libsystemd0 libyajl2 libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1"
    [runc]="runc libc6 libseccomp2"
)

# usage: runtime_unpack RELEASE NAME PACKAGE=VERSION... DIR
runtime_unpack() {
    local release=$1 name=$2 dir=${!#} libraries program
    apt_unpack "$release" "$dir" "${@:3:$#-3}" || return
    libraries=usr/lib/x86_64-linux-gnu
    program=$(find "$dir/usr/bin" "$dir/usr/sbin" -name "$name" -type f 2>/dev/null | head -n 1)
    # The program names its loader by an absolute path, in the place that the cache will give it.
    patchelf --set-interpreter "${dir%.tmp}/$libraries/ld-linux-x86-64.so.2" "$program" &&
        patchelf --force-rpath --set-rpath "${dir%.tmp}/$libraries" "$program" &&
        mkdir "$dir/bin" && mv "$program" "$dir/bin/$name"
}

# Print the directory with a runtime's program, as a Debian release has it. usage: runtime_get NAME RELEASE
runtime_get() {
    local name=$1 release=$2 package version wanted=() entry
    apt_refresh "$release" || return
    for package in ${RUNTIME_PACKAGES[$name]}; do
        version=$(apt_version "$release" "$package" '') || {
            say "$package not found in Debian $release: see $CACHE/apt/$release/update.log"
            return 1
        }
        wanted+=("$package=$version")
    done
    entry=$(cached "runtimes/$release-${wanted[0]/=/-}" step "unpacking $name of Debian $release" "$CACHE/runtimes.log" \
        runtime_unpack "$release" "$name" "${wanted[@]}") && echo "$entry/bin"
}
