# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest that is killed during a call leaves nothing behind, in nvcuse or in NVIDIA's driver.

start_client victim
pkill -KILL -f "^python3 $CLIENT"
wait "$INSTANCE_PID"
is $? 137 "nvcuse run ends with the guest's signal"
leaves_nothing "nothing is left of it"

# A moment in nvidia-smi's start, its calls, or its end.
for delay in 0.5 1.0 1.5 2.0 2.5 3.0; do
    nvcuse run -- nvidia-smi >/dev/null 2>&1 </dev/null &
    instance=$!
    sleep "$delay"
    pkill -KILL -x nvidia-smi
    wait "$instance" 2>/dev/null
done
leaves_nothing "nothing is left of nvidia-smi, killed at six moments"
driver_is_idle() { [[ $(cat /sys/module/nvidia_uvm/refcnt) == "$IDLE_UVM" && $(cat /sys/module/nvidia/refcnt) == "$IDLE_NVIDIA" ]]; }
holds "the driver has no open file" eventually 10 driver_is_idle
is "$(nvidia-smi 2>&1)" "No devices were found" "the driver still works"
