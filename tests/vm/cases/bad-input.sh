# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A guest that passes arguments that no library would: it gets the errno or status of the rules, and the host gets no call.

# 0x56 NV_ERR_NOT_SUPPORTED, 0x23 NV_ERR_INVALID_CLIENT, 0x22 NV_ERR_INVALID_CLASS, 0x1f NV_ERR_INVALID_ARGUMENT
cat >"$WORK/wanted" <<END
unknown frontend ioctl: EINVAL
version query of 12 bytes: EINVAL
transfer command: EINVAL
unknown UVM ioctl: EINVAL
UVM write to process memory: EINVAL
frontend ioctl on UVM: EINVAL
UVM ioctl on nvidiactl: EINVAL
a terminal's ioctl: EINVAL
system parameters, a byte short: EINVAL
system parameters, a byte long: EINVAL
control of no size: EINVAL
alloc of 40 bytes: EINVAL
free of 16383 bytes: EINVAL
null: EFAULT
unmapped: EFAULT
kernel address: EFAULT
non-canonical address: EFAULT
half a struct before unreadable memory: EFAULT
version query into read-only memory: EFAULT
unknown control command: 0 0x56
control, null parameters: EINVAL
control, parameters of no size: EINVAL
control, unmapped parameters: EFAULT
control, 4 GiB of parameters: EINVAL
control, as much as CUSE carries: 0
control, a byte more: 0
control, as much as the driver takes: 0
control, a byte more than that: EINVAL
control, as much, its last byte unmapped: EFAULT
alloc under a foreign client: 0 0x23
alloc of an unknown class: 0 0x22
alloc of an event without parameters: EFAULT
register a descriptor, closed: EINVAL
register a descriptor, negative: EINVAL
register a descriptor, a regular file: EINVAL
register a descriptor, the wrong device: EINVAL
UVM memory of a wrong file: 0 0x1f
read: EINVAL
write: EINVAL
mmap: EINVAL
a 32-bit ioctl: EOPNOTSUPP
a struct at the end of a page: 0
and its answer: $LAB_DRIVER
version query, direction none: 0
and its answer: $LAB_DRIVER
version query, direction in: 0
and its answer: $LAB_DRIVER
version query, direction out: 0
and its answer: $LAB_DRIVER
END
nvcuse run --call-log "$WORK/trace" -- "$BUILD/tests/hostile/bad-input" >"$WORK/got" 2>"$WORK/errors"
is $? 0 "the guest came to its end"
same_file "$WORK/got" "$WORK/wanted" "what the guest got"

# The version queries are valid calls, though one has no place for its answer; the driver decides about the largest controls.
awk '$0 ~ / forwarded / { print $1, $2 }' "$WORK/trace" >"$WORK/forwarded"
printf '%s\n' "nvidiactl open" "nvidia-uvm open" "nvidiactl NV_ESC_CHECK_VERSION_STR" "nvidiactl NV_ESC_RM_CONTROL" \
    "nvidiactl NV_ESC_RM_CONTROL" "nvidiactl NV_ESC_RM_CONTROL" "nvidiactl NV_ESC_CHECK_VERSION_STR" \
    "nvidiactl NV_ESC_CHECK_VERSION_STR" "nvidiactl NV_ESC_CHECK_VERSION_STR" "nvidiactl NV_ESC_CHECK_VERSION_STR" >"$WORK/wanted-calls"
same_file "$WORK/forwarded" "$WORK/wanted-calls" "what reached the host"
leaves_nothing "nothing is left of it"
