# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest that tries to keep more memory than its quota: it allocates, duplicates, exports, imports, maps, frees and closes at
# random, from many threads of many processes, some of which are killed. The model driver counts itself what it has allocated.
# Its most must stay below the limits, but for one rounding of each thread's call. Whenever the guest is quiet, nvcuse must have
# counted the same; or more, if the guest also does that of which the driver does not tell how much it takes or drops.
processes=4 threads=3 killed=2 rounds=${QUOTA_ROUNDS:-120}
gpu_limit=$((64 << 20)) pinned_limit=$((32 << 20)) rounding=$((2 << 20))
slack=$(((processes + killed + 1) * threads * rounding))

# usage: driver WHAT COLUMN : bytes, pieces or the most bytes that the driver has of "gpu0", "gpu1" or "system"
driver() { awk -v what="$1" -v column="$2" '$1 == what { print $column }' "$DEBUGFS/memory"; }
driver_sums() { awk '{ print $1, $2 }' "$DEBUGFS/memory"; }

# What nvcuse has counted, in the same form.
own_sums() {
    python3 - "/run/nvcuse/$1/metrics" <<'END'
import http.client, re, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
c = Unix("nvcuse")
c.request("GET", "/metrics")
text = c.getresponse().read().decode()
gpus = re.findall(r'^nvcuse_gpu_memory_used_bytes\{.*gpu="(\w+)".*\} (\d+)$', text, re.M)
pinned = re.findall(r'^nvcuse_pinned_memory_used_bytes\{.*\} (\d+)$', text, re.M)
print("\n".join([f"gpu{gpu} {n}" for gpu, n in gpus] + [f"system {n}" for n in pinned]))
END
}

same_sums() { [[ $(own_sums "$1") == "$(driver_sums)" ]]; }
# Whether nvcuse has counted at least what the driver has, of everything.
enough() { paste -d ' ' <(own_sums "$1") <(driver_sums) | awk '$1 != $3 || $2 < $4 { bad = 1 } END { exit bad || NR != 3 }'; }

# Each GPU's most, and the host's. usage: within WHEN
within() {
    is "$(($(driver gpu0 4) <= gpu_limit + slack && $(driver gpu1 4) <= gpu_limit + slack))" 1 \
        "$1: each GPU's memory has stayed within the limit"
    is "$(($(driver system 4) <= pinned_limit + slack))" 1 "$1: and the host's"
}

quiet_for() { (($(grep -cE '^(held|ended|empty) ' "$WORK/$1") >= $2)); }
go_on() { echo >&"$go"; }

# Wait until the guest is quiet for the Nth time, and compare. usage: when_quiet GUEST N WHEN COMPARE
when_quiet() {
    local name=$1 when="$1, $3" compare=$4
    holds "$when: the guest is quiet" eventually 180 quiet_for "$name" "$2"
    within "$when"
    if eventually 10 "$compare" "$name"; then
        ok "$when: nvcuse has counted what the driver has"
    else
        not_ok "$when: nvcuse has counted what the driver has" \
            "nvcuse: $(own_sums "$name" | paste -sd ' ')"$'\n'"driver: $(driver_sums | paste -sd ' ')"
    fi
    echo "# $when: $(paste -sd ';' "$DEBUGFS/memory")"
}

# Another instance gets its share, whatever the thief has, and sees no more than it.
another_guest() {
    "${RUN[@]}" --gpu-memory 64M --caps compute,utility,graphics -- "$HOSTILE/quota-thief" share >"$WORK/share" 2>&1
    is "$(cat "$WORK/share")" "list: NV_OK, all 64 MiB, can be had 64, free 64
inside: NV_OK, all 64 MiB, can be had 64, free 64
got 64 MiB, then NV_ERR_NO_MEMORY
list: NV_OK, all 64 MiB, can be had 64, free 2
inside: NV_OK, all 64 MiB, can be had 64, free 2" "another guest gets what it may have, and sees no more"
    holds "and gives it back" eventually 20 "$1" thief
    echo >"$DEBUGFS/memory"
}

# usage: steal PHASES COMPARE [uncertain]
steal() {
    local phases=$1 compare=$2 name=${3:-thief} phase
    mkfifo "$WORK/$name.go"
    echo >"$DEBUGFS/memory"
    "${RUN[@]}" --name "$name" --gpu-memory 64M --pinned-memory 32M --caps compute,utility,graphics,rdma --max-clients 400 -- \
        "$HOSTILE/quota-thief" "${SEED:-1}" "$processes" "$threads" "$rounds" "$phases" "${@:3}" \
        <"$WORK/$name.go" >"$WORK/$name" 2>&1 &
    local thief=$!
    exec {go}>"$WORK/$name.go"
    for ((phase = 0; phase < phases; phase++)); do
        when_quiet "$name" $((2 * phase + 1)) "phase $phase, held" "$compare"
        [[ $name != thief ]] || ((phase)) || another_guest "$compare"
        go_on
        when_quiet "$name" $((2 * phase + 2)) "phase $phase, ended" "$compare"
        go_on
    done
    when_quiet "$name" $((2 * phases + 1)) "closed" same_sums
    is "$(driver_sums)" "$(printf '%s 0\n' gpu0 gpu1 system)" "$name, closed: nothing is allocated"
    go_on
    exec {go}>&-
    wait "$thief"
    is $? 0 "$name: the guest ends well"
    # The second guest acts for one phase only, in which it may have no chance for the rarer acts.
    [[ $name != thief ]] || is "$(grep never "$WORK/$name")" "" "$name: it has done everything, and come to the limits"
    sed 's/^/# /' "$WORK/$name"
}

steal 2 same_sums
steal 1 enough uncertain
