# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The owner of a file of nvidia-uvm: each call must have the same result through nvcuse as with NVIDIA's own driver natively.
# With --uvm-sharing=multi-process, a program that asks for a file of its own gets what a program that asks for a shared one
# gets natively. Without a GPU that reaches ordinary memory, as here, the driver makes little difference; tests/agent tests
# the rest.

uvm_space=$BUILD/tests/guest/uvm-space

# usage: play NAME COMMAND... : its output, and how it ended
play() {
    local file=$WORK/$1
    shift
    timeout 60 "$@" >"$file" 2>"$file.stderr" </dev/null
    echo "exit $?" >>"$file"
}

play tied.native "$uvm_space"
play shared.native "$uvm_space" shared
play tied.nvcuse nvcuse run -- "$uvm_space"
play shared.nvcuse nvcuse run -- "$uvm_space" shared
play chosen.nvcuse nvcuse run --uvm-sharing multi-process -- "$uvm_space"

holds "natively it gets to its end" grep -qx 'exit 0' "$WORK/tied.native"
same_file "$WORK/tied.nvcuse" "$WORK/tied.native" "a file of one address space: the same as natively"
same_file "$WORK/shared.nvcuse" "$WORK/shared.native" "a file that the program shares: the same as natively"
same_file "$WORK/chosen.nvcuse" "$WORK/shared.native" "a file that the operator shares: as one that the program shares natively"
leaves_nothing "nothing is left of it"
is "$(cat /sys/module/nvidia_uvm/refcnt)" "$IDLE_UVM" "nvidia-uvm has no open file"
