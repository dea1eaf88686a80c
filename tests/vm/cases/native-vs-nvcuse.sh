# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# NVIDIA's programs must not notice nvcuse: the same output, the same exit status, and the same calls with the same results.

# Calls that nvcuse refuses although the driver answers them, because its table does not have them. They must be refused, and
# the programs must tolerate it.
#   0xd1 NV_ESC_STATUS_CODE: asks for the state of a GPU that does not initialise
expect_refused() { sed -E '/^ioctl [0-9]+ nvidiactl .* 0xd1, 0xc\) = 0$/s/= 0$/= -1 EINVAL/' "$1"; }

for program in "${PROGRAMS[@]}"; do
    dir=$WORK/$program
    mkdir -p "$dir"
    run_native "$dir" "$program"
    run_nvcuse "$dir" "$program"
    same_file "$dir/nvcuse.output" "$dir/native.output" "$program: output"
    same_file "$dir/nvcuse.exit" "$dir/native.exit" "$program: exit status"

    trace_native "$dir" "$program"
    trace_nvcuse "$dir" "$program"
    expect_refused "$dir/native.calls" >"$dir/expected.calls"
    # The comparison would also succeed for two empty files.
    holds "$program: the native trace has ioctls" grep -q '^ioctl .* nvidiactl' "$dir/native.calls"
    same_file "$dir/nvcuse.calls" "$dir/expected.calls" "$program: sequence of calls"
done
