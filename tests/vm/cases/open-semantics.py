# SPDX-License-Identifier: Apache-2.0
"""Inside a guest: open NVIDIA's nodes in every way, and print the results. See open-semantics.sh."""
import ctypes
import errno
import fcntl
import importlib
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
check_version = importlib.import_module("frontend-client").check_version

CTL = "/dev/nvidiactl"
AT_FDCWD = -100

# os.open() always adds O_CLOEXEC; the C library's does what it is told.
LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(name, path, flags=os.O_RDWR, dir_fd=AT_FDCWD):
    """Open, do one ioctl, close: an open file that is not the device is a failure."""
    fd = LIBC.openat(dir_fd, path.encode(), flags, 0o600)
    if fd < 0:
        print(name, errno.errorcode[ctypes.get_errno()])
        return
    try:
        check_version(fd)
        result = "works"
    except OSError as error:
        result = "opens, but its ioctl fails with " + errno.errorcode[error.errno]
    if fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
        result += " and is close-on-exec"
    os.close(fd)
    print(name, result)


def attempt_how(name, path, flags, resolve=0):
    """The same by openat2()."""
    fd = LIBC.syscall(437, AT_FDCWD, path.encode(), struct.pack("<3Q", flags, 0, resolve), 24)
    if fd < 0:
        print(name, errno.errorcode[ctypes.get_errno()])
        return
    call(name, fd)
    os.close(fd)


def call(name, fd):
    """Do one ioctl on an open descriptor."""
    try:
        check_version(fd)
        print(name, "works")
    except OSError as error:
        print(name, errno.errorcode[error.errno])


def main():
    for node in ("nvidiactl", "nvidia0", "nvidia-uvm"):
        number = os.stat("/dev/" + node).st_rdev
        print("stat", node, "%d:%d" % (os.major(number), os.minor(number)))

    attempt("O_RDWR", CTL)
    attempt("O_RDWR|O_CLOEXEC", CTL, os.O_RDWR | os.O_CLOEXEC)
    attempt("O_RDWR|O_NONBLOCK", CTL, os.O_RDWR | os.O_NONBLOCK)
    attempt("O_RDONLY", CTL, os.O_RDONLY)
    attempt("O_WRONLY", CTL, os.O_WRONLY)
    attempt("O_RDWR|O_CREAT", CTL, os.O_RDWR | os.O_CREAT)
    attempt("O_RDWR|O_CREAT|O_EXCL", CTL, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    attempt("O_WRONLY|O_CREAT", CTL, os.O_WRONLY | os.O_CREAT)
    attempt_how("openat2", CTL, os.O_RDWR)
    attempt_how("openat2, O_RDONLY", CTL, os.O_RDONLY)
    attempt_how("openat2, RESOLVE_NO_SYMLINKS", CTL, os.O_RDWR, 4)
    attempt_how("openat2, RESOLVE_CACHED", CTL, os.O_RDWR, 32)
    attempt("O_RDWR|O_DIRECTORY", CTL, os.O_RDWR | os.O_DIRECTORY)

    with tempfile.TemporaryDirectory() as directory:
        link, second = os.path.join(directory, "link"), os.path.join(directory, "second")
        os.symlink(CTL, link)
        os.symlink("link", second)
        attempt("symlink", link)
        attempt("symlink to a symlink", second)
        attempt("symlink, O_NOFOLLOW", link, os.O_RDWR | os.O_NOFOLLOW)

    os.chdir("/dev")
    dev = os.open("/dev", os.O_RDONLY | os.O_DIRECTORY)
    attempt("relative to the working directory", "nvidiactl")
    os.chdir("/")
    attempt("relative to a directory descriptor", "nvidiactl", dir_fd=dev)
    attempt("with dots", "/dev/../dev/./nvidiactl")
    attempt("through /proc/self/root", "/proc/self/root/dev/nvidiactl")
    os.chdir("/dev")
    attempt("through /proc/self/cwd", "/proc/self/cwd/nvidiactl")

    fd = os.open(CTL, os.O_RDWR)
    attempt("/proc/self/fd of an open file", "/proc/self/fd/%d" % fd)
    path_fd = os.open(CTL, os.O_PATH)
    attempt("/proc/self/fd of an O_PATH descriptor", "/proc/self/fd/%d" % path_fd)
    call("an O_PATH descriptor of the node", path_fd)
    call("an O_PATH descriptor of an open file", os.open("/proc/self/fd/%d" % fd, os.O_PATH))
    call("a duplicate", os.dup(fd))
    later = os.open(CTL, os.O_RDWR)
    print("names", os.readlink("/proc/self/fd/%d" % fd), os.readlink("/proc/self/fd/%d" % later))

    attempt("under a file", CTL + "/nvidiactl")
    attempt("missing", "/dev/nvidiactl-missing")
    attempt("nvidia0", "/dev/nvidia0")

    jail = tempfile.mkdtemp()
    node = os.path.join(jail, "node")
    os.close(os.open(node, os.O_CREAT | os.O_WRONLY))
    subprocess.run(["mount", "--bind", CTL, node], check=True)
    os.chroot(jail)
    os.chdir("/")
    attempt("in a changed root", "/node")
    attempt("above a changed root", "/../../node")
    os.setuid(65534)
    attempt("as another user", "/node")


if __name__ == "__main__":
    main()
