# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For suites of their own (tests/NAME/run): everything it takes to run a script in the VM, and that for several combinations.

for part in common packages apt kernel driver model vm session; do
    # shellcheck source=/dev/null
    . "$(dirname "${BASH_SOURCE[0]}")/$part.sh"
done

# Run a script in the VM, in front of the model driver, for each combination; its last argument is a label for its tests.
# A combination is "KERNEL VERSION [TRANSPORT]": the kernel's series, the driver's version and nvcuse's transport, if not the
# default. usage: model_matrix SUITE SECONDS SCRIPT COMBINATION...
model_matrix() {
    local suite=$1 seconds=$2 script=$3 combination kernel version transport label results rc=0
    shift 3
    for combination; do
        read -r kernel version transport <<<"$combination"
        label="$suite ${combination// //}"
        results=$(mktemp -d -t nvcuse-vm.XXXXXX)
        say "$label: results and console: $results"
        VM_TIMEOUT=$seconds LAB_TRANSPORT=$transport session_run "$kernel" "model:$version" "$results" "$script" "$label" || {
            echo "not ok - $label: the VM's run did not end well; see above"
            rc=1
        }
    done
    return "$rc"
}
