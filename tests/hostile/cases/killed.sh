# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Guests that are killed at random moments, during any act.
echo "# SEED=$SEED"
"${RUN[@]}" -- "$HOSTILE/victims" "$SEED" "$ROUNDS" >"$WORK/out" 2>&1
is "$(tail -n 1 "$WORK/out")" "$ROUNDS were killed" "so many rounds"
is "$(grep -cE '^[a-z ]+: [1-9][0-9]* killed$' "$WORK/out")" "$(($(wc -l <"$WORK/out") - 1))" "all sorts of them, and none had an error before"
sed 's/^/# /' "$WORK/out"
