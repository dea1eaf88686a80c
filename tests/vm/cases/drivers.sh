# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The driver itself reports the host's version, which selects the tables.

is "$(nvcuse drivers host)" "$LAB_DRIVER qualified" "the driver is asked for its version"
mv /dev/nvidiactl /dev/nvidiactl-hidden
is "$(nvcuse drivers host)" "$LAB_DRIVER qualified" "also where /dev has no node for it"
mv /dev/nvidiactl-hidden /dev/nvidiactl

nvcuse run --driver 580.95.05 -- true >"$WORK/unqualified" 2>&1
is $? 125 "an unqualified driver is refused"
holds "with the version, and the policy that would help" grep -q '580.95.05.*--driver-policy=known' "$WORK/unqualified"
nvcuse run --driver 580.95.05 --driver-policy known -- true >"$WORK/known" 2>&1
is $? 0 "and taken where known ones are"
holds "with a warning" grep -q 'warning.*580.95.05' "$WORK/known"
nvcuse run --driver 535.300.00 -- true >"$WORK/unknown" 2>&1
is $? 125 "an unknown driver is refused"
nvcuse run --driver 535.300.00 --driver-policy series -- true >"$WORK/series" 2>&1
is $? 0 "and treated as the nearest older one of its series where that is allowed"
holds "which is named" grep -q '535.288.01' "$WORK/series"
leaves_nothing "nothing is left of these runs"
