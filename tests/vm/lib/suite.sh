# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For suites of their own (tests/NAME/run): run a script in the VM, for one or several combinations.

for part in common packages apt qemu kernel driver model runtimes vm session; do
    # shellcheck source=/dev/null
    . "$(dirname "${BASH_SOURCE[0]}")/$part.sh"
done

# Run a command in the VM, with the model driver, for each combination: "KERNEL VERSION [TRANSPORT [WORD...]]", the kernel's
# series, the driver's version, nvcuse's transport if not the default ("cuse-retry": cuse with --guest-memory=retry), and
# words. The command gets a label for its tests and the words.
# usage: model_matrix SUITE SECONDS COMMAND... -- COMBINATION...
model_matrix() {
    local suite=$1 seconds=$2 command=() combination kernel version transport memory words label results rc=0
    shift 2
    while [[ $1 != -- ]]; do command+=("$1") && shift; done
    shift
    for combination; do
        read -r kernel version transport words <<<"$combination"
        label="$suite $kernel/$version${transport:+/$transport}"
        memory='' && [[ $transport != cuse-retry ]] || transport=cuse memory=retry
        results=$(mktemp -d -t nvcuse-vm.XXXXXX)
        say "$label: results and console: $results"
        # shellcheck disable=SC2086 # words
        VM_TIMEOUT=$seconds LAB_TRANSPORT=$transport LAB_GUEST_MEMORY=$memory session_run "$kernel" "model:$version" "$results" \
            "${command[@]}" "$label" $words || {
            echo "not ok - $label: the VM's run did not end well; see above"
            rc=1
        }
    done
    return "$rc"
}
