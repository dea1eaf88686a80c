# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest that tries to run for longer than it may: with long time slices, with many groups of channels, and by switching on what
# nvcuse has switched off. The model driver knows itself which channels the GPU would run, for how long, and with which slices.
mkfifo "$WORK/go"
"${RUN[@]}" --name time --gpu-share 400 --caps compute,utility,profiling -- "$HOSTILE/time-thief" <"$WORK/go" >"$WORK/thief" 2>&1 &
thief=$!
exec {go}>"$WORK/go"
told=0
holds "the guest starts" eventually 30 test -S /run/nvcuse/time/control

# Let the guest do something, and wait until it has. usage: tell COMMAND...
has_done() { (($(grep -cx "done" "$WORK/thief") >= told)); }
begin() { echo "$*" >&"$go" && ((++told)); }
tell() {
    begin "$@"
    eventually 120 has_done || not_ok "the guest does: $*" "$(tail -n 3 "$WORK/thief")"
}

worker() { nvcuse ps --json | python3 -c 'import json, sys; print([i["worker"] for i in json.load(sys.stdin) if i["name"] == "time"][0])'; }
WORKER=$(worker)
# The worker's channels that run, and the time in which one has run since the file was written to.
running() { awk -v p="$WORKER" '$1 == "process" && $2 == p { print $4 }' "$DEBUGFS/channels"; }
ran_us() { awk -v p="$WORKER" '$1 == "process" && $2 == p { print $6 }' "$DEBUGFS/channels"; }
runs() { [[ $(running) == "$1" ]]; }
# Number, sum and longest of its groups' time slices.
slices() { awk -v p="$WORKER" '$1 == "group" && $2 == p { n++; s += $10; if ($10 > m) m = $10 } END { print n + 0, s + 0, m + 0 }' "$DEBUGFS/channels"; }

# Weight: 2,048 us times 4 for all groups together; at least 1,000 us for each. The guest is told what it has asked for.
tell more 4
is "$(slices)" "4 8192 2048" "four groups share the weight's slice"
tell act 300
is "$(slices)" "4 8192 2048" "whatever they ask for"
tell show
is "$(grep '^slices' "$WORK/thief")" "slices 1000000 1000000" "and the guest sees what it has asked for"
tell more 196
is "$(slices)" "200 200000 1000" "each of many groups has the shortest slice"
tell less 199
is "$(slices)" "1 8192 8192" "the last one has all of it"
nvcuse limit time --gpu-share 100 >/dev/null
is "$(slices)" "1 2048 2048" "a new weight holds when the command returns"

# Pause. What runs when the command returns has stopped; nothing runs while the guest tries to switch it on again.
tell more 7
is "$(running)" 16 "all channels run"
nvcuse pause time >/dev/null
is "$(running)" 0 "none runs when the command returns"
echo >"$DEBUGFS/channels"
tell act 600
is "$(running) $(ran_us)" "0 0" "and none has run for a microsecond, whatever the guest does"
tell fresh 20
tell more 4
is "$(running)" 0 "channels made while paused do not run either"
tell less 4
nvcuse resume time >/dev/null
is "$(running)" 16 "all run when the instance is resumed"

# Cap. The machine may be slow, so the range is wide.
nvcuse limit time --gpu-cap 20 >/dev/null
echo >"$DEBUGFS/channels"
began=$(date +%s%N)
tell act 1500
part=$(($(ran_us) * 100000 / ($(date +%s%N) - began)))
holds "with a cap of 20 it runs for 8 to 34 % of the time: $part %" test "$part" -ge 8 -a "$part" -le 34
nvcuse limit time --gpu-cap 100 >/dev/null
holds "without the cap, all run" eventually 5 runs 16

# What the worker has counted: the model driver's samples name it while its channels run. It reads them every five seconds.
gpu_time() { nvcuse ps --json | python3 -c 'import json, sys; print([sum(g["microseconds"] for g in i["gpu_time"]) for i in json.load(sys.stdin) if i["name"] == "time"][0])'; }
counted() { (($(gpu_time) > 0)); }
holds "the time that its channels run is counted" eventually 20 counted

# A paused guest can be killed, and leaves nothing.
nvcuse pause time >/dev/null
began=$(date +%s%N)
pkill -KILL -f "^$HOSTILE/time-thief"
wait "$thief"
holds "the killed guest is gone" test $((($(date +%s%N) - began) / 1000000)) -lt 4000
exec {go}>&-
is "$(running)" 0 "no channel of it runs"
