# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The emulator: the machine's own or, if that is too old, that of Debian's backports, unpacked into the cache.
#
# Before 8.1, QEMU translates a piece of code first and then begins to watch its page for changes. If another processor writes
# there in between, the write is lost, and the old code stays in use. So kernels that change their code while they run (static
# keys) crash, rarely: by an unexpected int3, or in a loop. This needs both processors to be emulated at once.

QEMU_VERSION=8.1
QEMU_PACKAGES=(qemu-system-x86 qemu-system-data seabios)

# Whether the machine's own QEMU watches code before it translates it.
qemu_is_new() {
    local version
    version=$(qemu-system-x86_64 --version | sed -nE '1s/.*version ([0-9.]+).*/\1/p')
    [[ $version ]] && dpkg --compare-versions "$version" ge "$QEMU_VERSION"
}

# The libraries that it needs are those of the machine's own QEMU, because Debian builds backports on the release for which
# they are.
# usage: qemu_unpack RELEASE NAME=VERSION... DIR
qemu_unpack() {
    local release=$1 dir=${!#}
    step "downloading QEMU for the lab" "$CACHE/qemu.log" apt_unpack "$release" "$dir" "${@:2:$#-2}"
}

# Print the cache entry of the backports' emulator.
qemu_from_backports() {
    local release package version wanted=()
    release=$(apt_codename)-backports
    apt_refresh "$release" || return
    for package in "${QEMU_PACKAGES[@]}"; do
        version=$(apt_version "$release" "$package" '') || {
            say "$package not found in Debian $release: see $CACHE/apt/$release/update.log"
            return 1
        }
        wanted+=("$package=$version")
    done
    cached "qemu/${wanted[0]#*=}" qemu_unpack "$release" "${wanted[@]}"
}

# Print the words of a command line that runs the emulator, one a line.
qemu_command() {
    local dir
    if qemu_is_new; then
        echo qemu-system-x86_64
    else
        dir=$(qemu_from_backports) || return
        printf '%s\n' "$dir/usr/bin/qemu-system-x86_64" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios"
    fi
}
