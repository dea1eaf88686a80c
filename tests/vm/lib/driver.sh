# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# NVIDIA's driver, from Debian's contrib and non-free components: matched sets of kernel modules (built here from the
# packaged source) and user-mode libraries (unpacked, never installed).

# Version -> Debian release that has it, and the package with the kernel source. One line is one set.
declare -A DRIVER_SETS=(
    [535.261.03]="bookworm nvidia-kernel-dkms"
    [535.309.01]="bookworm nvidia-kernel-dkms"
    [550.163.01]="trixie nvidia-kernel-dkms"
)
# The driver of the demonstration, unless "--driver" names others.
DRIVERS_DEFAULT=(535.309.01)

# The libraries that nvidia-smi and libcuda load.
DRIVER_PACKAGES=(nvidia-smi libnvidia-ml1 libcuda1 libnvidia-ptxjitcompiler1)
DRIVER_MODULES=(nvidia nvidia-uvm)

# usage: driver_unpack RELEASE VERSION KERNEL-PACKAGE DIR
driver_unpack() {
    local release=$1 version=$2 kernel_package=$3 dir=$4 package full packages=()
    for package in "$kernel_package" "${DRIVER_PACKAGES[@]}"; do
        full=$(apt_version "$release" "$package" "$version-") || {
            say "$package $version not found in Debian $release (contrib, non-free)"
            return 1
        }
        packages+=("$package=$full")
    done
    say "NVIDIA's driver comes from Debian's non-free component, under NVIDIA's licence; it is unpacked into"
    say "$CACHE and not installed."
    step "downloading NVIDIA's driver $version" "$CACHE/driver/$version.log" apt_unpack "$release" "$dir" "${packages[@]}"
}

# Print the cache entry of a driver set, with the contents of Debian's packages.
driver_get() {
    local release kernel_package full
    [[ -n ${DRIVER_SETS[$1]:-} ]] || { say "unknown driver '$1': expected one of ${!DRIVER_SETS[*]}"; return 1; }
    read -r release kernel_package <<<"${DRIVER_SETS[$1]}"
    apt_refresh "$release" || return
    full=$(apt_version "$release" "$kernel_package" "$1-") || {
        say "$kernel_package $1 not found in Debian $release (contrib, non-free): see $CACHE/apt/$release/update.log"
        return 1
    }
    cached "driver/$full" driver_unpack "$release" "$1" "$kernel_package"
}

# Print the directories of the libraries and programs of a set's cache entry.
driver_library_dir() { dirname "$1"/usr/lib/x86_64-linux-gnu/nvidia/*/libcuda.so.1; }
driver_program_dir() { dirname "$1"/usr/lib/nvidia/*/nvidia-smi; }

# usage: driver_build DRIVER-ENTRY KERNEL-ENTRY DIR
driver_build() {
    local driver=$1 kernel=$2 dir=$3 source module
    source=$(echo "$driver"/usr/src/nvidia-*)
    mkdir "$dir/build" && cp -a "$source/." "$dir/build/" || return
    step "building NVIDIA's modules $(basename "$driver") for $(kernel_version "$kernel") (minutes)" "$dir.log" \
        make -C "$dir/build" -j"$(nproc)" modules SYSSRC="$(kernel_source_dir "$kernel")" \
        SYSOUT="$(kernel_output_dir "$kernel")" NV_KERNEL_MODULES="${DRIVER_MODULES[*]}" || return
    for module in "${DRIVER_MODULES[@]}"; do
        strip --strip-debug -o "$dir/$module.ko" "$dir/build/$module.ko" || return
    done
    rm -r "$dir/build"
}

# Print the cache entry with a driver set's modules for a kernel.
# usage: driver_modules_get DRIVER-ENTRY KERNEL-ENTRY
driver_modules_get() { cached "modules/$(basename "$1")-$(basename "$2")" driver_build "$1" "$2"; }

# usage: fake_gpu_build KERNEL-ENTRY DIR
fake_gpu_build() {
    local kernel=$1 dir=$2
    mkdir "$dir/build" && cp "$TOP"/tests/host/fake-gpu/{Kbuild,fake-gpu.c} "$dir/build/" || return
    step "building the fake GPU for $(kernel_version "$kernel")" "$dir.log" \
        make -C "$(kernel_output_dir "$kernel")" M="$dir/build" modules || return
    cp "$dir/build/fake-gpu.ko" "$dir/" && rm -r "$dir/build"
}

# Print the cache entry with the fake GPU for a kernel.
fake_gpu_get() {
    local key
    key=$(content_key "$TOP"/tests/host/fake-gpu/{Kbuild,fake-gpu.c})
    cached "fake-gpu/$key-$(basename "$1")" fake_gpu_build "$1"
}
