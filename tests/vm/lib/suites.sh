# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# "./dev test": run suites that write TAP, and print one line with the totals.
#
# A suite is a function suite_NAME here, or an executable tests/NAME/run. It writes TAP lines ("ok ...", "not ok ...", "ok ...
# # SKIP reason"), and its exit status tells whether it ran to its end. A suite that cannot run at all writes "ok - NAME #
# SKIP suite: reason", which fails a run in CI.

SUITES=(lint unit sanitize vm)

# The runs of the VM: kernel series and driver set. The newest kernel is not among them, because NVIDIA's drivers here are
# older and may not build for it; the suites with the model driver run on it.
VM_MATRIX=("6.1 535.261.03" "6.12 535.309.01")
VM_MATRIX_ALL=("6.1 535.309.01")
# The same once more with the transport for kernels without CUSE.
NOTIFY_VM=("6.12" "535.309.01")

# Run a command as one test.
# usage: check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then echo "ok - $name"; else echo "not ok - $name"; fi
}

# usage: sources PATTERN... : the project's own files whose names match
sources() {
    local pattern args=()
    for pattern in "$@"; do args+=(-o -name "$pattern"); done
    find "$TOP" \( -name .git -o -path "$TOP/build*" \) -prune -o -type f \( "${args[@]:1}" \) -print0
}

lint_format() { sources '*.c' '*.h' | xargs -0r clang-format --dry-run -Werror; }

# In CI, which has little time, the tests' own sources are left to developers' runs.
tidy_sources() {
    sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$BUILD/compile_commands.json" | sort -u | (cd "$BUILD" && xargs -r realpath) |
        if [[ ${CI:-} == true && -z ${TEST_ALL:-} ]]; then grep -v "^$TOP/tests/"; else cat; fi
}

lint_tidy() {
    # Meson does not build the kernel modules under tests/host; clang does not have all of gcc's warning options.
    tidy_sources |
        xargs -r -P "$(nproc)" -n 4 clang-tidy --quiet -p "$BUILD" --warnings-as-errors='*' \
            --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2)
}

# Print the rows of the table of rooms in docs/ARCHITECTURE.md: a room, and from the last column the rooms that it may use.
rooms_allowed() {
    awk -F' *[|] *' '/^[|] room [|]/ { on = 1; next } on && !/^[|]/ { exit } on && $2 !~ /^-/ { print $2, $5 }' docs/ARCHITECTURE.md |
        tr -d ,
}

# Print "ROOM FILE USED" for each include of another room's header.
rooms_used() {
    grep -rHoE '^#include "cuse-server/[a-z]+/' cuse-server --include='*.[ch]' |
        sed -E 's|^(cuse-server/([a-z]+)/[^:]*):#include "cuse-server/([a-z]+)/|\2 \1 \3|' | awk '$1 != $3'
}

# A room may use only the rooms that the table lists for it, and the table has no circle (tsort fails for one).
lint_rooms() {
    local room file used wrong=0
    local -A may=()
    while read -r room used; do may[$room]=" $used "; done < <(rooms_allowed)
    for room in cuse-server/*/; do
        [[ ${may[$(basename "$room")]:-} ]] || { echo "$room: expected a row in docs/ARCHITECTURE.md's table of rooms" >&2 && wrong=1; }
    done
    while read -r room file used; do
        [[ ${may[$room]} == *" $used "* ]] || { echo "$file: $room/ may not use $used/ (docs/ARCHITECTURE.md)" >&2 && wrong=1; }
    done < <(rooms_used)
    for room in "${!may[@]}"; do for used in ${may[$room]}; do echo "$used $room"; done; done | grep -v '^- ' | tsort >/dev/null || wrong=1
    return "$wrong"
}

# Only the pipeline, GPU scoping and time shares make calls at the host in a guest's call, and effects have no access to the
# functions that do (cuse-server/proxy/call/call.h). Time shares switch channels that no call of a guest names.
lint_effects() {
    local proxy=cuse-server/proxy asks
    asks=$(grep -lE 'ops->(ioctl|ioctl_in_guest|install)\b' $proxy/*.c $proxy/*/*.c | xargs -n1 basename | paste -sd' ')
    [[ $asks == 'call-ask.c gpu-scope.c share-host.c' ]] ||
        { echo "calls at the host: made in $asks; expected only in call-ask.c, gpu-scope.c and share-host.c" >&2 && return 1; }
    ! grep -lE '^(static )?const Effect (effect_)?[a-z0-9_]+ = ' $proxy/effects/*.c | grep -v "^$proxy/effects/effects.c\$" |
        xargs grep -nE '#include "cuse-server/proxy/(call/(call-work|request|pipeline)|proxy|host)\.h"|->ops->|->work->'
}

# Shell scripts are recognised by their first lines. Excluded are SC2034, because scripts use variables of the libraries that
# they source, and SC2016, because scripts contain scripts.
lint_shell() {
    sources '*' | xargs -0 grep -lIE -m1 '^#!/bin/(ba|busybox )?sh|^# shellcheck shell=' |
        xargs -r shellcheck -x -P SCRIPTDIR -e SC2034,SC2016
}

suite_lint() {
    packages_need build lint
    build_tree "$BUILD" || return
    check "clang-format" lint_format
    check "clang-tidy" lint_tidy
    check "effects have no Host" lint_effects
    check "rooms use what they may use" lint_rooms
    check "shellcheck" lint_shell
}

# Run a build's tests and write a TAP line for each test of Criterion, or for the program if it does not use Criterion.
# usage: meson_tests DIR NAME
meson_tests() {
    local logs=$1/meson-logs rc=0
    rm -f "$logs/testlog.txt"
    CRITERION_ENABLE_TAP=1 meson test -C "$1" --no-rebuild >"$logs/console.txt" 2>&1 || rc=$?
    # Without that log no test ran, and awk fails.
    awk -v suite="$2" -f "$TOP/tests/vm/meson-tap.awk" "$logs/testlog.txt" && return "$rc"
    tail -n 40 "$logs/console.txt" >&2
    return 1
}

suite_unit() {
    packages_need build
    build_tree "$BUILD" && meson_tests "$BUILD" unit
}

# The unit tests and, in the VM, the cases in which guests cheat, race and die, with AddressSanitizer and UBSan. A finding
# ends its process, which fails the case.
SANITIZE_VM=("6.12" "535.309.01")
SANITIZE_CASES=(bad-input broker-killed busy guest-killed lockup open-semantics serve side-by-side worker-killed)

suite_sanitize() {
    local BUILD=$BUILD-asan
    packages_need build lab
    build_tree "$BUILD" -Db_sanitize=address,undefined || return
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 meson_tests "$BUILD" sanitize
    vm_cases sanitize "${SANITIZE_VM[@]}" env UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 CASE_TIMEOUT=400 \
        "$TOP/tests/vm/run-cases" LABEL "${SANITIZE_CASES[@]}"
}

# Run a command in the VM, with LABEL among its words replaced by the name of the run, and pass on its TAP.
# usage: vm_cases SUITE KERNEL DRIVER COMMAND...
vm_cases() {
    local label="$1 $2/$3" kernel=$2 driver=$3 results
    shift 3
    if ! driver_get "$driver" >/dev/null; then
        echo "ok - $label # SKIP suite: NVIDIA's packages cannot be had"
        return
    fi
    results=$(mktemp -d -t nvcuse-vm.XXXXXX)
    say "$label: results and console: $results"
    VM_TIMEOUT=900 session_run "$kernel" "$driver" "$results" "${@/#LABEL/$label}" ||
        echo "not ok - $label: the VM's run did not end well; see above"
}

suite_vm() {
    local combination matrix=("${VM_MATRIX[@]}")
    [[ -z ${TEST_ALL:-} ]] || matrix+=("${VM_MATRIX_ALL[@]}")
    packages_need build lab
    build_tree "$BUILD" || return
    for combination in "${matrix[@]}"; do
        # shellcheck disable=SC2086 # a kernel and a driver
        vm_cases vm $combination "$TOP/tests/vm/run-cases" LABEL
    done
    LAB_TRANSPORT=notify vm_cases "vm notify" "${NOTIFY_VM[@]}" "$TOP/tests/vm/run-cases" LABEL
}

suite_run() {
    if [[ $(type -t "suite_$1") == function ]]; then
        "suite_$1"
    else
        packages_need build lab fuzz
        build_tree "$BUILD" && (export TOP BUILD CACHE && "$TOP/tests/$1/run")
    fi
}

# Run suites; succeed if no test failed and, in CI, no suite was skipped. "--all" makes each run all of its tests (TEST_ALL).
# usage: suites_main [--all] [SUITE...]
suites_main() {
    local suite file rc log suite_log passed failed skipped start durations=()
    [[ ${1:-} != --all ]] || { export TEST_ALL=1 && shift; }
    local -a wanted=("$@")
    if ((${#wanted[@]} == 0)); then
        wanted=("${SUITES[@]}")
        for file in "$TOP"/tests/*/run; do
            suite=$(basename "$(dirname "$file")")
            [[ -x $file && $suite != bench ]] && wanted+=("$suite")
        done
    fi
    for suite in "${wanted[@]}"; do
        [[ $(type -t "suite_$suite") == function || -x $TOP/tests/$suite/run ]] ||
            die "unknown suite '$suite': expected one of ${SUITES[*]}, or a directory tests/SUITE with an executable \"run\""
    done
    log=$(mktemp) suite_log=$(mktemp)
    for suite in "${wanted[@]}"; do
        say "== $suite"
        start=$SECONDS
        suite_run "$suite" | tee "$suite_log"
        rc=${PIPESTATUS[0]}
        # A suite that ended early, or that fails without naming a test, counts as a failure.
        ((rc == 0)) || grep -q '^not ok ' "$suite_log" ||
            echo "not ok - $suite: ended with exit status $rc" | tee -a "$suite_log"
        grep -qE '^(not )?ok ' "$suite_log" || echo "not ok - $suite: ran no test" | tee -a "$suite_log"
        cat "$suite_log" >>"$log"
        durations+=("$suite $((SECONDS - start)) s")
    done
    say "durations: ${durations[*]}"
    skipped=$(grep -cE '^ok .*# SKIP' "$log")
    passed=$(($(grep -cE '^ok ' "$log") - skipped))
    failed=$(grep -cE '^not ok ' "$log")
    if ((failed)); then
        echo "failed:"
        grep -E '^not ok ' "$log"
    fi
    rc=$((failed > 0))
    if [[ ${CI:-} == true ]] && grep -qE '^ok .*# SKIP suite:' "$log"; then
        echo "a suite was skipped, which fails a run in CI"
        rc=1
    fi
    rm -f "$log" "$suite_log"
    echo "$passed passed, $failed failed, $skipped skipped"
    return "$rc"
}
