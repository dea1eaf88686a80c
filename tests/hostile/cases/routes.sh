# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The devices' real major numbers are 195 and nvidia-uvm's; files of the instance's have others, or are not devices.
if [[ $TRANSPORT == cuse ]]; then ours='[0-9]+'; else ours='no device'; fi
for who in root user; do
    declare -n as=AS_${who^^}
    "${RUN[@]}" -- "${as[@]}" "$HOSTILE/routes" "$UVM_MAJOR" >"$WORK/$who" 2>&1
    is $? 0 "as $who: the guest came to its end"
    is "$(grep -E "opened (195|$UVM_MAJOR)$" "$WORK/$who")" "" "as $who: no way leads to the driver's own nodes"
    is "$(grep -c ': opened' "$WORK/$who")" "$(grep -cE "^(as it is meant|passed over a socket|writing|creating|openat2): opened $ours$" "$WORK/$who")" \
        "as $who: what was opened came from the broker"
    is "$(grep -cE '^(io_uring|reading|truncating|access mode 3|creat|mknod in /tmp|a file handle): (EACCES|EPERM|EINVAL|ENOSYS|EOPNOTSUPP)$' "$WORK/$who")" \
        7 "as $who: the others were refused"
    sed 's/^/# /' "$WORK/$who"
done
"${RUN[@]}" --opens=all -- "${AS_ROOT[@]}" "$HOSTILE/routes" "$UVM_MAJOR" >"$WORK/all" 2>&1
is $? 0 "with all opens: the guest came to its end"
is "$(grep -E "opened (195|$UVM_MAJOR)$" "$WORK/all")" "" "with all opens: no way leads to the driver's own nodes"
is "$(grep -cE "^(reading|truncating|creat|a path, reopened for reading): opened $ours$" "$WORK/all")" 4 "with all opens: the others are served"
is "$(grep -cE '^(io_uring|access mode 3|a file handle): (EACCES|EPERM|EINVAL|ENOSYS|EOPNOTSUPP)$' "$WORK/all")" 3 \
    "with all opens: what the broker does not see is refused"
sed 's/^/# /' "$WORK/all"
