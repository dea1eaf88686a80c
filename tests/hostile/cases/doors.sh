# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A fallen worker tries to get the memory of programs that call on a guest's file: fallen-doors.c, robbed.c.
programs=/mnt
with_rights "$programs" "$HOSTILE/robbed" "$CAP_NET_ADMIN"
address=0x$(nm "$programs/plain" | awk '$3 == "secret" { print $1 }')
TCGETS=0x5401

# usage: robbed CALL... : by a user's program; see robbed.c. OPTIONS are nvcuse's, AS who the user is
OPTIONS=() AS=("${AS_USER[@]}")
robbed() {
    echo "== $*"
    FALLEN_COMMAND=$TCGETS FALLEN_ADDRESS=$address timeout 20 "$HOSTILE/fallen-doors" run "--transport=$TRANSPORT" \
        --driver-policy=known "${OPTIONS[@]}" -- "${AS[@]}" "$programs/plain" "$@" 2>&1 |
        sed -E '/^nvcuse/d; s/^(came along|asked in a call):/given:/'
}

# A call that is not the driver's, by a program with any rights.
robbed open isatty >"$WORK/terminal"
robbed open exec "$programs/owned" isatty >>"$WORK/terminal"
cat >"$WORK/terminal.wanted" <<END_
== open isatty
open: 0
asked: no memory: EINVAL
isatty: EIO
the secret of the program
== open exec $programs/owned isatty
open: 0
asked: no memory: EINVAL
isatty: EIO
the secret of the program
END_
same_file "$WORK/terminal" "$WORK/terminal.wanted" "nobody's memory is had in a call that is not the driver's, and no kernel brings it"

# The driver's calls, by programs with rights that the opener did not have, or that their user may not look at.
{
    robbed open exec "$programs/owned" control
    robbed open exec "$programs/capable" control
    robbed open exec "$programs/owned" drop control
    robbed open exec "$programs/plain" hide control
    robbed open fork hide control
} >"$WORK/better"
is "$(grep -c '^control: EPERM$' "$WORK/better")" 5 "the call of a program that is better off than the opener is refused"
is "$(grep -c '^the secret of the program$' "$WORK/better")" 5 "and its memory is its own"
is "$(grep -c '^given' "$WORK/better")" 0 "no descriptor of it was given to the worker"

# Files that the program, or another with the same rights, has opened: here the worker needs the caller's memory, and a fallen
# worker gets it.
{
    robbed open control
    robbed open hide control
    robbed open exec "$programs/plain" control
    robbed open fork control
    robbed open exec "$programs/owned" open control
    AS=() && robbed open exec setpriv --reuid=12345 --regid=12345 --clear-groups "$programs/plain" control
} >"$WORK/served"
is "$(grep -c "^given: has 'the secret of the program'\$" "$WORK/served")" 6 "the memory of the opener and of its like is served"
is "$(grep -c '^control: EPERM$' "$WORK/served")" 0 "and their calls are not refused"

# Calls that need no memory but their own struct, which the kernel copies: the worker does not ask for more.
robbed open version >"$WORK/version"
is "$(grep -c '^given' "$WORK/version")/$(grep -c '^version: 0$' "$WORK/version")" 0/1 "a call with its own struct alone needs no descriptor"

if [[ $TRANSPORT == cuse ]]; then
    # The worker gives something up by asking for this: the attack above is one example.
    OPTIONS=(--guest-memory=retry)
    robbed open exec "$programs/owned" isatty >"$WORK/retry"
    is "$(grep -c "^the kernel: has 'the secret of the program'\$" "$WORK/retry")" 1 "with --guest-memory=retry the kernel brings it"
else
    # Files that the worker wants the broker to confuse. The second gets EIO, or no answer, because the worker is confused as
    # well.
    FALLEN_IDS=1 robbed open open >"$WORK/ids"
    is "$(grep -c '^open: 0$' "$WORK/ids")" 1 "no file gets the number of another"
fi
