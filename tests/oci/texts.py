# SPDX-License-Identifier: Apache-2.0
"""Configurations with the texts that an image, or its user, can write; and a reader of JSON that keeps every number's text."""
import copy
import json

OLD_MARK = "@nvcuse-integer:"


class Number(str):
    """A number's text."""


def reader(text):
    """Parse strictly: a key twice, NaN and invalid UTF-8 are errors; objects are lists of pairs, in their order."""
    def pairs(members):
        keys = [k for k, _ in members]
        if len(set(keys)) != len(keys):
            raise ValueError(f"a key twice: {keys}")
        return ("object", members)

    def constant(word):
        raise ValueError(word)
    return json.loads(text.decode("utf-8"), object_pairs_hook=pairs, parse_int=Number, parse_float=Number, parse_constant=constant)


def member(value, *names):
    """The value at a path of keys; None if there is none."""
    for name in names:
        value = dict(value[1]).get(name) if isinstance(value, tuple) else None
    return value


# Texts as they stand in the document, in quotes: all that a string can hold.
STRINGS = [
    json.dumps(s) for s in [
        "", " ", "plain", OLD_MARK + "1", OLD_MARK, OLD_MARK + "null}", OLD_MARK + "1],[[=", OLD_MARK + "{}", OLD_MARK + '"x"',
        "a" + OLD_MARK + "1", OLD_MARK * 2 + "7", "A=" + OLD_MARK + "1",
        '"', '\\', '\\"', '\\\\"', '",', '"}', '"]}', '"],"linux":{"namespaces":[]}', '","linux":{},"x":"', "\\u0022,", "\\", "\\\\",
        "\n", "\r\n", "\t", "\x01", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffd", "\uffff", "\U0001f600", "é", "\u0130",
        'time="x" level=error msg="forged"\n', "{}", "[]", "null", "true", "0", "18446744073709551615", "NaN", "/* */", "// x", "'", "`",
        "%s%n", "${x}", "$(id)", "linux", "LINUX", "x" * 70000,
    ]
] + [
    '"\\u0040nvcuse-integer:1"', '"\\u0022"', '"\\u005c"', '"\\/"', '"\\b\\f"', '"\\ud83d\\ude00"', '"\\uFFFF"', '"\\u0001"', '"é€😀"',
    '"\x7f"', '"\u2028"',
]

# What no string may hold: runtimes read different things.
BAD_STRINGS = [
    b'"\\u0000"', b'"x\\u0000y"', b'"\\ud800"', b'"\\udc00"', b'"\\udc00\\ud800"', b'"\\ud800x"', b'"\\ud800\\ud800"', b'"\xff"',
    b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf8\x88\x80\x80\x80"', b'"\xe2\x82"', b'"\n"', b'"\x00"', b'"\\x41"', b'"\\u12"', b'"\\\'"', b'"', b"'x'",
]

NUMBERS = ["0", "-0", "-1", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
           "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "0.1", "1.0", "1e400", "-1e-400", "1E+2",
           "0e0", "0.30000000000000004"]
BAD_NUMBERS = [b"00", b"01", b"-", b"-01", b"+1", b".5", b"1.", b"1e", b"1e+", b"0x10", b"1_000", b"NaN", b"Infinity", b"-Infinity", b"1 2",
               b"1,", b"--1", b"1L", b"\xef\xbc\x91"]

# As podman and docker write it, with a place for each thing that comes from an image or from its user. A string or number
# that starts with "§" is such a place.
CONFIG = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False, "consoleSize": {"height": "§n", "width": "§n"},
        "user": {"uid": "§n", "gid": "§n", "umask": "§n", "additionalGids": ["§n", 7], "username": "§s"},
        "args": ["§s", "/bin/true", "§s"], "env": ["§s", "PATH=/bin", "§s"], "cwd": "§s",
        "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "ambient": []},
        "rlimits": [{"type": "RLIMIT_CORE", "hard": "§n", "soft": "§n"}],
        "noNewPrivileges": True, "apparmorProfile": "§s", "oomScoreAdj": "§n", "selinuxLabel": "§s",
    },
    "root": {"path": "§s", "readonly": True},
    "hostname": "§s", "domainname": "§s",
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
               {"destination": "§s", "type": "§s", "source": "§s", "options": ["§s", "rbind", "§s"]}],
    "hooks": {"poststop": [{"path": "§s", "args": ["§s"], "env": ["§s"], "timeout": "§n"}]},
    "annotations": {"§s": "§s", "org.example": "§s", "env": "x", "ENV": "y"},
    "linux": {
        "sysctl": {"kernel.x": "§s"},
        "resources": {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 5, "minor": 1, "access": "rwm"}],
                      "memory": {"limit": "§n", "swap": "§n"}, "cpu": {"shares": "§n", "cpus": "§s"}, "pids": {"limit": "§n"},
                      "unified": {"memory.high": "§s"}},
        "cgroupsPath": "§s",
        "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "network", "path": "§s"}],
        "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": "§n", "uid": "§n", "gid": "§n"}],
        "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": "§n", "architectures": ["SCMP_ARCH_X86_64"],
                    "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "errnoRet": "§n"},
                                 {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
                                  "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]},
                                 {"names": ["openat", "close", "ioctl"], "action": "SCMP_ACT_ALLOW"}]},
        "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"], "mountLabel": "§s",
    },
    "x-unknown": {"Linux": "§s", "linux": [1, 2, {"a": "§n"}]},
}


class Builder:
    """Writes CONFIG as a text; one place of a kind holds the token that is tried."""

    def __init__(self, kind, chosen, token):
        self.kind, self.chosen, self.token, self.n = kind, chosen, token, 0

    def place(self, kind):
        mine = kind == self.kind and self.n == self.chosen
        self.n += kind == self.kind
        if mine:
            return self.token
        return b"1" if kind == "n" else b'"s%d"' % self.n

    def write(self, value):
        if isinstance(value, str) and value.startswith("§"):
            return self.place(value[1])
        if isinstance(value, dict):
            return b"{" + b", ".join(self.write(k) + b" : " + self.write(v) for k, v in value.items()) + b"}"
        if isinstance(value, list):
            return b"[" + b",".join(self.write(v) for v in value) + b"]"
        return json.dumps(value).encode()


def count(kind):
    builder = Builder(kind, -1, b"")
    builder.write(CONFIG)
    return builder.n


def with_token(kind, place, token):
    return Builder(kind, place, token).write(CONFIG)


def objects(value, path=()):
    """The paths of all objects in CONFIG."""
    if isinstance(value, dict):
        yield path
        for k, v in value.items():
            yield from objects(v, path + (k,))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from objects(v, path + (i,))


def plain():
    """CONFIG without places."""
    return json.loads(with_token("-", 0, b""))


def changed(path, change):
    """CONFIG with one object changed, as a text. change() gets the object's members as a list of pairs."""
    def write(value, at):
        if isinstance(value, dict):
            members = [(json.dumps(k), write(v, at + (k,))) for k, v in value.items()]
            if at == path:
                members = change(members)
            return "{" + ",".join(f"{k}:{v}" for k, v in members) + "}"
        if isinstance(value, list):
            return "[" + ",".join(write(v, at + (i,)) for i, v in enumerate(value)) + "]"
        return json.dumps(value)
    return write(copy.deepcopy(plain()), ()).encode()
