# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Attacks of hostile images by the parts of a configuration that they can write. Sourced after parts.sh.

PRELOADED=$BOX/preloaded
REPORT=$BOX/hook-report
HOOK_ENVIRONMENT=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Change a bundle's configuration by a line of Python, in which it is "config".
# usage: amend NAME LINE
amend() {
    python3 - "$BOX/$1/config.json" "$2" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)
exec(sys.argv[2])
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(config, file)
END
}

# Run a bundle to its end. usage: run_bundle RUNTIME NAME
run_bundle() {
    NVCUSE_RUNTIME=$RUNTIME timeout 120 "$1" run --bundle "$BOX/$2" "$2" >"$BOX/$2.out" 2>&1 </dev/null
}

# A program that hooks take for NVIDIA's: it prints its environment.
install_reporter() {
    cat >"$BOX/bin/nvidia-ctk" <<END
#!/bin/sh
tr '\\0' '\\n' </proc/self/environ >>$REPORT
END
    chmod +x "$BOX/bin/nvidia-ctk"
    sed "s|/bin/true|$BOX/bin/nvidia-ctk|" "$HERE/nvidia-cdi.yaml" >"$BOX/nvidia-cdi.yaml"
    cp "$HERE/nvidia-cdi.yaml" /srv/from-nvidia
    nvcuse cdi generate --from "$BOX/nvidia-cdi.yaml" --output /etc/cdi/nvcuse.json
}

# Put the library into an image, under every name that a program may look for.
poison() {
    local root=$BOX/$1/rootfs name
    mkdir -p "$root"/{libraries,modules,gconv}
    for name in preloaded.so libraries/libgio-2.0.so.0 libraries/libseccomp.so.2 modules/libx.so gconv/X.so; do
        cp "$BUILD/tests/oci/preloaded.so" "$root/$name"
    done
    printf 'module X// INTERNAL X 1\nmodule INTERNAL X// X 1\n' >"$root/gconv/gconv-modules"
}

# Assert that nothing of the image was loaded, and that the hooks had their own environment.
# usage: hooks_are_clean NAME
hooks_are_clean() {
    is "$(cat "$PRELOADED" 2>/dev/null)" "" "$1: no program of the host's loads the image's library"
    is "$(sort -u "$REPORT" 2>/dev/null)" "$HOOK_ENVIRONMENT" "$1: NVIDIA's hook has PATH alone"
    rm -f "$PRELOADED" "$REPORT"
}

# A shell that opens a file for reading and writing would also create it (O_CREAT), which nodes are never opened with.
OPEN_ONE='python3 -c "import os; os.open(\"/dev/nvidiactl\", os.O_RDWR); print(\"served\")"'

# Environments of images. A hook's working directory may be the image's root.
IMAGES=(
    "env=LD_PRELOAD=/proc/self/cwd/preloaded.so env=LD_BIND_NOW=1"
    "env=LD_AUDIT=/proc/self/cwd/preloaded.so"
    "env=LD_LIBRARY_PATH=/proc/self/cwd/libraries"
    "env=GIO_EXTRA_MODULES=/proc/self/cwd/modules env=GIO_MODULE_DIR=/proc/self/cwd/modules env=GIO_USE_VFS=x env=G_DEBUG=fatal-warnings"
    "env=GCONV_PATH=/proc/self/cwd/gconv env=LOCPATH=/proc/self/cwd env=LANG=x.X env=LC_ALL=x.X env=CHARSET=X"
    "env=PATH=/proc/self/cwd:/usr/bin:/bin env=HOME=/proc/self/cwd env=XDG_CONFIG_HOME=/proc/self/cwd env=PYTHONPATH=/proc/self/cwd env=TMPDIR=/proc/self/cwd"
    "env=NOTIFY_SOCKET=/proc/self/cwd/x env=NVCUSE_RUNTIME=/proc/self/cwd/x env=BASH_ENV=/proc/self/cwd/x env=ENV=/proc/self/cwd/x"
)

# Add the hooks of a CDI device, as an engine merges them.
# usage: add_cdi_hooks NAME
add_cdi_hooks() {
    amend "$1" 'spec = json.load(open("/etc/cdi/nvcuse.json"))
edits = [spec["containerEdits"]] + [d["containerEdits"] for d in spec["devices"] if d["name"] == "all"]
hooks = [{k: v for k, v in h.items() if k != "hookName"} for e in edits for h in e["hooks"]]
config.setdefault("hooks", {}).setdefault("createContainer", []).extend(hooks)'
}

part_hooks() {
    local image
    install_reporter
    for image in "${IMAGES[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        bundle image "$GPUS" $image -- sh -c "$OPEN_ONE"
        poison image
        run_bundle nvcuse-runtime image
        is "$(said image)" served "it has its GPUs (${image%% *})"
        hooks_are_clean "${image%% *}"
        add_cdi_hooks image
        run_bundle "$RUNTIME" image
        is "$(($? > 0))" 1 "a CDI device does not start under $RUNTIME itself (${image%% *})"
        hooks_are_clean "under $RUNTIME itself, ${image%% *}"
    done
    leaves_nothing "nothing is left of them"

    # Hooks of a specification that predates its `env`, merged by the engine.
    # shellcheck disable=SC2086 # a list of words
    bundle image "$GPUS" ${IMAGES[0]} -- sh -c "$OPEN_ONE"
    poison image
    rm -r /etc/cdi
    amend image "config['hooks'] = {'createContainer': [
    {'path': '$BOX/bin/nvidia-ctk', 'args': ['nvidia-ctk', 'hook', 'update-ldcache'], 'env': []}]}"
    run_bundle nvcuse-runtime image
    is "$(said image)" served "it has its GPUs with a hook of an older specification"
    hooks_are_clean "a hook without environment"

    # The hook's second protection: it starts itself again before the library's constructor, also where runtimes start it.
    amend image "config['hooks'] = {'createContainer': [
    {'path': '$BOX/bin/nvcuse-runtime', 'args': ['nvcuse-runtime', 'nvcuse-hook', 'cdi', 'all']}]}"
    run_bundle "$RUNTIME" image
    is "$(($? > 0)) $(cat "$PRELOADED" 2>/dev/null)" "1 " "a hook of nvcuse's without environment, under $RUNTIME itself"
    rm -f "$PRELOADED"
    (
        ulimit -s unlimited
        export LD_PRELOAD=$BOX/image/rootfs/preloaded.so GIO_EXTRA_MODULES=$BOX/image/rootfs/modules
        exec "$BOX/bin/nvcuse-runtime" nvcuse-hook cdi 0
    ) >"$BOX/hook.out" 2>&1 </dev/null
    is "$? $(cat "$PRELOADED" 2>/dev/null)" "1 " "started with the image's environment, a hook starts itself anew"
    rm -f "$PRELOADED"

    bundle image "$GPUS" -- sh -c "$OPEN_ONE; umask; pwd"
    amend image 'process = config["process"]
process["cwd"] = "/tmp"
process["user"]["umask"] = 0o777
process["rlimits"] = [{"type": "RLIMIT_" + name, "soft": value, "hard": value} for name, value in
                      {"NOFILE": 64, "FSIZE": 65536, "NPROC": 9, "STACK": 18446744073709551615, "SIGPENDING": 0, "CORE": 18446744073709551615}.items()]'
    run_bundle nvcuse-runtime image
    is "$(said image)" "served
0777
/tmp" "with odd limits, umask and directory it has its GPUs, and keeps them"
    is "$(find "$BOX/image" -maxdepth 1 -newer "$BOX/hook.out" -type f ! -name config.json)" "" "and its hooks leave no file of their own"
    leaves_nothing "nothing is left of it"
}

# The operator decides which GPUs a container gets; the bundle does not tell who wrote an annotation.
part_annotations() {
    local all=annotation=nvcuse.dev/gpus=all caps=annotation=nvcuse.dev/caps=all
    configure "driver-policy = known" "path = $RUNTIME" "caps = all"
    sees "an annotation does not count" "0101 ctl" "$GPUS" annotation=nvcuse.dev/gpus=0
    sees "an annotation gives nothing" "" "$all" "$caps"
    sees "nor does it add to a device that was given" "11 ctl" "$all" "$caps" device=/dev/nvidia1:195:1
    sees "nor does it take it away" "11 ctl" annotation=nvcuse.dev/gpus=void device=/dev/nvidia1:195:1

    configure "driver-policy = known" "path = $RUNTIME" "environment = no"
    sees "the environment is closed" "" "$GPUS" "$all"
    nvcuse cdi generate --output "$BOX/cdi.json"
    bundle cdi "$GPUS" "$all" -- sh -c 'ls -d /dev/nvidia[0-9]'
    amend cdi 'spec = json.load(open("/run/oci/cdi.json"))
hooks = [h for d in spec["devices"] if d["name"] == "1" for h in d["containerEdits"]["hooks"]]
config["hooks"] = {"createContainer": [{k: v for k, v in h.items() if k != "hookName"} for h in hooks]}'
    run_bundle nvcuse-runtime cdi
    is "$(said cdi)" /dev/nvidia1 "an explicit CDI device stays what it is, whatever the image says"

    configure "driver-policy = known" "path = $RUNTIME" "caps = all" "annotations = yes"
    sees "where they count, they narrow" "00 ctl" "$GPUS" annotation=nvcuse.dev/gpus=0
    sees "what they leave may be the driver alone" " ctl" device=/dev/nvidia1:195:1 annotation=nvcuse.dev/gpus=0
    sees "and never NVIDIA's own node" " ctl" device=/dev/nvidia1:195:1 annotation=nvcuse.dev/gpus=void
    sees "they do not add" "11 ctl" device=/dev/nvidia1:195:1 "$all"
    sees "and give nothing" "" "$all"
    # crun would write there as the host's root, if a container has hooks, and nvcuse adds some.
    bundle obeyed "$GPUS" "annotation=run.oci.hooks.stdout=$BOX/by-the-image" -- true
    run_bundle nvcuse-runtime obeyed
    is "$? $(ls "$BOX/by-the-image" 2>/dev/null)" "1 " "one that crun obeys is refused"
    holds "it says which" grep -q "annotation run.oci.hooks.stdout" "$BOX/obeyed.out"
    configure "driver-policy = known" "annotations = maybe"
    nvcuse-runtime --version >"$BOX/maybe" 2>&1
    is $? 1 "they count or they do not"
    configure
    leaves_nothing "nothing is left of them"
}

# An image's text is one line in the runtime's log and on its standard error.
part_words() {
    local forged=$'7\ntime="2026-01-01T00:00:00Z" level=info msg="forged by the image"'
    local value format
    for value in "$forged" $'\e[2J\e]0;title\a' 'x" level=info msg="forged' $'a\u2028b\u202e'; do
        for format in text json; do
            rm -f "$BOX/log"
            bundle words "env=NVIDIA_VISIBLE_DEVICES=$value" -- true
            NVCUSE_RUNTIME=$RUNTIME nvcuse-runtime --log "$BOX/log" --log-format $format run --bundle "$BOX/words" words \
                >"$BOX/words.out" 2>&1 </dev/null
            is "$(wc -l <"$BOX/log") $(wc -l <"$BOX/words.out")" "1 1" "$format: one line in the log, one on standard error"
            is "$(LC_ALL=C grep -c '[[:cntrl:]]' "$BOX/log") $(LC_ALL=C grep -c '[[:cntrl:]]' "$BOX/words.out")" "0 0" \
                "$format: nothing for a terminal"
        done
        holds "the entry is one value in quotes" python3 - "$BOX" "$value" <<'END'
import json, re, sys
text = json.load(open(sys.argv[1] + "/log"))["msg"]
assert text.isprintable() and "NVIDIA_VISIBLE_DEVICES" in text, text
END
    done
    bundle words "env=NVIDIA_VISIBLE_DEVICES=x\" level=info msg=\"forged" -- true
    rm -f "$BOX/log"
    nvcuse-runtime --log "$BOX/log" run --bundle "$BOX/words" words >"$BOX/words.out" 2>&1 </dev/null
    holds "a quote does not end the entry" grep -qE '^time="[^"]*" level=error msg="([^"\\]|\\.)*"$' "$BOX/log"
}

# Print which of the host's devices a privileged container's root can open, by number, for reading and for writing, by opens that the
# kernel carries out: others nvcuse answers with files of its own (docs/limits.md, "Opens"). "no": not permitted.
OPEN_NUMBERS='import os, sys
for word in sys.argv[1:]:
    major, minor = map(int, word.split(":"))
    os.mknod("/tmp/node", 0o20666, os.makedev(major, minor))
    results = set()
    for mode in os.O_RDONLY, os.O_WRONLY | os.O_CREAT:
        try:
            os.close(os.open("/tmp/node", mode | os.O_NONBLOCK))
            results.add("opened")
        except PermissionError:
            results.add("no")
        except OSError:
            results.add("nobody there")
    print(word, *sorted(results))
    os.unlink("/tmp/node")'

# usage: opens NAME RULES WANTED NUMBER...
opens() {
    local name=$1 rules=$2 wanted=$3
    shift 3
    bundle numbers "$GPUS" -- python3 -c "$OPEN_NUMBERS" "$@"
    amend numbers "config['linux']['resources']['devices'] = $rules"
    run_bundle nvcuse-runtime numbers
    is "$(said numbers)" "$wanted" "$name"
}

part_devices() {
    local uvm deny='{"allow": False, "access": "rwm"}'
    uvm=$(awk '$2 == "nvidia-uvm" {print $1}' /proc/devices)
    local numbers=(195:255 195:0 "${uvm:-195}:0" 226:0 226:128 "$(free_major):0" 1:3 10:229)
    local wanted
    wanted=$(printf '%s no\n' "${numbers[@]:0:6}"; printf '%s opened\n' 1:3 10:229)
    configure "driver-policy = known" "path = $RUNTIME"
    opens "a privileged container" '[{"allow": True, "access": "rwm"}]' "$wanted" "${numbers[@]}"
    opens "with every character device" "[$deny, {'allow': True, 'type': 'c', 'access': 'rwm'}]" "$wanted" "${numbers[@]}"
    opens "with numbers of -1" "[$deny, {'allow': True, 'type': 'c', 'major': -1, 'minor': -1, 'access': 'rwm'}]" "$wanted" "${numbers[@]}"
    wanted=$(printf '%s no\n' "${numbers[@]:0:6}"; printf '%s opened\n' 1:3; printf '%s no\n' 10:229)
    local nodes="{'allow': True, 'type': 'c', 'access': 'm'}"
    opens "with DRM's nodes" "[$deny, $nodes, {'allow': True, 'type': 'c', 'major': 226, 'access': 'rwm'}]" "$wanted" "${numbers[@]}"
    opens "with the driver's" "[$deny, $nodes, {'allow': True, 'type': 'c', 'major': 195, 'access': 'rwm'},
        {'allow': True, 'type': 'c', 'major': $(free_major), 'access': 'rwm'}]" "$wanted" "${numbers[@]}"
    wanted=$(printf '%s no\n' "${numbers[@]:0:6}"; printf '1:3 opened\n10:229 no\n')
    opens "with all of them, but for a major" "[{'allow': True, 'access': 'rwm'}, {'allow': False, 'type': 'c', 'major': 10, 'access': 'rwm'}]" \
        "$wanted" "${numbers[@]}"
    bundle numbers "$GPUS" -- true
    amend numbers "config['linux']['resources']['devices'] = [{'allow': True, 'access': 'rwm'}]"
    rm -f "$BOX/log"
    oci --log "$BOX/log" run --bundle "$BOX/numbers" numbers >"$BOX/numbers.out" 2>&1 </dev/null
    is "$? $(said numbers)" "0 " "what is left out is not said where the container's output goes"
    holds "it is in the log" grep -q 'level=warning msg="nvcuse-runtime: device rule 0 (c \*:\* rwm) was narrowed: .*195 (nvidia' "$BOX/log"
    amend numbers "config['linux']['resources']['devices'].append({'allow': False, 'type': 'c', 'major': 10, 'minor': 229, 'access': 'rwm'})"
    refuses "all of them, but for a part of a major" "denies c 10:229 rwm, a part of c 10:" run --bundle "$BOX/numbers" numbers
    amend numbers "config['linux']['resources']['devices'] = [{'allow': True, 'type': 'c', 'major': 195 + 2**32, 'access': 'rwm'}]"
    run_bundle nvcuse-runtime numbers
    is $? 1 "a number that is another in 32 bits is refused"
    holds "it says why" grep -q "the number of a device" "$BOX/numbers.out"
    configure
    leaves_nothing "nothing is left of them"
}

# Start a container, and check what its root can open in it.
# usage: opens_later NAME WANTED
opens_later() {
    oci exec updated python3 -c "$OPEN_NUMBERS" 195:255 "$(free_major):0" 1:3 10:229 >"$BOX/updated.out" 2>&1 </dev/null
    is "$(said updated)" "$2" "$1"
}

# Print the memory limit of a container's control group.
memory_limit() { cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of updated)/cgroup")/memory.max"; }

# New limits for a container, together with new device rules, as engines send them.
part_update() {
    local wanted new='{"memory": {"limit": 134217728}, "devices": [{"allow": true, "access": "rwm"}]}'
    wanted=$(printf '%s no\n' 195:255 "$(free_major):0"; printf '1:3 opened\n10:229 no')
    configure "driver-policy = known" "path = $RUNTIME"
    bundle updated "$GPUS" -- sleep 1000
    oci create --bundle "$BOX/updated" updated >"$BOX/updated.out" 2>&1 </dev/null
    oci start updated
    opens_later "before an update" "$wanted"
    oci update --memory 268435456 updated
    is "$? $(memory_limit)" "0 268435456" "update --memory sets the limit"
    opens_later "after it the container opens what it opened before" "$wanted"
    rm -f "$BOX/log"
    oci --log "$BOX/log" --log-format json update --resources - updated <<<"$new"
    is "$? $(memory_limit)" "0 134217728" "update by standard input sets the limit"
    opens_later "and brings no device rules" "$wanted"
    holds "the log says so" grep -q '^{"level":"warning","msg":"nvcuse-runtime: update leaves .* (devices) are left out"' "$BOX/log"
    echo "${new/134217728/100663296}" >"$BOX/limits"
    oci update -r "$BOX/limits" updated
    is "$? $(memory_limit)" "0 100663296" "update by a file sets the limit"
    opens_later "and brings no device rules, either" "$wanted"
    echo '{"Devices": []}' >"$BOX/limits"
    refuses "an update that runtimes read in two ways" "Devices" update -r "$BOX/limits" updated
    oci exec updated python3 -c "import os; os.open('/dev/nvidiactl', os.O_RDWR); print('served')" >"$BOX/updated.out" 2>&1 </dev/null
    is "$(said updated)" served "it has its GPUs as before"
    oci delete --force updated
    configure
    leaves_nothing "nothing is left of it"
}

# Command lines as the runtime reads them. If nvcuse read one differently, a container would have no instance.
part_arguments() {
    local line lines
    configure "driver-policy = known" "path = $RUNTIME"
    bundle spelt "$GPUS" -- sh -c "$OPEN_ONE"
    case $RUNTIME in
    runc) lines=("run spelt --bundle $BOX/spelt" "-debug=false run -bundle=$BOX/spelt spelt" "run --no-pivot=false -b $BOX/spelt -- spelt") ;;
    crun) lines=("run -b$BOX/spelt spelt" "--log-f=text run --bund $BOX/spelt spelt" "run --no-new-k --bundle=$BOX/spelt -- spelt") ;;
    esac
    for line in "${lines[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        oci $line >"$BOX/spelt.out" 2>&1 </dev/null
        is "$(said spelt)" served "it has its instance: $line"
    done
    refuses "an option that is not known" "option --new-option: " run --new-option x --bundle "$BOX/spelt" spelt
    refuses "an option before the command that is not known" "option --new-option: " --new-option run --bundle "$BOX/spelt" spelt
    refuses "a value that looks like an option" "option --bundle: " run --bundle --keep spelt
    refuses "a container with GPUs from a checkpoint" "restore: not supported for a container with GPUs" restore --image-path "$BOX" --bundle "$BOX/spelt" spelt
    configure
    leaves_nothing "nothing is left of them"
}

# Print a major number that the kernel would assign to the next driver.
free_major() {
    local number
    for number in {254..234}; do
        grep -q "^ *$number " /proc/devices || break
    done
    echo "$number"
}

# Call numbers of x32 for a call that the listener gets natively. A kernel without x32 answers ENOSYS.
part_abi() {
    local profile
    configure "driver-policy = known" "path = $RUNTIME"
    for profile in "" seccomp=strict; do
        # shellcheck disable=SC2086 # a list of words
        boxed abi "$GPUS" $profile -- python3 -c 'import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
for number in 434, 0x40000000 + 434:
    libc.syscall(number, os.getpid(), os.O_EXCL)
    print(errno.errorcode[ctypes.get_errno()])'
        is "$(said abi)" "EINVAL
EINVAL" "pidfd_open of a thread is refused in x32 as natively (${profile:-no profile})"
    done
    configure
    leaves_nothing "nothing is left of them"
}

# Make a directory of the host's that its containers share: a mount in one of them appears in all.
VOLUME=$BOX/volume

# usage: share_volume TYPE
share_volume() {
    mkdir -p "$VOLUME"
    mount -t "$1" "$1" "$VOLUME"
    mount --make-rshared "$VOLUME"
}

# Print the mounts that the host sees in the volume.
mounts_in_volume() { awk -v below="$VOLUME/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo; }

# Give a bundle the volume, or a part of it. By default runtimes make all of a container's mounts slaves of the host's, so
# that no mount reaches the host. Engines ask for a shared root if a volume is shared.
# usage: add_volume NAME DESTINATION [PART]
add_volume() {
    amend "$1" "config['mounts'] = [m for m in config['mounts'] if m['destination'] != '$2'] + [
    {'destination': '$2', 'type': 'bind', 'source': '$VOLUME${3:+/$3}', 'options': ['rbind', 'rshared', 'rw']}]
config['linux']['rootfsPropagation'] = 'rshared'"
}

# Assert that nvcuse mounts nothing in a container's volume, while it runs and afterwards. The image's /devices leads to /dev:
# nvcuse drops mounts on /dev/nvidia*, but does not know other names for them.
# usage: keeps_out_of NAME DESTINATION [PART]
keeps_out_of() {
    local name=$1
    bundle shared "$GPUS" -- sh -c "$OPEN_ONE; exec sleep 1000"
    ln -sfn dev "$BOX/shared/rootfs/devices"
    add_volume shared "${@:2}"
    run_bundle nvcuse-runtime shared &
    if eventually 60 grep -qx served "$BOX/shared.out"; then ok "$name: the container has its GPUs"; else not_ok "$name: the container has its GPUs" "$(said shared)"; fi
    is "$(mounts_in_volume)" "" "$name: the host sees no mount of its"
    oci kill shared KILL
    wait $!
    is "$(mounts_in_volume)" "" "$name: and none afterwards"
    umount -R "$VOLUME"
}

# An image's /dev leads to a directory in a volume.
is_not_followed() {
    share_volume tmpfs
    mkdir "$VOLUME/dev"
    bundle linked "$GPUS" -- sh -c "$OPEN_ONE"
    rm -r "$BOX/linked/rootfs/dev"
    ln -s volume/dev "$BOX/linked/rootfs/dev"
    add_volume linked /volume
    amend linked 'config["mounts"] = [m for m in config["mounts"] if m["destination"] != "/dev"]'
    run_bundle nvcuse-runtime linked
    is "$(($? > 0)) $(grep -c served "$BOX/linked.out")" "1 0" "a link as /dev is refused"
    # crun does not pass on a hook's message.
    holds "by nvcuse" grep -Eq "cannot open the container's /dev|executing hook" "$BOX/linked.out"
    is "$(mounts_in_volume)" "" "and the host sees no mount of its"
    umount -R "$VOLUME"
}

# Mounts of nvcuse's in a container appear nowhere else, however the container's volumes are shared with the host.
part_shared() {
    configure "driver-policy = known" "path = $RUNTIME"
    share_volume tmpfs
    cp -a /dev/null /dev/zero /dev/urandom "$VOLUME"
    keeps_out_of "a volume as /dev" /dev
    share_volume tmpfs
    touch "$VOLUME/file"
    keeps_out_of "a volume's file as a node" /devices/nvidiactl file
    share_volume proc
    keeps_out_of "a volume as /proc" /proc
    # runc refuses it.
    if [[ $RUNTIME == crun ]]; then
        share_volume tmpfs
        mkdir "$VOLUME/nvidia"
        keeps_out_of "a volume as /proc/driver" /proc/driver
    fi
    is_not_followed
    configure
    leaves_nothing "nothing is left of them"
}
