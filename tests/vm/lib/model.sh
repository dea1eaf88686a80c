# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The model driver (tests/host/model), which replaces NVIDIA's for tests that need GPUs. It is built with the project's own
# tables of the driver's ABI, so its build also depends on these.

# Its driver versions are written "model:580.95.05" wherever a driver is named.
is_model() { [[ $1 == model:?* ]]; }

model_sources() { ls "$TOP"/tests/host/model/{Kbuild,{,*/}*.[ch]} "$TOP"/abi/{,*/}*.[ch] "$TOP"/version-tree/{,*/}*.[ch]; }

# usage: model_build KERNEL-ENTRY DIR
model_build() {
    local kernel=$1 dir=$2
    mkdir "$dir/build" && cp -r "$TOP"/tests/host/model/. "$TOP/abi" "$TOP/version-tree" "$dir/build/" || return
    step "building the model driver for $(kernel_version "$kernel")" "$dir.log" \
        make -C "$(kernel_output_dir "$kernel")" M="$dir/build" -j"$(nproc)" modules || return
    strip --strip-debug -o "$dir/nvcuse-model.ko" "$dir/build/nvcuse-model.ko" && rm -r "$dir/build"
}

# Print the cache entry with the model driver for a kernel.
model_get() {
    local key
    # shellcheck disable=SC2046 # names without blanks
    key=$(content_key $(model_sources))
    cached "model/$key-$(basename "$1")" model_build "$1"
}
