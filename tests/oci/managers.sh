# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Containers whose control group systemd makes, as docker and podman ask for on hosts of today. systemd's list of devices is
# not the runtimes': it knows no denials, and each runtime translates in its own way.

# The rules of docker, for an ordinary container and with --privileged.
DOCKER_RULES='[{"allow": False, "access": "rwm"}]
    + [{"allow": True, "type": t, "access": "m"} for t in "cb"]
    + [{"allow": True, "type": "c", "major": a, "minor": b, "access": "rwm"}
       for a, b in ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2))]
    + [{"allow": True, "type": "c", "major": 136, "access": "rwm"}]'
PRIVILEGED_RULES='[{"allow": True, "access": "rwm"}]'

# usage: managed NAME RULES COMMAND... : a bundle whose control group systemd makes
managed() {
    bundle "$1" "$GPUS" -- "${@:3}"
    amend "$1" "config['linux']['resources']['devices'] = ${2//$'\n'/}
config['linux']['cgroupsPath'] = 'system.slice:lab:$1'"
}

# usage: systemd_life RULES-NAME RULES
systemd_life() {
    local wanted
    wanted=$(printf '%s no\n' 195:255 195:0 "$(free_major):0"; printf '1:3 opened')
    managed managed "$2" sleep 1000
    oci --systemd-cgroup create --bundle "$BOX/managed" managed >"$BOX/managed.out" 2>&1 </dev/null
    is "$?:$(grep -v 'level=warning' "$BOX/managed.out")" 0: "$1: the runtime takes the rules"
    oci start managed
    is "$(systemctl is-active lab-managed.scope)" active "$1: systemd made the control group"
    systemd_opens "$1" "$wanted"
    oci --systemd-cgroup update --cpu-quota 50000 --cpu-period 100000 managed >"$BOX/managed.out" 2>&1
    is $? 0 "$1: update ends well"
    holds "$1: and sets the limit" grep -rqx --include=cpu.max '50000 100000' /sys/fs/cgroup/system.slice/lab-managed.scope
    systemd_opens "$1, after an update" "$wanted"
    systemctl daemon-reload
    systemd_opens "$1, after systemd has loaded its units again" "$wanted"
    oci delete --force managed
    leaves_nothing "$1: nothing is left"
}

# usage: systemd_opens NAME WANTED
systemd_opens() {
    # shellcheck disable=SC2046 # words
    oci exec managed python3 -c "$OPEN_NUMBERS" $(cut -d ' ' -f 1 <<<"$2") >"$BOX/opened" 2>&1 </dev/null
    is "$(cat "$BOX/opened")" "$2" "$1: the container's root opens its devices, and none of NVIDIA's"
    oci exec managed sh -c "echo written >/dev/null && $OPEN_ONE" >"$BOX/opened" 2>&1 </dev/null
    is "$(cat "$BOX/opened")" served "$1: it writes to /dev/null, and has its GPUs"
}

part_systemd() {
    configure "driver-policy = known" "path = $RUNTIME"
    systemd_life "an ordinary container" "$DOCKER_RULES"
    systemd_life "a privileged container" "$PRIVILEGED_RULES"
    configure
}
