# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The same container under the runtime itself and under nvcuse-runtime: it must see and be able to do the same, except what
# tests/hostile/tightness/intended lists.

TIGHTNESS=$HERE/../hostile/tightness

# The host's namespaces, as arguments of the reporter.
host_namespaces() {
    local file
    for file in /proc/self/ns/*; do echo "$(basename "$file")=$(readlink "$file")"; done
}

# Report as a container's first process. usage: report_first RUNTIME OUTPUT OPTION...
report_first() {
    local runtime=$1 output=$2
    shift 2
    # shellcheck disable=SC2046,SC2086 # words
    bundle tight $GPUS "$@" -- tightness $(host_namespaces)
    timeout 200 "$runtime" run --bundle "$BOX/tight" tight >"$BOX/report" 2>&1 </dev/null
    mv "$BOX/report" "$output"
}

# Report as a process that comes later. usage: report_later RUNTIME OUTPUT OPTION...
report_later() {
    local runtime=$1 output=$2
    shift 2
    # shellcheck disable=SC2086 # a word
    bundle tight $GPUS "$@" -- sleep 1000
    timeout 60 "$runtime" create --bundle "$BOX/tight" tight >"$BOX/first" 2>&1 </dev/null
    "$runtime" start tight
    # shellcheck disable=SC2046 # words
    timeout 200 "$runtime" exec tight tightness $(host_namespaces) >"$BOX/report" 2>&1 </dev/null
    mv "$BOX/report" "$output"
    "$runtime" delete --force tight
}

# Print the differences, "-" before lines that only the stock runtime's container has.
# usage: differences STOCK OTHER
differences() { diff --unchanged-line-format= --old-line-format='-%L' --new-line-format='+%L' "$1" "$2"; }

# Print the list's expressions, without its comments.
intended() { grep -vE '^(#|$)' "$TIGHTNESS/intended"; }

# usage: same_but_for_intended STOCK OTHER NAME
same_but_for_intended() {
    local rest
    is "$(tail -n 1 "$1") $(tail -n 1 "$2")" "that is all that is all" "$3: both reports came to their end"
    differences "$1" "$2" >"$2.differs"
    cat "$2.differs" >>"$BOX/all-differences"
    rest=$(grep -vE -f <(intended) "$2.differs")
    if [[ -z $rest ]]; then ok "$3: no difference but the intended"; else not_ok "$3: no difference but the intended" "$rest"; fi
}

# Compare the reports of one way to run a program, first or later.
# usage: compare_way WAY NAME OPTION...
compare_way() {
    local way=$1 name=$2
    shift 2
    # shellcheck disable=SC2153 # RUNTIME is the suite's
    "report_$way" "$RUNTIME" "$BOX/stock" "$@"
    "report_$way" nvcuse-runtime "$BOX/nvcuse" "$@"
    cp "$BOX/stock" "$LAB_RESULTS/stock-${name//[ ,]/-}"
    cp "$BOX/nvcuse" "$LAB_RESULTS/nvcuse-${name//[ ,]/-}"
    same_but_for_intended "$BOX/stock" "$BOX/nvcuse" "$name"
}

# Each expression of the list must be needed with CUSE, or somebody has forgotten to remove it.
nothing_idle_in_list() {
    local expression idle=()
    while read -r expression; do
        grep -qE -e "$expression" "$BOX/all-differences" || idle+=("$expression")
    done < <(intended)
    is "${idle[*]}" "" "each line of the list of intended differences is needed"
}

part_tightness() {
    configure "driver-policy = known" "path = $RUNTIME"
    export NVCUSE_RUNTIME=$RUNTIME
    : >"$BOX/all-differences"
    compare_way first "no profile"
    compare_way first "as engines make it" engine seccomp=strict
    [[ ${LAB_TRANSPORT:-cuse} != cuse ]] || nothing_idle_in_list
    # The reports distinguish containers: the same container twice has the same report, one with a capability more does not.
    report_first "$RUNTIME" "$BOX/again" engine seccomp=strict
    is "$(differences "$BOX/stock" "$BOX/again")" "" "the same container reports the same"
    report_first "$RUNTIME" "$BOX/wider" engine seccomp=strict capability=CAP_SYS_PTRACE
    holds "a capability too many is seen" grep -q '^+status: Cap' <(differences "$BOX/stock" "$BOX/wider" | grep -vE -f <(intended))
    configure
    leaves_nothing "nothing is left of them"
}

part_tightness_later() {
    configure "driver-policy = known" "path = $RUNTIME"
    export NVCUSE_RUNTIME=$RUNTIME
    compare_way later "a later process" engine seccomp=strict
    compare_way first "no new privileges" engine seccomp=strict nnp
    configure
    leaves_nothing "nothing is left of them"
}
