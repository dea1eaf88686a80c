# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Broker and worker wait for each other in both directions. With one thread of each kind, all of them always busy, they must
# not deadlock.

for threads in 1 2 64; do
    is "$(timeout 100 nvcuse run --threads "$threads" -- "$BUILD/tests/hostile/busy" 8 30 2>&1)" "done" \
        "eight guest threads, and $threads of each sort in the server"
done
leaves_nothing "nothing is left of it"
is "$(cat /sys/module/nvidia/refcnt)" "$IDLE_NVIDIA" "the driver has no open file"
is "$(cat /sys/module/nvidia_uvm/refcnt)" "$IDLE_UVM" "nvidia-uvm has no open file"
