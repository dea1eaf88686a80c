# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Recordings: the guest sees no difference, every call is in them, and they replay without a difference, both as recorded and
# scrubbed.

nvidia-smi >"$WORK/wanted" 2>&1
wanted_exit=$?
nvcuse run --record "$WORK/recording" --call-log "$WORK/table" -- nvidia-smi >"$WORK/got" 2>&1 </dev/null
is "$?" "$wanted_exit" "nvidia-smi ends as it does natively"
same_file "$WORK/got" "$WORK/wanted" "and says the same"
is "$(stat -c %a "$WORK/recording")" 600 "the recording is its owner's alone"

awk 'NR > 1 && $1 != "#" { print $2 }' "$WORK/table" | sort >"$WORK/table.calls"
nvcuse trace show --json "$WORK/recording" | sed -n 's/.*"call":"\([^"]*\)".*/\1/p' | grep -vxE 'close|-' | sort >"$WORK/recorded.calls"
same_file "$WORK/recorded.calls" "$WORK/table.calls" "the calls are those of the table of calls"
holds "the recording plays the same" nvcuse trace replay "$WORK/recording"
holds "it can be scrubbed" nvcuse trace scrub "$WORK/recording" "$WORK/scrubbed"
holds "and plays the same then" nvcuse trace replay "$WORK/scrubbed"

# A worker that is killed leaves the recording up to that moment.
nvcuse run --name cut --record "$WORK/cut" -- python3 "$CLIENT" >"$WORK/cut.out" 2>&1 </dev/null &
pid=$!
holds "another guest is recorded" eventually 20 grep -qx alive "$WORK/cut.out"
pkill -KILL -P "$pid" -x nvcuse-worker
wait "$pid"
nvcuse trace replay "$WORK/cut" >"$WORK/cut.said" 2>"$WORK/cut.errors"
is "$?" 0 "what was recorded of it plays the same"
holds "and is known to be cut short" grep -q 'without its last record' "$WORK/cut.errors"
leaves_nothing "nothing is left of them"
