# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages that building and testing need. There is no other list of them.

declare -A PACKAGES=(
    # The compiler, the libraries that nvcuse and its tools link, and the generator of their manual pages.
    [build]="meson ninja-build pkg-config gcc libc6-dev libglib2.0-dev libjson-glib-dev libfuse3-dev libseccomp-dev libyaml-dev
        libcap-ng-dev libcriterion-dev libclang-14-dev go-md2man"
    # The checkers of the sources.
    [lint]="clang-format clang-tidy shellcheck"
    # A compiler with libFuzzer, and a program that reports the lines it reached.
    [fuzz]="clang libclang-rt-14-dev llvm"
    # Container runtimes and an engine, for containers in the VM.
    # patchelf lets runtimes of newer releases run here.
    [oci]="runc crun podman python3-minimal patchelf"
    # The VM; a kernel's modules are built with the kernel's compiler, and its tools need libelf.
    [lab]="qemu-system-x86 busybox-static cpio kmod xz-utils make gcc-12 libelf1 strace python3-minimal iproute2 procps"
    # The builder of Debian packages, and the services of a host that starts instances by itself.
    [ops]="debhelper dpkg-dev systemd systemd-sysv udev man-db"
)

# Install the missing packages of some groups; without a message, and quick, if none is missing.
# usage: packages_need GROUP...
packages_need() {
    local group wanted=() missing=() package
    for group in "$@"; do
        [[ -n ${PACKAGES[$group]:-} ]] || die "unknown group of packages '$group': expected one of ${!PACKAGES[*]}"
        # shellcheck disable=SC2206 # a list of words
        wanted+=(${PACKAGES[$group]})
    done
    for package in "${wanted[@]}"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "missing Debian packages: run as root: apt-get install ${missing[*]}"
    mkdir -p "$CACHE"
    say "missing Debian packages: ${missing[*]}"
    step "installing them" "$CACHE/deps.log" packages_install "${missing[@]}" || die "apt could not install: ${missing[*]}"
}

packages_install() {
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}
