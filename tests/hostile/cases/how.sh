# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Paths, and structs of openat2(), that change while the broker looks at them, for a user who may write neither the directory
# nor the file that the path sometimes names: the broker makes and changes no file, and gives only files of the instance.
roots=$(mktemp -d)
trap 'rm -r "$roots"' EXIT
echo 'a file of no importance' >"$roots/victim"
chmod 0755 "$roots"
chmod 0644 "$roots/victim"
for opens in usual all; do
    "${RUN[@]}" "--opens=$opens" --call-log "$WORK/trace" -- "${AS_USER[@]}" "$HOSTILE/how" 4 "$roots/place" "$roots/victim" \
        >"$WORK/$opens" 2>&1
    is $? 0 "$opens: the guest came to its end"
    is "$(grep '^opened' "$WORK/$opens" | sort | uniq -c)" "" "$opens: nothing was opened that should not have been"
    holds "$opens: nodes were opened" grep -qE '^nvidiactl +open ' "$WORK/trace"
    is "$(ls "$roots")" victim "$opens: no file was made"
    is "$(stat -c %a "$roots/victim") $(cat "$roots/victim")" "644 a file of no importance" "$opens: none was changed"
    sed 's/^/# /' "$WORK/$opens"
done
