# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Opens, mappings and ioctls that the broker receives, whether or not they are for nvcuse, from many threads of many
# processes, which are killed while their calls wait for an answer.
memory_of flood -- "$HOSTILE/flood" 12 8 10
is "$(head -n 5 "$WORK/flood")" "enough of everything" "every call had the answer that it has natively"
sed 's/^/# /' "$WORK/flood.errors"
