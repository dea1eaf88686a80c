# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# An image's texts stay texts: a container has the same confinement as under the runtime alone. Sourced by in-vm.

# The host's namespaces, as arguments of walls.
host_namespaces() {
    local kind
    for kind in mnt pid net ipc uts user cgroup; do printf '%s ' "$(readlink "/proc/self/ns/$kind")"; done
}

# Configurations that a runtime accepts, one per line: places and tokens. The mark is the one by which strings once became
# numbers.
MARK='@nvcuse-integer:'
TEXTS=(
    "annotations/a=\"${MARK}null}\" annotations/hostname=\"\""
    "annotations/a=\"${MARK}1}\" process/env/9=\"A=${MARK}1\" process/env/9=\"${MARK}1],[[=\""
    "annotations/a=\"\\\"}\" annotations/b=\"\\\\\" annotations/c=\"\\\\\\\"},\\\"linux\\\":{}\""
    "annotations/linux=\"{}\" annotations/LINUX=\"x\" annotations/Process=\"null\" annotations/\\u0001=\"\\n\\r\\t\\u0001\\u001f\""
    "process/env/9=\"X=\\\"],\\\"capabilities\\\":null,\\\"x\\\":[\\\"\" process/env/9=\"Y=1\\n2\\t\\u0001\\u2028\\ud83d\\ude00\\/\\u0041\""
    "hostname=\"${MARK}1\" process/env/9=\"}=]\" process/args/9=\"${MARK}{}\""
    "process/rlimits/1={\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":512} process/rlimits/0/hard=18446744073709551615"
    "process/rlimits/0/soft=9007199254740993 process/rlimits/0/hard=9223372036854775808 process/oomScoreAdj=-0"
    "process/oomScoreAdj=500 process/user/umask=18 x-unknown={\"a\":1e400,\"b\":[0.1,1.0,-0]}"
    "mounts/9={\"destination\":\"/tmp/${MARK}1\",\"type\":\"tmpfs\",\"source\":\"${MARK}null\",\"options\":[\"size=64k\",\"nosuid\"]}"
    "mounts/9={\"destination\":\"/tmp/\\\"]}\",\"type\":\"tmpfs\",\"source\":\"}\",\"options\":[\"mode=700\",\"noexec\",\"ro\"]}"
)

# Whether a container is confined, by the output of walls.
# usage: is_held OUTPUT
is_held() { grep -q '^namespace mnt: its own' "$1" || { cat "$1" && false; }; }

# Run a container with a configuration.
# usage: walled NAME RUNTIME OUTPUT
walled() { NVCUSE_RUNTIME=$RUNTIME timeout 60 "$2" run --bundle "$BOX/$1" "$1" >"$3" 2>&1 </dev/null; }

part_texts() {
    local line tokens i=0
    configure "driver-policy = known" "path = $RUNTIME"
    for line in "${TEXTS[@]}"; do
        i=$((i + 1))
        read -ra tokens <<<"$line"
        bundle texts "$GPUS" seccomp=strict -- sh /walls "$(host_namespaces)"
        cp "$HERE/walls" "$BOX/texts/rootfs"
        holds "texts $i: they are there" "$HERE/set-token" "$BOX/texts" "${tokens[@]}"
        cp "$BOX/texts/config.json" "$BOX/before"
        walled texts "$RUNTIME" "$BOX/texts.plain"
        holds "texts $i: $RUNTIME takes them, and holds the container" is_held "$BOX/texts.plain"
        walled texts nvcuse-runtime "$BOX/texts.out"
        same_file "$BOX/texts.out" "$BOX/texts.plain" "texts $i: what holds the container is what holds it under $RUNTIME alone"
        same_file "$BOX/texts/config.json" "$BOX/before" "texts $i: the bundle is as it was"
    done
    configure
    leaves_nothing "nothing is left of them"
}

# Run a foreign image as podman does, under the runtime alone and under nvcuse.
# usage: image_runs NAME [ANNOTATION...]
image_runs() {
    local name=$1 program path options=()
    shift
    "$HERE/make-image" "$BOX/$name" "$@"
    timeout 60 "${PODMAN[@]}" pull "oci:$BOX/$name" >"$BOX/image.id" 2>"$BOX/image.err"
    is $? 0 "$name: the image is there"
    for path in /usr /lib /lib64 /bin "$HERE"; do options+=(-v "$path:$path:ro"); done
    for program in "$(command -v "$RUNTIME")" "$BOX/bin/nvcuse-runtime"; do
        timeout 100 "${PODMAN[@]}" --runtime "$program" run --rm --network none --log-driver none --hostname box "${options[@]}" \
            "$(tail -n 1 "$BOX/image.id")" sh "$HERE/walls" "$(host_namespaces)" >"$BOX/image.$(basename "$program")" 2>&1 </dev/null
        is $? 0 "$name: podman, $(basename "$program"): the container runs"
    done
    holds "$name: under $RUNTIME alone the container has namespaces of its own" is_held "$BOX/image.$RUNTIME"
    same_file <(stable "$BOX/image.nvcuse-runtime") <(stable "$BOX/image.$RUNTIME") \
        "$name: what holds the container is what holds it under $RUNTIME alone"
}

part_image() {
    configure "driver-policy = known" "path = $RUNTIME"
    mkdir -p /etc/containers
    [[ -e /etc/containers/policy.json ]] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    image_runs hostile
    # A text that once ended the document before its namespaces and its seccomp profile: runc reads nothing behind the end.
    image_runs attack "a=${MARK}null}" hostname=
    "${PODMAN[@]}" rm -fa >/dev/null 2>&1
    configure
    leaves_nothing "nothing is left"
}

# Print the output without the parts that differ between podman's containers.
stable() { sed -E 's/[0-9a-f]{64}/ID/g; s/size=[0-9]+k/size/; s/^HOSTNAME=.*//; s/lowerdir=.*//' "$1"; }
