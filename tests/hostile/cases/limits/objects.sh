# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Deep trees, wide trees, duplicates back and forth, and more pending calls than there are threads to serve them: they reach a
# limit that is reported, in bounded memory, and all objects are freed with the root.
limit=800
memory_of deep --caps all --max-objects "$limit" -- "$HOSTILE/objects" deep 100000
memory_of wide --caps all --max-objects "$limit" -- "$HOSTILE/objects" wide 100000
memory_of duplicates --max-objects "$limit" -- "$HOSTILE/objects" duplicates 100000
# The client and its tree count as five objects, and the memory for the others as one.
for shape in deep wide; do
    is "$(cat "$WORK/$shape")" "$(printf '%d, then NV_ERR_INSUFFICIENT_RESOURCES\nfreed: NV_OK\n' "$((limit - 5))" "$((limit - 5))")" \
        "$shape: up to the limit, and the same again when they are freed"
done
is "$(cat "$WORK/duplicates")" "$(printf '%d, then NV_ERR_INSUFFICIENT_RESOURCES\nfirst freed: NV_OK\nthe other'\''s: NV_OK\n' "$((limit - 9))")" \
    "duplicates: up to the limit, and those of another client stay when the first is freed"
memory_of pending --threads 8 -- "$HOSTILE/objects" pending 200 100
is "$(cat "$WORK/pending")" "200 waited, 200 well" "pending: more calls than threads"
memory_of abandoned --threads 8 -- "$HOSTILE/objects" abandoned 200
is "$(cat "$WORK/abandoned")" "afterwards: NV_OK" "abandoned: whoever is killed with them holds up nobody"
