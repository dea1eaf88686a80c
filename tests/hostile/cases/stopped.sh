# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Callers that are stopped during calls.
timeout 100 "${RUN[@]}" --threads 2 -- "$HOSTILE/swarm" stopped 24 >"$WORK/out" 2>&1
is "$(cat "$WORK/out")" "with 24 stopped: NV_OK" "they hold up nobody, with two threads to serve"

# A process with an open device, and so with an agent, can be frozen: the agent does not wait where nothing can stop it.
GROUP=/sys/fs/cgroup/stopped
mkdir -p "$GROUP"
"${RUN[@]}" -- python3 -c 'import os, time; os.open("/dev/nvidiactl", os.O_RDWR); print("open", flush=True); time.sleep(60)' >"$WORK/idle" 2>&1 &
idle=$!
holds "a device is open" eventually 20 grep -qx open "$WORK/idle"
guest=$(pgrep -f '^python3 -c import os, time; os.open')
is "$(find "/proc/$guest/task" -mindepth 1 -maxdepth 1 | wc -l)" 2 "its process has an agent"
echo "$guest" >"$GROUP/cgroup.procs"
echo 1 >"$GROUP/cgroup.freeze"
holds "it can be frozen" eventually 5 grep -qx 'frozen 1' "$GROUP/cgroup.events"
echo 0 >"$GROUP/cgroup.freeze"
holds "and thawed" eventually 5 grep -qx 'frozen 0' "$GROUP/cgroup.events"
kill "$guest"
wait "$idle"
holds "its group can be removed" eventually 5 rmdir "$GROUP"
