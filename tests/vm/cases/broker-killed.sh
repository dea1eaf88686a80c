# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SIGKILL for the broker, which then cannot clean up: all parts of the instance must end by themselves.

start_client victim
kill -KILL "$INSTANCE_PID"
wait "$INSTANCE_PID" 2>/dev/null
no_client() { ! pgrep -f "^python3 $CLIENT"; }
holds "the devices vanish" eventually 20 test ! -e /dev/nvcuse/victim/nvidiactl
holds "the guest ends" eventually 20 no_client
no_process() { [[ -z $(nvcuse_processes) ]]; }
holds "no process of nvcuse is left" eventually 20 no_process
is "$(ls /sys/class/cuse)" "" "no CUSE device is left"
is "$(nvcuse_mounts)" "" "no mount is left"

nvcuse run --name victim -- nvidia-smi >"$WORK/again.output" 2>&1 </dev/null
is $? 6 "the name can be used again at once"
leaves_nothing "nothing is left of that"
