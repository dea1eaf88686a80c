# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Counts at every boundary, and descriptors of every wrong kind: within the bounds the results are as natively, and no other
# call reaches the driver.
"$HOSTILE/bounds" counts >"$WORK/counts.native" 2>&1
echo >"$DEBUGFS/log"
"${RUN[@]}" --caps all,profiling -- "$HOSTILE/bounds" counts >"$WORK/counts" 2>&1
cat "$DEBUGFS/log" >"$WORK/counts.log"
"${RUN[@]}" -- "$HOSTILE/bounds" files >"$WORK/files" 2>&1
cat "$DEBUGFS/log" >"$WORK/files.log"
same_file <(grep '^within' "$WORK/counts") <(grep '^within' "$WORK/counts.native") "counts within the bounds are as natively"
is "$(grep '^beyond' "$WORK/counts" | grep -vE ': (NV_ERR_INVALID_ARGUMENT|EINVAL)$' | head -n 3)" "" "those beyond them are refused"
is "$(grep -vE ': (NV_ERR_INVALID_ARGUMENT|EINVAL)$' "$WORK/files" | head -n 3)" "" "descriptors of a wrong kind are refused"
is "$(grep -oE ' fd=other| fd=-' "$WORK/files.log" | sort | uniq -c | head -n 3)" "" "and none of them arrives"
