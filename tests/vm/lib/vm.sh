# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# One run of the VM: boot, command, power off.
#
# QEMU emulates the CPU in software, so it needs nothing of the machine (no KVM, no kernel module). There are two serial
# lines: the kernel's console goes to a file that is searched for trouble afterwards; the command's output is streamed.

VM_TIMEOUT=${VM_TIMEOUT:-300} # seconds
# The kernel does not use RAM above VM_RAM, which is for the fake GPU's BARs (tests/host/fake-gpu); the model driver's GPUs
# need none.
VM_MEMORY=${VM_MEMORY:-2G}
VM_RAM=${VM_RAM:-1536M}
# no_timer_check: on a busy machine the emulated timer can be too late for the kernel's check. panic=-1: the kernel reboots at
# once, which ends QEMU.
VM_CMDLINE="console=ttyS0 panic=-1 mitigations=off no_timer_check mem=$VM_RAM"

# The processors: two, each a thread of this machine; or, to count instructions (VM_COUNT=1), one whose clock advances by a
# nanosecond with each instruction, whatever load this machine has.
vm_processors() {
    if [[ ${VM_COUNT:-} ]]; then
        printf '%s\n' -accel tcg,thread=single -smp 1 -icount shift=0
    else
        printf '%s\n' -accel tcg,thread=multi -smp 2
    fi
}

# Messages that must not be in the kernel's log.
VM_TROUBLE='BUG:|WARNING:|Oops|general protection|KASAN|UBSAN|blocked for more than|soft lockup|Kernel panic|Call Trace'

# Print the lines of a kernel log that report trouble, except those that match a line of known-trouble (an extended regular
# expression, with the reason above it).
vm_trouble() { grep -aE "$VM_TROUBLE" "$1" | grep -avE -f <(grep -vE '^(#|$)' "$TOP/tests/vm/known-trouble"); }

# Run a command in a VM; return its exit code, or 1 with a message if the VM hung or its kernel log reports trouble.
# usage: vm_run RESULTS-DIR KERNEL-ENTRY INITRD
# RESULTS-DIR holds "command" and "environment"; see guest-init.
vm_run() {
    local results=$1 kernel=$2 initrd=$3 console=$1/console.log kver rc=0 stdio=stdio,id=stdio,signal=on code qemu
    kver=$(kernel_version "$kernel")
    mapfile -t qemu < <(qemu_command)
    ((${#qemu[@]})) || return 1
    [[ ${LAB_INTERACTIVE:-} ]] && stdio=stdio,id=stdio,signal=off
    # shellcheck disable=SC2046 # words
    timeout --foreground "$VM_TIMEOUT" "${qemu[@]}" -M q35 $(vm_processors) -cpu max -m "$VM_MEMORY" \
        -nodefaults -no-user-config -display none -no-reboot -kernel "$kernel/boot/vmlinuz-$kver" -initrd "$initrd" \
        -append "$VM_CMDLINE lab.init=$TOP/tests/vm/guest-init" \
        -serial "file:$console" -chardev "$stdio" -serial chardev:stdio \
        -virtfs local,path=/,mount_tag=host0,security_model=none,multidevs=remap,readonly=on \
        -virtfs "local,path=$results,mount_tag=results,security_model=none" || rc=$?
    if ((rc == 124)); then
        say "the VM did not end within $VM_TIMEOUT s (VM_TIMEOUT); its console ends with:"
        tail -n 20 "$console" >&2
        return 1
    fi
    if [[ ! -s $results/exit-code ]]; then
        say "the VM ended (QEMU: $rc) without an exit code of the command; its console ends with:"
        tail -n 40 "$console" >&2
        return 1
    fi
    read -r code <"$results/exit-code"
    if [[ -n $(vm_trouble "$console") ]]; then
        say "the VM's kernel log reports trouble ($console):"
        vm_trouble "$console" >&2
        ((code)) || code=1
    fi
    return "$code"
}
