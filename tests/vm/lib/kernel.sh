# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Stock Debian kernels: image, modules and headers unpacked into one cache entry, and an initrd with the few modules that
# reach the root file system.

KERNEL_DEFAULT=6.1
KERNEL_RELEASE_OF_DEBIAN=bookworm

# Series of the kernel -> Debian's meta package for its newest image.
declare -A KERNEL_META=(
    [6.1]=linux-image-amd64
    [6.12]=linux-image-6.12-amd64
)

# What the initrd loads, in dependency order: the root file system, and CUSE.
INITRD_MODULES=(virtio_pci 9pnet_virtio 9p overlay cuse)

# usage: kernel_unpack IMAGE=VERSION DIR
kernel_unpack() {
    local image=${1%%=*} dir=$2 release=$KERNEL_RELEASE_OF_DEBIAN headers packages kver
    kver=${image#linux-image-}
    headers=linux-headers-$kver
    mapfile -t packages < <(apt_run "$release" apt-cache depends "$headers" |
        awk '$1 == "Depends:" && $2 ~ /^linux-(headers|kbuild)-/ { print $2 }')
    step "downloading the Debian kernel $kver" "$CACHE/kernel/$image.log" \
        apt_unpack "$release" "$dir" "$1" "$headers" "${packages[@]}" || return
    # The headers name their other half by its installed path; ours is wherever the cache is.
    sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$dir/usr/src/$headers/Makefile" || return
    # With vmlinux there, the build of a module insists on making BTF for it, with a tool that few machines have.
    rm -f "$dir/usr/src/$headers/vmlinux" "$dir/lib/modules/$kver/build" "$dir/lib/modules/$kver/source"
    depmod -b "$dir" "$kver"
}

# Print the cache entry of the newest kernel of SERIES.
# usage: kernel_get SERIES
kernel_get() {
    local release=$KERNEL_RELEASE_OF_DEBIAN meta=${KERNEL_META[$1]:-} image version
    [[ -n $meta ]] || { say "no kernel $1 here; there are: ${!KERNEL_META[*]}"; return 1; }
    apt_refresh "$release" || return
    if ! image=$(apt_dependency "$release" "$meta" '^linux-image-') || ! version=$(apt_version "$release" "$image" ''); then
        say "apt knows no $meta; see $CACHE/apt/$release/update.log"
        return 1
    fi
    cached "kernel/${image#linux-image-}_$version" kernel_unpack "$image=$version"
}

# Print the release string (uname -r) of a kernel's cache entry.
kernel_version() { basename "$1"/lib/modules/*; }

# Where the headers of a kernel's cache entry are: the two arguments that out-of-tree builds want.
kernel_output_dir() { echo "$1/usr/src/linux-headers-$(kernel_version "$1")"; }
kernel_source_dir() { echo "$1"/usr/src/linux-headers-*-common; }

# usage: initrd_build KERNEL-ENTRY DIR
initrd_build() {
    local kernel=$1 dir=$2 kver root=$2/root module
    kver=$(kernel_version "$kernel")
    mkdir -p "$root"/{bin,dev,proc,lower,upper,new} || return
    cp /bin/busybox "$root/bin/" && cp "$TOP/tests/vm/initrd-init" "$root/init" && chmod +x "$root/init" || return
    # modprobe lists what each module needs before itself; a module that two others need is loaded once.
    modprobe -d "$kernel" -S "$kver" --show-depends -a "${INITRD_MODULES[@]}" | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
        while read -r module; do
            cp "$module" "$root/" && xz -dq "$root/$(basename "$module")" 2>/dev/null
            basename "$module" .xz >>"$root/modules"
        done
    [[ -s $root/modules ]] || return
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/initrd.gz" || return
    rm -r "$root"
}

# Print the path of the initrd for a kernel's cache entry.
initrd_get() {
    local entry
    entry=$(cached "initrd/$(basename "$1")-$(content_key "$TOP/tests/vm/initrd-init" "$TOP/tests/vm/lib/kernel.sh")" initrd_build "$1") &&
        echo "$entry/initrd.gz"
}
