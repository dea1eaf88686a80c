# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Several instances at once do not affect each other.

nvidia-smi >"$WORK/wanted" 2>&1
wanted_exit=$?

for count in 2 10; do
    pids=()
    for ((i = 0; i < count; i++)); do
        nvcuse run -- nvidia-smi >"$WORK/$count-$i.output" 2>&1 </dev/null &
        pids+=($!)
    done
    same=0
    for ((i = 0; i < count; i++)); do
        wait "${pids[i]}"
        [[ $? == "$wanted_exit" ]] && cmp -s "$WORK/wanted" "$WORK/$count-$i.output" && same=$((same + 1))
    done
    is "$same" "$count" "$count at once: each behaves as it does natively"
done
leaves_nothing "nothing is left of them"

start_client one
one=$INSTANCE_PID
start_client two
two=$INSTANCE_PID
kill "$one"
wait "$one"
is_gone() { ! is_served "$1"; }
holds "one's devices go with it" eventually 20 is_gone one
sleep 1
holds "two goes on when one ends" kill -0 "$two"
is "$(cat "$WORK/two.out")" alive "two saw no error"
kill "$two"
wait "$two"

start_instance twice sleep 60
nvcuse run --name twice -- true >"$WORK/second.out" 2>&1
is $? 125 "a name that is taken is refused"
holds "the refusal names it" grep -q twice "$WORK/second.out"
holds "the first owner of the name keeps its devices" is_served twice
kill "$INSTANCE_PID"
wait "$INSTANCE_PID"
leaves_nothing "nothing is left of these"
