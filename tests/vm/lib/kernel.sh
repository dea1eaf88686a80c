# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Stock Debian kernels: image, modules and headers unpacked into one cache entry, and an initrd with the few modules that
# reach the root file system.

KERNEL_DEFAULT=6.1

# Series of the kernel -> Debian release or suite, and its meta package for the newest image there. "newest" is the latest
# kernel of that suite; "uname -r" tells its series.
declare -A KERNEL_META=(
    [6.1]="bookworm linux-image-amd64"
    [6.12]="bookworm linux-image-6.12-amd64"
    [newest]="trixie-backports linux-image-amd64"
)
# The compiler of modules if the kernel's own compiler is not available.
KERNEL_COMPILER=gcc-12
# Kernel tools that were built for a newer machine need the C library of this release, and these packages of it.
KERNEL_TOOLS_RELEASE=trixie
KERNEL_TOOLS_LIBRARIES=(libc6 libelf1t64 zlib1g libzstd1 libssl3t64)

# The modules that the initrd loads, in dependency order: for the root file system, and CUSE.
INITRD_MODULES=(virtio_pci 9pnet_virtio 9p overlay cuse)

# Print the packages that PACKAGE of RELEASE depends on and whose names match REGEX, one a line.
kernel_parts() {
    apt_run "$1" apt-cache depends "$2" | awk -v re="$3" '$1 == "Depends:" && $2 ~ re { print $2 }'
}

# Arrange the files as in newer packages: the image beside the modules, the modules below usr.
kernel_arrange() {
    local dir=$1 kver=$2
    [[ -e $dir/lib ]] || ln -s usr/lib "$dir/lib" || return
    [[ -e $dir/boot/vmlinuz-$kver ]] && return
    mkdir -p "$dir/boot" && ln -s "../lib/modules/$kver/vmlinuz" "$dir/boot/vmlinuz-$kver"
}

# Build modules with a compiler of this machine. One option of the command line, for the kernel's own compiler, is too new for
# others.
kernel_use_compiler() {
    local variables=$1/.kernelvariables compiler
    compiler=$(grep -oE 'gcc-[0-9]+' "$variables" | tail -n 1)
    if [[ -z $compiler ]] || command -v "$compiler" >/dev/null; then return; fi
    printf 'CC = %s\noverride CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT =\n' "$KERNEL_COMPILER" >>"$variables"
}

# Whether this machine's C library can load a program. The output is read as a whole: "grep -q" ends with its first match, and
# then its writer fails, which would count as no match.
kernel_tool_runs() { [[ $(ldd "$1" 2>&1) != *'not found'* ]]; }

# Put a program behind a script that starts it with the libraries in DIR.
# usage: kernel_wrap_tool PROGRAM DIR
kernel_wrap_tool() {
    local libraries
    libraries=$(realpath --relative-to="$(dirname "$1")" "$2/lib/x86_64-linux-gnu") && mv "$1" "$1.program" || return
    cat >"$1" <<END || return
#!/bin/sh
libraries=\$(dirname "\$0")/$libraries
exec "\$libraries/ld-linux-x86-64.so.2" --library-path "\$libraries" "\$0.program" "\$@"
END
    chmod +x "$1"
}

# The tools that build modules are those of the kernel's release of Debian.
kernel_use_tools() {
    local dir=$1 libraries=$1/tool-libraries tool
    find "$dir"/usr/lib/linux-kbuild-*/ -type f -perm -1 | while read -r tool; do
        if [[ $(head -c 4 "$tool" | tail -c 3) != ELF ]] || kernel_tool_runs "$tool"; then continue; fi
        if [[ ! -d $libraries ]]; then
            apt_refresh "$KERNEL_TOOLS_RELEASE" &&
                apt_unpack "$KERNEL_TOOLS_RELEASE" "$libraries" "${KERNEL_TOOLS_LIBRARIES[@]}" || return
            [[ -e $libraries/lib ]] || ln -s usr/lib "$libraries/lib" || return
        fi
        kernel_wrap_tool "$tool" "$libraries" || return
    done
}

# usage: kernel_unpack RELEASE IMAGE=VERSION DIR
kernel_unpack() {
    local release=$1 image=${2%%=*} dir=$3 headers packages kver
    kver=${image#linux-image-}
    headers=linux-headers-$kver
    mapfile -t packages < <(kernel_parts "$release" "$headers" '^linux-(headers|kbuild)-' &&
        kernel_parts "$release" "$image" '^linux-(base|binary|modules)-')
    step "downloading the Debian kernel $kver" "$CACHE/kernel/$image.log" \
        apt_unpack "$release" "$dir" "$2" "$headers" "${packages[@]}" || return
    kernel_arrange "$dir" "$kver" || return
    # The headers refer to themselves and to their other half by the installed paths; here they are in the cache.
    sed -i -e 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' \
        -e 's|^KBUILD_OUTPUT=/usr/src/.*|KBUILD_OUTPUT := $(CURDIR)|' "$dir/usr/src/$headers/Makefile" || return
    # If vmlinux exists, the build of a module requires BTF for it, with a tool that few machines have.
    rm -f "$dir/usr/src/$headers/vmlinux" "$dir/lib/modules/$kver/build" "$dir/lib/modules/$kver/source"
    kernel_use_compiler "$dir/usr/src/$headers" && kernel_use_tools "$dir" && depmod -b "$dir" "$kver"
}

# Print the cache entry of the newest kernel of SERIES.
# usage: kernel_get SERIES
kernel_get() {
    local release meta image version
    [[ -n ${KERNEL_META[$1]:-} ]] || { say "unknown kernel '$1': expected one of ${!KERNEL_META[*]}"; return 1; }
    read -r release meta <<<"${KERNEL_META[$1]}"
    apt_refresh "$release" || return
    if ! image=$(apt_dependency "$release" "$meta" '^linux-image-') || ! version=$(apt_version "$release" "$image" ''); then
        say "$meta not found in Debian $release: see $CACHE/apt/$release/update.log"
        return 1
    fi
    cached "kernel/${image#linux-image-}_$version" kernel_unpack "$release" "$image=$version"
}

# Print the release string (uname -r) of a kernel's cache entry.
kernel_version() { basename "$1"/lib/modules/*; }

# Print the headers of a kernel's cache entry: the two arguments for out-of-tree builds.
kernel_output_dir() { echo "$1/usr/src/linux-headers-$(kernel_version "$1")"; }
kernel_source_dir() { echo "$1"/usr/src/linux-headers-*-common; }

# usage: initrd_build KERNEL-ENTRY DIR
initrd_build() {
    local kernel=$1 dir=$2 kver root=$2/root module
    kver=$(kernel_version "$kernel")
    mkdir -p "$root"/{bin,dev,proc,lower,upper,new} || return
    cp /bin/busybox "$root/bin/" && cp "$TOP/tests/vm/initrd-init" "$root/init" && chmod +x "$root/init" || return
    # modprobe lists the modules that each module needs before itself; a module that two others need is loaded once.
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
