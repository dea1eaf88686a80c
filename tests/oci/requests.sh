# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The ways in which engines and NVIDIA's device plugin give a container GPUs, other than by a variable.

PLUGIN=/var/run/nvidia-container-devices

# Put mounts of /dev/null, as the device plugin does, into a bundle's configuration. usage: given NAME PATH...
given() {
    local path
    for path in "${@:2}"; do
        amend "$1" "config['mounts'].append({'destination': '$PLUGIN/$path', 'source': '/dev/null', 'type': 'bind', 'options': ['bind']})"
    done
}

# Assert which of the model's two GPUs a container sees that has these mounts.
# usage: sees_given NAME MINORS "PATH..." OPTION...
sees_given() {
    local name=$1 minors=$2 paths=$3
    bundle gpus "${@:4}" -- sh -c 'ls -d /dev/nvidia[0-9] | tr -dc 0-9; ls /dev/nvidiactl >/dev/null && echo " ctl"'
    # shellcheck disable=SC2086 # a list of words
    given gpus $paths
    run_bundle nvcuse-runtime gpus
    is "$(grep -v 'cannot access' "$BOX/gpus.out")" "$minors" "$name"
}

part_given() {
    local uuid void=env=NVIDIA_VISIBLE_DEVICES=void caps imex
    uuid=$(sed -n 's/^GPU UUID:[[:space:]]*//p' /proc/driver/nvidia/gpus/0000:02:00.0/information)
    configure "driver-policy = known" "path = $RUNTIME" "cdi-annotations = yes"
    sees_given "a mount, and an image that wants all" "1 ctl" 1 "$GPUS"
    sees_given "a mount by UUID, and the variable void" "1 ctl" "$uuid" "$void"
    sees_given "two mounts" "01 ctl" "0 1" "$void"
    sees_given "a mount of a CDI device" "1 ctl" cdi/nvidia.com/gpu/1 "$GPUS"
    sees_given "a mount and a node" "01 ctl" 0 device=/dev/nvidia1:195:1
    sees "an annotation for CDI" "11 ctl" "$void" annotation=cdi.k8s.io/nvidia-device-plugin_a=nvidia.com/gpu=1
    sees "two of them, one with a list" "0101 ctl" annotation=cdi.k8s.io/a=nvidia.com/gpu=1 \
        "annotation=cdi.k8s.io/b=other.org/nic=3,runtime.nvidia.com/gpu=0"
    sees "the variable with the name of a CDI device" "11 ctl" env=NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=1
    sees "an annotation beside nodes, which the engine made of it" "00 ctl" device=/dev/nvidia0:195:0 \
        annotation=cdi.k8s.io/a=nvidia.com/gpu=all
    bundle refused "$GPUS" -- true
    given refused 7
    refuses "a mount of a GPU that is not there" "GPU '7' not found" run --bundle "$BOX/refused" refused
    refused "a CDI device that is no GPU" "annotation cdi.k8s.io/a: cannot give the container 'nvidia.com/gds=all'" \
        annotation=cdi.k8s.io/a=nvidia.com/gds=all
    configure "driver-policy = known" "path = $RUNTIME"
    refused "an annotation for CDI that nobody has resolved" "the engine has not resolved it" env=NVIDIA_VISIBLE_DEVICES=0 \
        annotation=cdi.k8s.io/a=nvidia.com/gpu=all
    printf '%s\n' '[runtime]' 'environment = no' "path = $RUNTIME" 'instance-config = /etc/nvcuse/containers.conf' >/etc/nvcuse/runtime.conf
    sees_given "mounts count where an image's wishes do not" "1 ctl" 1 "$GPUS"
    sees "the variable does not" "" "$GPUS"
    configure "driver-policy = known" "path = $RUNTIME"

    caps=$(awk '$2 == "nvidia-caps" { print $1 }' /proc/devices)
    imex=$(awk '$2 == "nvidia-caps-imex-channels" { print $1 }' /proc/devices)
    refused "a node of a MIG device" "the device node /dev/nvidia-caps/nvidia-cap3 (c $caps:3): it is a capability" \
        device=/dev/nvidia0:195:0 "device=/dev/nvidia-caps/nvidia-cap3:$caps:3"
    boxed imex device=/dev/nvidia0:195:0 "device=/dev/nvidia-caps-imex-channels/channel1:$imex:1" -- ls /dev/nvidia-caps-imex-channels
    is "$(said imex)" channel1 "a node of an IMEX channel is served"
    boxed imex "$GPUS" env=NVIDIA_IMEX_CHANNELS=0 -- sh -c 'ls /dev | grep -c imex'
    is "$(said imex)" 0 "a variable gives no channel"
    configure $'driver-policy = known\nimex-channels = 0' "path = $RUNTIME"
    boxed imex device=/dev/nvidia0:195:0 "device=/dev/nvidia-caps-imex-channels/channel1:$imex:1" -- sh -c 'ls /dev | grep -c imex'
    is "$(said imex)" 0 "nor does the engine give one that the operator does not allow"
    configure "driver-policy = known" "path = $RUNTIME"
    refused "a channel that is not there" "no channel 99999" device=/dev/nvidia0:195:0 "device=/dev/nvidia-caps-imex-channels/channel99999:$imex:99999"
    bundle all device=/dev/nvidia0:195:0 "device=/dev/nvidia-caps/nvidia-cap3:$caps:3" \
        "device=/dev/nvidia-caps-imex-channels/channel1:$imex:1" -- sh -c 'ls /dev | grep nvidia'
    amend all "config['linux']['resources']['devices'] = [{'allow': True, 'access': 'rwm'}]"
    run_bundle nvcuse-runtime all
    is "$(said all | tr '\n' ' ')" "nvidia-uvm nvidia-uvm-tools nvidia0 nvidiactl " "a privileged container has every node of the host, and gets GPUs"
    part_sockets
    refused "an image for a newer driver" "the host has driver 580.105.08 with CUDA 13.0" "$GPUS" \
        'env=NVIDIA_REQUIRE_CUDA=cuda>=99.1 brand=tesla,driver>=535,driver<536'
    boxed newer "$GPUS" 'env=NVIDIA_REQUIRE_CUDA=cuda>=99.1' env=NVIDIA_DISABLE_REQUIRE=1 -- sh -c 'ls -d /dev/nvidia[0-9] | tr -dc 0-9'
    is "$(said newer)" 01 "unless that is turned off"
    dockers_option
    operators_lists "$uuid"
    configure
    leaves_nothing "nothing is left of them"
}

# docker's own option: a variable, and a hook that it has found by its name.
dockers_option() {
    ln -s "$BUILD/cuse-server/cli/nvcuse" "$BOX/bin/nvidia-container-runtime-hook"
    bundle gpus env=NVIDIA_VISIBLE_DEVICES=1 -- sh -c 'ls -d /dev/nvidia[0-9]'
    amend gpus "config['hooks'] = {'prestart': [{'path': '$BOX/bin/nvidia-container-runtime-hook', 'args': ['nvidia-container-runtime-hook', 'prestart']}]}"
    run_bundle nvcuse-runtime gpus
    is "$(said gpus)" /dev/nvidia1 "a container with docker's --gpus"
    run_bundle "$RUNTIME" gpus
    is $? 1 "another runtime does not make it"
    # crun does not pass on a hook's message.
    [[ $RUNTIME == crun ]] || holds "and says what to do" grep -q 'asks for GPUs (--gpus' "$BOX/gpus.out"
    rm "$BOX/bin/nvidia-container-runtime-hook"
}

# The same names in an operator's options. usage: operators_lists UUID-OF-THE-SECOND
operators_lists() {
    local list run=(nvcuse run --driver-policy=known)
    for list in 1 "$1" 0000:02:00.0 nvidia.com/gpu=1 minor:1 "1, $1"; do
        is "$("${run[@]}" --gpus "$list" -- sh -c 'ls -d /dev/nvidia[0-9]' 2>&1)" /dev/nvidia1 "nvcuse run --gpus '$list'"
    done
    "${run[@]}" --gpus 7 -- true >"$BOX/run.out" 2>&1
    is "$?:$(cat "$BOX/run.out")" "125:nvcuse run: --gpus: GPU '7' not found: expected one of this host's 2 GPUs, named by index from 0, by UUID, by PCI address, or as a CDI device (nvidia.com/gpu=0)" \
        "a GPU that is not there"
    "${run[@]}" --gpus 0 --gpu-memory "$1=1G" -- true >"$BOX/run.out" 2>&1
    is "$?:$(cat "$BOX/run.out")" "125:nvcuse run: --gpu-memory: /dev/nvidia1: expected one of the instance's GPUs (--gpus), which have these device minors: 0" \
        "a limit for a GPU that the instance does not have"
    configure "driver-policy = known" "path = $RUNTIME"
    printf '%s\n' "gpus = $1" "gpu-memory = $1=1G,0=2G" >>/etc/nvcuse/containers.conf
    sees "the operator's list names GPUs likewise" "11 ctl" "$GPUS"
}

# Sockets of the host's services do not come with NVIDIA's own CDI devices; libraries do, wherever the driver's root is.
part_sockets() {
    mkdir -p /run/nvidia-persistenced /run/nvidia/driver/usr/lib
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/nvidia-persistenced/socket")'
    echo library >/run/nvidia/driver/usr/lib/libcuda.so.1
    bundle sockets device=/dev/nvidia0:195:0 -- sh -c 'ls -A /run/nvidia-persistenced 2>/dev/null; cat /opt/libcuda.so.1'
    amend sockets "config['mounts'] += [{'destination': to, 'source': source, 'type': 'none', 'options': ['bind']} for source, to in
        (('/run/nvidia-persistenced/socket', '/run/nvidia-persistenced/socket'),
         ('/run/nvidia/driver/usr/lib/libcuda.so.1', '/opt/libcuda.so.1'))]"
    rm -f "$BOX/log"
    oci --log "$BOX/log" run --bundle "$BOX/sockets" sockets >"$BOX/sockets.out" 2>&1 </dev/null
    is "$(said sockets)" library "the socket of a service is left out, and a library below /run stays"
    holds "the log says so" grep -q 'removed the mount at /run/nvidia-persistenced/socket: a service' "$BOX/log"
}
