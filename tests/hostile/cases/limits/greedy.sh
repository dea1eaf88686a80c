# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Time slices of any length: the driver gets none that is longer than a program needs.
"${RUN[@]}" --caps compute,utility,profiling -- "$BUILD/tests/guest/timeslice" >"$WORK/slices" 2>&1
is "$(grep -c 'get: NV_OK' "$WORK/slices")" 6 "each is set, and read as it was set"
# Eight bytes, the lowest first.
slices() { sed -n 's/.*what=NVA06C_CTRL_CMD_SET_TIMESLICE.* data_in=\([0-9a-f]\{16\}\).*/\1/p' "$DEBUGFS/log"; }
is "$(slices | sort | uniq -c | awk '{ print $1, $2 }')" "$(printf '5 0008000000000000\n1 0100000000000000')" "2048 us reach the driver, or less"
