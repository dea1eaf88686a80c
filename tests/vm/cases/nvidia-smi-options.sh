# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# nvidia-smi with every option that works on a machine whose GPU does not start: the same answers and exit statuses.

OPTIONS=(
    "-L" "-q" "-q -x" "-q -d MEMORY,UTILIZATION,ECC,CLOCK" "-i 0" "-B" "-h" "--query-gpu=name,uuid,memory.total --format=csv"
    "--query-compute-apps=pid,used_memory --format=csv" "topo -m" "topo -p2p r" "mig -lgi" "mig -lgip" "nvlink -s" "dmon -c 1"
    "pmon -c 1" "vgpu -q" "encodersessions" "conf-compute -f" "drain -q -p 0000:01:00.0" "-pm 1" "-lgc 1000" "--no-such-option"
)

# One program that runs all of them, so that one instance is enough.
# usage: ask_all DIR OPTIONS...
ASK_ALL='
    dir=$1 i=0
    shift
    for options; do
        timeout 60 nvidia-smi $options >"$dir/$i.output" 2>&1 </dev/null
        echo "exit status $?" >>"$dir/$i.output"
        # Two runs begin at different times.
        sed -i -E -e "/[Tt]imestamp/d" -e "/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) /d" "$dir/$i.output"
        i=$((i + 1))
    done'

mkdir -p "$WORK/native" "$WORK/nvcuse"
like_a_container bash -c "$ASK_ALL" ask "$WORK/native" "${OPTIONS[@]}"
nvcuse run -- bash -c "$ASK_ALL" ask "$WORK/nvcuse" "${OPTIONS[@]}"
for i in "${!OPTIONS[@]}"; do
    same_file "$WORK/nvcuse/$i.output" "$WORK/native/$i.output" "nvidia-smi ${OPTIONS[i]}"
done
# The comparison would also succeed without output.
holds "nvidia-smi -L natively finds no GPU" grep -q 'No devices found' "$WORK/native/0.output"
