# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A fallen worker asks for the memory of processes while they share the memory of a program with more rights than the file's
# opener, or become such a program: lender.c. The programs that they execute have the opener's rights, and are served.
programs=/mnt
with_rights "$programs" "$HOSTILE/lender" "$CAP_NET_ADMIN"
cp "$HOSTILE/robbed" "$programs/robbed"
CHILDREN=20
address=0x$(nm "$programs/plain" | awk '$3 == "secret" { print $1 }')

# Let a program that has the opener's file share its memory.
# usage: lends RIGHTS SCENE N [OWNED]
lends() {
    local rights=$1 scene=$2
    shift 2
    FALLEN_SPY=3000 FALLEN_ADDRESS=$address timeout 60 "$HOSTILE/fallen-doors" run "--transport=$TRANSPORT" --driver-policy=known \
        --guest-memory=direct -- "${AS_USER[@]}" "$programs/robbed" open exec "$programs/$rights" "$scene" "$programs/plain" "$@" \
        >"$WORK/$rights-$scene" 2>&1
    echo "# $CASE: $rights $scene: a descriptor was had $(grep -c "has '" "$WORK/$rights-$scene") times"
}

# The worker got memory, but only of programs that may be served.
# usage: is_kept NAME
is_kept() {
    is "$(grep -c 'has .the secret' "$WORK/$1")" 0 "$1: nobody read the program's memory"
    is "$(grep -c '^OVERWRITTEN' "$WORK/$1")" 0 "$1: nor wrote it"
    holds "$1: the memory of what is executed is served" grep -qE "^(spied|asked in a call): has '(of no worth|OVERWRITTEN)'" "$WORK/$1"
}

# The owner of the memory, and how it is shared.
for words in "owned starts" "owned calls" "owned shares" "capable calls" "plain shares"; do
    read -r rights scene <<<"$words"
    lends "$rights" "$scene" "$CHILDREN"
    before=''
    [[ $scene == starts ]] || before=$'\nbefore, none of them was'
    is "$(sed -n "s/^$scene: //p; /^the secret/p" "$WORK/$rights-$scene")" \
        "$CHILDREN of $CHILDREN children were served$before"$'\nthe secret of the program' \
        "$rights $scene: each is served when it has executed, none before"
    is_kept "$rights-$scene"
done
lends plain becomes "$CHILDREN" "$programs/owned"
is "$(sed -n 's/^becomes: //p' "$WORK/plain-becomes")" "$CHILDREN of $CHILDREN came to the end, and had kept their secret" \
    "a process that is another in between keeps that one's secret"
is_kept plain-becomes
