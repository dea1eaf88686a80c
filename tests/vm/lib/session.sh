# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the VM with the caller's kernel, driver set and command.

# Write the variables of the run for the guest. LAB_MODEL_OPTIONS may contain more parameters of the model driver's module,
# for example "gpus=8 memory_mib=64"; LAB_SYSTEMD makes systemd the VM's first process (guest-init); LAB_TRANSPORT is nvcuse's
# transport, if not the default, and LAB_GUEST_MEMORY the way to guests' memory.
# usage: session_environment KERNEL-ENTRY DRIVER|none
session_environment() {
    local kernel=$1 version=$2 driver modules fake_gpu model
    printf 'export LAB_KERNEL=%q LAB_DRIVER=%q TOP=%q BUILD=%q\n' "$kernel" "$version" "$TOP" "$BUILD"
    printf 'export TEST_ALL=%q\n' "${TEST_ALL:-}"
    printf 'export LAB_RESULTS=/run/lab PATH=%q:$PATH\n' "$BUILD/cuse-server/cli:$BUILD/tests/guest"
    printf 'LAB_INTERACTIVE=%q LAB_SYSTEMD=%q\ncd %q\n' "${LAB_INTERACTIVE:-}" "${LAB_SYSTEMD:-}" "$PWD"
    [[ -z ${LAB_TRANSPORT:-} ]] ||
        printf 'export LAB_TRANSPORT=%q LAB_GUEST_MEMORY=%q PATH=%q:$PATH\n' "$LAB_TRANSPORT" "${LAB_GUEST_MEMORY:-}" \
            "$TOP/tests/vm/transport"
    [[ $version != none ]] || return 0
    if is_model "$version"; then
        model=$(model_get "$kernel") || return
        printf 'export LAB_MODEL=%q LAB_MODEL_OPTIONS=%q\n' "$model" "version=${version#model:} ${LAB_MODEL_OPTIONS:-}"
        return
    fi
    driver=$(driver_get "$version") && modules=$(driver_modules_get "$driver" "$kernel") &&
        fake_gpu=$(fake_gpu_get "$kernel") || return
    printf 'LAB_DRIVER_MODULES=%q LAB_FAKE_GPU=%q\n' "$modules" "$fake_gpu"
    printf 'export PATH=%q:$PATH LD_LIBRARY_PATH=%q\n' "$(driver_program_dir "$driver")" "$(driver_library_dir "$driver")"
}

# Run a command in a fresh VM and return its exit code. The command sees RESULTS as /run/lab.
# usage: session_run KERNEL-SERIES DRIVER|none RESULTS COMMAND...
session_run() {
    local series=$1 version=$2 results=$3 kernel initrd start=$SECONDS rc=0
    shift 3
    kernel=$(kernel_get "$series") && initrd=$(initrd_get "$kernel") || return 1
    session_environment "$kernel" "$version" >"$results/environment" || return 1
    printf '%q ' "$@" >"$results/command"
    vm_run "$results" "$kernel" "$initrd" || rc=$?
    say "  the VM ran for $((SECONDS - start)) s"
    return "$rc"
}
