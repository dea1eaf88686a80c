# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The tests of containers, in parts that in-vm calls by name. RUNTIME is runc or crun.

# Make a bundle and run it to its end; the output goes to $BOX/NAME.out. usage: boxed NAME [OPTION...] -- COMMAND...
boxed() {
    local name=$1
    shift
    bundle "$name" "$@"
    NVCUSE_RUNTIME=$RUNTIME timeout 120 nvcuse-runtime run --bundle "$BOX/$name" "$name" >"$BOX/$name.out" 2>&1 </dev/null
}

bundle() {
    mkdir -p "$BOX/$1"
    "$HERE/make-bundle" "$BOX/$1" "${@:2}"
}

# usage: oci COMMAND... : the runtime under test
oci() { NVCUSE_RUNTIME=$RUNTIME timeout 120 nvcuse-runtime "$@"; }

said() { cat "$BOX/$1.out"; }

# Configure instances of the runtime, with this run's transport.
# usage: configure [INSTANCE-LINE [RUNTIME-LINE...]]
configure() {
    printf '%s\n' '[instance]' ${LAB_TRANSPORT:+"transport = $LAB_TRANSPORT"} "${@:1:1}" >/etc/nvcuse/containers.conf
    printf '%s\n' '[runtime]' 'instance-config = /etc/nvcuse/containers.conf' "${@:2}" >/etc/nvcuse/runtime.conf
}

# Print the pid of a container's first process.
pid_of() { oci state "$1" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1; }

GPUS=env=NVIDIA_VISIBLE_DEVICES=all

# Write what nvidia-smi says natively to $BOX/native; its exit status is this function's. Each part that compares calls it: a
# part stands by itself, whatever ran before it.
native_smi() { nvidia-smi >"$BOX/native" 2>&1; }

# Compare a program's output natively and in a container, with and without a profile.
part_smi() {
    native_smi
    local native=$? options
    for options in "" seccomp=strict "seccomp=strict nnp"; do
        # shellcheck disable=SC2086 # a list of words
        boxed smi $GPUS $options -- nvidia-smi
        is $? "$native" "nvidia-smi ends as natively (${options:-no profile})"
        same_file "$BOX/smi.out" "$BOX/native" "nvidia-smi says what it says natively (${options:-no profile})"
    done
    leaves_nothing "nothing is left of them"
}

# What the container's root finds of the driver, and what it cannot do with it.
part_view() {
    bundle view $GPUS device=/dev/nvidiactl:195:255 -- sh -c '
        stat -c "%n %t:%T %a" /dev/nvidiactl
        mknod /tmp/node c 195 255
        python3 -c "import os; os.open(\"/tmp/node\", os.O_RDONLY)" 2>/dev/null && echo opened a node of its own
        (exec 3</dev/nvidiactl) 2>/dev/null && echo opened for reading
        python3 -c "import os; os.open(\"/dev/nvidiactl\", os.O_RDWR)" && echo opened through nvcuse
        grep ModifyDeviceFiles: /proc/driver/nvidia/params
        (echo x >/proc/driver/nvidia/params) 2>/dev/null || echo read-only
        ls /proc/driver/nvidia
        grep -c . /proc/driver/nvidia/version'
    cp "$BOX/view/config.json" "$BOX/before"
    oci run --bundle "$BOX/view" view >"$BOX/view.out" 2>&1 </dev/null
    is "$(said view)" "/dev/nvidiactl c3:ff 666
opened through nvcuse
ModifyDeviceFiles: 0
read-only
capabilities
gpus
params
registry
version
2" "the container sees true numbers and its own /proc, and opens nothing but through nvcuse"
    same_file "$BOX/view/config.json" "$BOX/before" "the bundle is as it was"
    is "$(find "$BOX/view" -maxdepth 1 -name '.*' -type f)" "" "and holds nothing else"
    leaves_nothing "nothing is left"
    ways_to_open "" "<>"
    ways_to_open "opens = all" "<> < >"
}

# Open a node by a shell's redirections, with and without a profile.
# usage: ways_to_open INSTANCE-LINE WAYS : the ways that have to work
ways_to_open() {
    local options
    configure "$1"
    for options in "" seccomp=strict; do
        # shellcheck disable=SC2086 # a list of words
        boxed ways $GPUS $options -- sh -c '
            (exec 3<>/dev/nvidiactl) 2>/dev/null && echo "<>"
            (exec 3</dev/nvidiactl) 2>/dev/null && echo "<"
            (exec 3>/dev/nvidiactl) 2>/dev/null && echo ">"
            :'
        is "$(said ways | paste -sd" ")" "$2" "redirections that open a node (${1:-usual}, ${options:-no profile})"
    done
    configure
    leaves_nothing "nothing is left"
}

# Print a number that ps tells of the only instance.
in_ps() { nvcuse ps --json | sed -nE "s/.*\"$1\" ?: ?([0-9]+).*/\1/p"; }
worker_was_replaced() { [[ $(in_ps worker_restarts) == 1 ]]; }

# A container's life, step by step.
part_life() {
    native_smi
    bundle life $GPUS -- sleep 1000
    oci create --bundle "$BOX/life" life >"$BOX/life.out" 2>&1 </dev/null
    is $? 0 "create ends well"
    holds "the instance is there" test -S "$(echo /run/nvcuse/life-*.sock)"
    oci start life
    oci exec life nvidia-smi >"$BOX/exec" 2>&1 &
    oci exec life nvidia-smi >"$BOX/exec2" 2>&1
    wait $!
    same_file "$BOX/exec" "$BOX/native" "a process that comes later says what it says natively"
    same_file "$BOX/exec2" "$BOX/native" "and another beside it"
    kill -KILL "$(in_ps worker)"
    holds "a worker that is killed is replaced" eventually 30 worker_was_replaced
    oci exec life nvidia-smi >"$BOX/exec" 2>&1
    same_file "$BOX/exec" "$BOX/native" "and the container has its GPUs again"
    kill -9 "$(pid_of life)"
    leaves_nothing "a container that is killed takes the instance along"
    oci delete life
    oci create --bundle "$BOX/life" life >"$BOX/life.out" 2>&1 </dev/null
    is $? 0 "the same bundle again"
    kill -9 "$(pid_of life)"
    leaves_nothing "killed between create and start, it takes the instance along"
    oci delete life
    oci create --bundle "$BOX/life" life >"$BOX/life.out" 2>&1 </dev/null
    oci start life
    oci delete --force life
    is "$(nvcuse_traces)" "" "delete returns when nothing is left"
}

# Kill the runtime at every stage: the next call cleans up, and the bundle is the engine's again.
part_crash() {
    bundle crash $GPUS -- true
    cp "$BOX/crash/config.json" "$BOX/before"
    NVCUSE_RUNTIME=false nvcuse-runtime create --bundle "$BOX/crash" crash
    is $? 1 "the runtime's own exit status comes through"
    leaves_nothing "a runtime that fails leaves no instance"
    printf '#!/bin/sh\nkill -9 $$\n' >"$BOX/bin/killed"
    chmod +x "$BOX/bin/killed"
    NVCUSE_RUNTIME=killed nvcuse-runtime create --bundle "$BOX/crash" crash
    is $? 137 "a runtime is killed"
    leaves_nothing "and leaves no instance"
    same_file "$BOX/crash/config.json" "$BOX/before" "the bundle is as it was"
    (cd "$BOX/crash" && oci run crash)
    is $? 0 "then it works, with the bundle in the working directory"
    leaves_nothing "nothing is left"
}

part_concurrent() {
    local i jobs=()
    native_smi
    for i in 1 2 3; do
        boxed "many-$i" $GPUS seccomp=strict -- nvidia-smi &
        jobs+=($!)
    done
    wait "${jobs[@]}"
    for i in 1 2 3; do
        same_file "$BOX/many-$i.out" "$BOX/native" "container $i of three at once"
    done
    leaves_nothing "nothing is left of them"
}

# Containers that ask for no GPU.
part_without() {
    local inode options
    for options in "" env=NVIDIA_VISIBLE_DEVICES=void env=NVIDIA_VISIBLE_DEVICES=; do
        # shellcheck disable=SC2086 # a list of words
        bundle without $options -- sh -c 'ls /dev/nvidia* /proc/driver/nvidia/suspend 2>&1; grep Seccomp: /proc/self/status'
        cp "$BOX/without/config.json" "$BOX/before"
        inode=$(stat -c %i "$BOX/without/config.json")
        oci run --bundle "$BOX/without" without >"$BOX/without.out" 2>&1 </dev/null
        "$RUNTIME" run --bundle "$BOX/without" without >"$BOX/without.plain" 2>&1 </dev/null
        same_file "$BOX/without.out" "$BOX/without.plain" "as without nvcuse (${options:-nothing said})"
        is "$(stat -c %i "$BOX/without/config.json")" "$inode" "the configuration was not touched"
    done
    same_file <(oci --version) <("$RUNTIME" --version) "other commands go through"
    holds "other commands see the same containers" test "$(oci list -q)" == "$("$RUNTIME" list -q)"
    leaves_nothing "no instance was made"
}

# Assert that a container is refused with a message.
# usage: refused NAME PATTERN OPTION...
refused() {
    local name=$1 pattern=$2
    shift 2
    bundle no "$@" -- true
    refuses "$name" "$pattern" run --bundle "$BOX/no" no
}

# Assert that a command line is refused, on standard error and in the log that engines read.
# usage: refuses NAME PATTERN WORD...
refuses() {
    local name=$1 pattern=$2
    shift 2
    rm -f "$BOX/log"
    oci --log "$BOX/log" --log-format json "$@" >"$BOX/no.out" 2>&1 </dev/null
    is $? 1 "$name is refused"
    holds "$name: it says why" grep -q "^nvcuse-runtime: .*$pattern" "$BOX/no.out"
    holds "$name: in the log that engines read, too" grep -q "^{\"level\":\"error\",\"msg\":\"nvcuse-runtime: .*$pattern" "$BOX/log"
}

part_refusals() {
    refused "a listener of its own" "listener of its own" $GPUS \
        'seccomp={"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/x","syscalls":[{"names":["kill"],"action":"SCMP_ACT_NOTIFY"}]}'
    refused "a user namespace" "user namespace" $GPUS user-namespace
    refused "a GPU that is not there" "GPU '77' not found" env=NVIDIA_VISIBLE_DEVICES=77
    refused "a MIG device" "MIG" env=NVIDIA_VISIBLE_DEVICES=0:0
    refused "an address without a GPU" "GPU '0000:7f:00.0' not found" env=NVIDIA_VISIBLE_DEVICES=0000:7f:00.0
    refused "none beside a GPU" "GPU 'none' not found" env=NVIDIA_VISIBLE_DEVICES=none,0
    refused "a capability that is not allowed" "video" $GPUS env=NVIDIA_DRIVER_CAPABILITIES=video
    refused "nothing but a capability for which there is nothing" "nvcuse has nothing" $GPUS env=NVIDIA_DRIVER_CAPABILITIES=ngx
    bundle bad $GPUS -- true
    sed -i '$d' "$BOX/bad/config.json"
    refuses "a broken config.json" "config.json: " run --bundle "$BOX/bad" bad
    printf '[runtime]\npathh = runc\n' >/etc/nvcuse/runtime.conf
    refuses "a misspelt key" "runtime.conf:2: .*'path'" --version
    configure "max-fles = 3"
    refused "a misspelt key for instances" "containers.conf:[0-9]*: .*max-files" $GPUS
    configure "transport = pigeon"
    refused "an instance that does not start" "pigeon" $GPUS
    configure
    NVCUSE_RUNTIME=/nowhere/runc nvcuse-runtime --log "$BOX/log" --log-format json list >"$BOX/no.out" 2>&1
    is $? 1 "a runtime that is not there is an error"
    holds "in the log, too" grep -q '"nvcuse-runtime: OCI runtime /nowhere/runc not found: ' "$BOX/log"
    leaves_nothing "nothing is left"
}

# Assert which of the model's two GPUs a container sees, according to its request.
# usage: sees NAME MINORS OPTION...
sees() {
    local name=$1 minors=$2
    shift 2
    boxed gpus "$@" -- sh -c 'ls -d /dev/nvidia[0-9] | tr -dc 0-9; sed -n "s/^Device Minor:[^0-9]*//p" /proc/driver/nvidia/gpus/*/information 2>/dev/null | tr -d "\n"; ls /dev/nvidiactl >/dev/null && echo " ctl"'
    is "$(grep -v 'cannot access' "$BOX/gpus.out")" "$minors" "$name"
}

part_gpus() {
    local uuid
    uuid=$(sed -n 's/^GPU UUID:[[:space:]]*//p' /proc/driver/nvidia/gpus/0000:02:00.0/information)
    configure "driver-policy = known" "path = $RUNTIME" "caps = all"
    sees "all" "0101 ctl" $GPUS
    sees "the second, by index" "11 ctl" env=NVIDIA_VISIBLE_DEVICES=1
    sees "the second, by UUID" "11 ctl" "env=NVIDIA_VISIBLE_DEVICES=$uuid"
    sees "both, by index and UUID" "0101 ctl" "env=NVIDIA_VISIBLE_DEVICES=0,$uuid"
    # Lists as NVIDIA's runtime reads them. What asks for nothing leaves the container without the driver.
    local list minors
    while IFS='|' read -r list minors; do
        sees "the list '$list'" "$minors" "env=NVIDIA_VISIBLE_DEVICES=$list"
    done <<'END'
0,|00 ctl
,0|00 ctl
0,,1|0101 ctl
 1 , 0 |0101 ctl
,|
 all|0101 ctl
all,0|0101 ctl
0,ALL|0101 ctl
void,0|
0000:02:00.0|11 ctl
00000000:02:00.0|11 ctl
END
    sees "an image that has taken back CUDA_VERSION asks for nothing" "" env=CUDA_VERSION=
    sees "an image from before NVIDIA's variables gets all" "0101 ctl" env=CUDA_VERSION=8.0 env=NVIDIA_REQUIRE_CUDA=
    sees "none: the driver alone" " ctl" env=NVIDIA_VISIBLE_DEVICES=none
    sees "by a device node of the driver's" "11 ctl" device=/dev/nvidia1:195:1
    sees "with a capability that is allowed here" "00 ctl" env=NVIDIA_VISIBLE_DEVICES=0 env=NVIDIA_DRIVER_CAPABILITIES=video
    sees "with capabilities for which there is nothing" "00 ctl" env=NVIDIA_VISIBLE_DEVICES=0 env=NVIDIA_DRIVER_CAPABILITIES=graphics,compat32,utility
    # With a profile that allows little: mappings are made in the guest, and calls outside by its listener.
    local program
    for program in gpu-list memory-map os-descriptor; do
        boxed scope env=NVIDIA_VISIBLE_DEVICES=0 seccomp=strict -- "$program"
        nvcuse run --driver-policy=known --gpus 0 -- "$program" >"$BOX/run.out" 2>&1
        same_file "$BOX/scope.out" "$BOX/run.out" "$program finds what it finds in nvcuse run"
    done
    printf '[instance]\n%s\n' 'gpus = 1' 'caps = utility,video' ${LAB_TRANSPORT:+"transport = $LAB_TRANSPORT"} \
        'driver-policy = known' >/etc/nvcuse/containers.conf
    sees "of all, those that the operator lets containers have" "11 ctl" $GPUS
    sees "no other, by index" " ctl" env=NVIDIA_VISIBLE_DEVICES=0
    sees "of two, the one" "11 ctl" env=NVIDIA_VISIBLE_DEVICES=0,1
    sees "nor by a device node of the driver's" " ctl" device=/dev/nvidia0:195:0
    sees "the capabilities that both files allow" "11 ctl" $GPUS env=NVIDIA_DRIVER_CAPABILITIES=utility,video
    refused "a capability that the instances' file does not allow" "expected a part of utility,video" $GPUS env=NVIDIA_DRIVER_CAPABILITIES=compute
    configure "driver-policy = known" "path = $RUNTIME"
    printf 'environment = no\n' >>/etc/nvcuse/runtime.conf
    sees "the variable does not count where the operator says so" "" $GPUS
    configure
    leaves_nothing "nothing is left of them"
}

# The container's root searches the tables of agents for the host's files: it cannot open again what it finds there.
part_root() {
    configure "driver-policy = known" "path = $RUNTIME"
    boxed root $GPUS -- agent-attacker scan-as-root
    is "$(said root)" "looked: often, mapped meanwhile: often
files of the host found: 0" "a container's root gets no file of the host's from an agent"
    configure
    leaves_nothing "nothing is left of it"
}

# The flag for which only a fatal signal ends a call that the broker has: if the runtime knows it, and beside the runtime's
# own default.
part_flags() {
    local flag=SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV expected='' before
    configure "driver-policy = known"
    # Run the runtime, and keep a copy of the configuration that it reads.
    mkdir -p "$BOX/shown"
    printf '#!/bin/sh\ncase " $* " in *" run "*) cp %s %s ;; esac\nexec %s "$@"\n' \
        "$BOX/flags/config.json" "$BOX/flags.json" "$(command -v "$RUNTIME")" >"$BOX/shown/$RUNTIME"
    chmod +x "$BOX/shown/$RUNTIME"
    if [[ $RUNTIME == crun ]] || "$RUNTIME" features | grep -q "$flag"; then expected=$flag; fi
    RUNTIME=$BOX/shown/$RUNTIME boxed flags "$GPUS" seccomp=strict -- grep Speculation_Store_Bypass /proc/self/status
    is $? 0 "$RUNTIME takes the profile's flags"
    is "$(grep -o "$flag" "$BOX/flags.json")" "$expected" "the profile has WAIT_KILLABLE_RECV where the runtime knows it"
    before=$(said flags)
    bundle flags seccomp=strict -- grep Speculation_Store_Bypass /proc/self/status
    is "$(oci run --bundle "$BOX/flags" flags </dev/null 2>&1)" "$before" "and the runtime's own default of flags holds"
    configure
    leaves_nothing "nothing is left of them"
}

# A program under a busy timer, in a container whose runtime knows the flag of part_flags. Calls that the kernel itself holds
# end as natively. A signal can still end a call before the broker has received it, since that wait of the kernel's is
# interruptible whatever the flag (kernel/seccomp.c, seccomp_do_user_notification()). How often depends on how soon the broker
# is scheduled: for 3 in 100 signals on an idle machine, 40 on a busy one, so that the test only prints it. Once the broker
# has the call no signal ends it. For a program that only opens files, on two busy processors: 13 in 100 where the caller's
# wake-up moves the broker's thread to its own processor (Linux 6.6, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP), 26 to 36 where it
# does not.
part_signals() {
    local worker
    configure "driver-policy = known"
    answers >"$BOX/answers.native" 2>&1
    boxed answers "$GPUS" seccomp=strict -- answers
    same_file "$BOX/answers.out" "$BOX/answers.native" "signals end no call with parameters, and nothing is written after its return"
    is "$(disturbed)" "open: 0 EINTR, 0 other errors"$'\n'"mmap: 0 EINTR, 0 other errors" "natively a signal ends no open and no mmap"
    boxed disturbed "$GPUS" -- disturbed
    is "$(sed 's/[0-9]* EINTR/some EINTR/' "$BOX/disturbed.out")" "open: some EINTR, 0 other errors"$'\n'"mmap: some EINTR, 0 other errors" \
        "ordinary files: no other error"
    echo "# $CASE: of 500 each: $(tr '\n' ' ' <"$BOX/disturbed.out")"
    # The worker is stopped. The broker waits for it during the call, once the files that it opened in advance are used up.
    bundle held "$GPUS" -- disturbed /dev/nvidiactl
    oci create --bundle "$BOX/held" held >"$BOX/held.out" 2>&1 </dev/null
    worker=$(pgrep -x nvcuse-worker)
    kill -STOP "$worker"
    oci start held
    holds "the container opens" eventually 60 grep -qx opening "$BOX/held.out"
    sleep 1
    kill -CONT "$worker"
    eventually 20 grep -q : "$BOX/held.out"
    is "$(said held)" "opening"$'\n'"signals: 0 EINTR, 0 other errors" "no signal ends an open that the broker has"
    oci delete --force held
    configure
    leaves_nothing "nothing is left of them"
}

# An engine: podman, with an image that it makes, with the runtime as an option and with CDI.
PODMAN=(podman --root /run/podman-root --runroot /run/podman-run --storage-driver vfs --cgroup-manager cgroupfs
    --events-backend none --runtime "$BOX/bin/nvcuse-runtime")

# usage: podman_run NAME OPTION... -- COMMAND...
podman_run() {
    local name=$1 options=() path
    shift
    while [[ $1 != -- ]]; do options+=("$1") && shift; done
    shift
    for path in /usr /lib /lib64; do options+=(-v "$path:$path:ro"); done
    for path in ${PATH//:/ } ${LD_LIBRARY_PATH//:/ }; do
        [[ $path == /usr/* || $path == /bin || $path == /sbin ]] || options+=(-v "$path:$path:ro")
    done
    timeout 150 "${PODMAN[@]}" run --rm --network none --log-driver none -e PATH="$PATH" -e LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" \
        "${options[@]}" localhost/box "$@" >"$BOX/$name.out" 2>"$BOX/$name.err" </dev/null
}

# The runtime by the name that nvcuse install gives it. The command names the nvcuse-runtime that is beside its own program.
# usage: podman_installed NATIVE-STATUS
podman_installed() {
    local file=/etc/containers/containers.conf.d/nvcuse.conf by_path=("${PODMAN[@]}")
    mkdir "$BOX/installed"
    cp "$BUILD/cuse-server/cli/nvcuse" "$BOX/installed"
    ln -s nvcuse "$BOX/installed/nvcuse-runtime"
    "$BOX/installed/nvcuse" install podman >"$BOX/install.out"
    is "$? $(grep -c "^  nvcuse = \[\"$BOX/installed/nvcuse-runtime\"\]$" "$file")" "0 1" "nvcuse install podman: the runtime has a name"
    PODMAN+=(--runtime nvcuse)
    podman_run named -e NVIDIA_VISIBLE_DEVICES=all -- nvidia-smi
    is $? "$1" "podman: by this name, nvidia-smi ends as natively"
    same_file "$BOX/named.out" "$BOX/native" "podman: by this name, it says what it says natively"
    "$BOX/installed/nvcuse" install podman --remove >"$BOX/install.out"
    is "$? $(test -e "$file" && echo there)" "0 " "nvcuse install podman --remove: the name is gone"
    PODMAN=("${by_path[@]}")
}

part_podman() {
    local native
    native_smi
    native=$?
    mkdir -p "$BOX/image"/{bin,dev,proc,sys,tmp,run,usr,lib,lib64,etc} /etc/containers
    [[ -e /etc/containers/policy.json ]] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    export NVCUSE_RUNTIME=$RUNTIME
    tar -C "$BOX/image" -c . | "${PODMAN[@]}" import - localhost/box >"$BOX/import.out" 2>&1
    is $? 0 "an image is there"
    podman_run asked -e NVIDIA_VISIBLE_DEVICES=all -- nvidia-smi
    is $? "$native" "podman: nvidia-smi ends as natively, with podman's seccomp profile"
    same_file "$BOX/asked.out" "$BOX/native" "podman: it says what it says natively"
    podman_installed "$native"
    cp "$HERE/nvidia-cdi.yaml" /srv/from-nvidia
    nvcuse cdi generate --from "$HERE/nvidia-cdi.yaml" --output /etc/cdi/nvcuse.json
    is $? 0 "a CDI specification is made"
    holds "it is one, by the rules of CDI" "$HERE/check-cdi" /etc/cdi/nvcuse.json
    is "$(nvcuse cdi list | tail -n 1)" "nvcuse.dev/gpu=all" "it is listed"
    nvcuse cdi generate --output - >"$BOX/cdi.dash"
    ln -s "$BOX/cdi.linked" "$BOX/cdi.link"
    nvcuse cdi generate --output "$BOX/cdi.link" && nvcuse cdi generate --output /dev/fd/3 3>"$BOX/cdi.fd"
    is "$? $(stat -c %F "$BOX/cdi.link") $(cat "$BOX/cdi.dash" "$BOX/cdi.linked" "$BOX/cdi.fd" | md5sum)" \
        "0 symbolic link $(for i in 1 2 3; do nvcuse cdi generate; done | md5sum)" "it goes where it is told, and replaces no link"
    podman_run cdi --device nvcuse.dev/gpu=all -- sh -c 'nvidia-smi; echo $?; cat /opt/from-nvidia; ls /run/nvidia-persistenced 2>/dev/null; echo $NVIDIA_FROM_CDI'
    is "$(cat "$BOX/cdi.out")" "$(cat "$BOX/native"; echo $native; cat "$HERE/nvidia-cdi.yaml"; echo taken)" "podman: a CDI device, with what NVIDIA's specification brings"
    PODMAN+=(--runtime "$(command -v "$RUNTIME")")
    podman_run foreign --device nvcuse.dev/gpu=all -- echo made
    is "$(($? > 0)) $(cat "$BOX/foreign.out")" "1 " "podman: another runtime does not make such a container"
    rm -r /etc/cdi
    "${PODMAN[@]}" rm -fa >/dev/null 2>&1
    leaves_nothing "nothing is left"
}
