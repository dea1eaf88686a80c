# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# nvcuse run is transparent: exit statuses, signals and standard streams pass through it; and the command line.

touch "$WORK/not-executable"

# wanted exit status, then the arguments of nvcuse
while read -r wanted arguments; do
    # shellcheck disable=SC2086 # a list of words
    eval nvcuse $arguments >/dev/null 2>&1 </dev/null
    is $? "$wanted" "nvcuse $arguments"
done <<'END'
0 run -- true
0 run true
3 run -- sh -c 'exit 3'
143 run -- sh -c 'kill -TERM $$'
130 run -- sh -c 'kill -INT $$'
137 run -- sh -c 'kill -KILL $$'
127 run -- /no/such/command
127 run -- no-such-command
126 run -- "$WORK/not-executable"
2 run --no-such-option
2 run
0 run --help
0 --help
0 --version
2 no-such-sub-command
END

for signal in TERM INT HUP; do
    timeout --foreground --preserve-status -s "$signal" 6 nvcuse run -- sleep 60
    is $? $((128 + $(kill -l "$signal"))) "SIG$signal to nvcuse run reaches the command"
done

holds "--version says so" eval "nvcuse --version | grep -qE '^nvcuse [0-9]+\.[0-9]+'"
holds "run --help names --name and --gpus" eval "nvcuse run --help | grep -q -- --name && nvcuse run --help | grep -q -- --gpus"
is "$(echo through | nvcuse run -- cat)" through "standard input and output pass"
is "$(nvcuse run -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out "standard error is another stream"
is "$(nvcuse run -- pwd)" "$PWD" "the working directory is the caller's"
is "$(MARK=here nvcuse run -- sh -c 'echo $MARK')" here "the environment is the caller's"
leaves_nothing "nothing is left of these runs"
