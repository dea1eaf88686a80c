# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# An instance for containers that another program runs: it reports that it is ready, takes any number of listeners, and ends
# when told.

# A supervisor's end of the readiness protocol. Its socket is not in $WORK, because 9p has no sockets.
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
while True:
    state = s.recv(100).decode()
    print(state, flush=True)
    if state == "STOPPING=1":
        break' "/run/serve.notify" >"$WORK/states" &
supervisor=$!
eventually 10 test -S "/run/serve.notify"

printf '[instance]\nname = web\ncaps = compute,utility\n' >"$WORK/config"
NOTIFY_SOCKET=/run/serve.notify nvcuse serve --config "$WORK/config" --call-log "$WORK/trace" >"$WORK/serve.out" 2>&1 &
server=$!
holds "it says when it is ready" eventually 30 grep -qx READY=1 "$WORK/states"
holds "its devices are there then" is_served web
is "$(stat -c %a /run/nvcuse/web.sock)" 600 "its socket is root's alone"

nvidia-smi >"$WORK/native" 2>&1
native=$?
for i in 1 2 3; do
    "$BUILD/tests/container/oci-client" /run/nvcuse/web.sock nvidia-smi >"$WORK/container-$i" 2>&1 &
done
for job in $(jobs -p | grep -vxE "$supervisor|$server"); do
    wait "$job"
    is $? "$native" "a container's nvidia-smi ends as natively"
done
for i in 1 2 3; do
    same_file "$WORK/container-$i" "$WORK/native" "container $i says what it says natively"
done

# A client that sends nonsense gets an error, and the instance continues.
python3 -c '
import socket, sys
for nonsense in (b"", b"{", b"{\"fds\": [\"seccompFd\"]}", b"x" * 100000):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall(nonsense)
    s.close()' /run/nvcuse/web.sock
"$BUILD/tests/container/oci-client" /run/nvcuse/web.sock nvidia-smi >"$WORK/container-4" 2>&1
same_file "$WORK/container-4" "$WORK/native" "a container after nonsense at the socket"

written=$(stat -c %s "$WORK/trace")
nvcuse serve --name web --call-log "$WORK/trace" >"$WORK/again.out" 2>&1
is $? 1 "a second instance of the name is refused"
holds "because the name is taken" grep -qF "instance 'web' is running" "$WORK/again.out"
holds "and leaves the first one's table of calls alone" test "$(stat -c %s "$WORK/trace")" -ge "$written"
# What an instance leaves that is killed before it serves; and nvcuse ps while another one of the name starts.
mkdir /run/nvcuse/left
nvcuse ps >"$WORK/ps" 2>&1
holds "nvcuse ps lists the instance" grep -q '^web ' "$WORK/ps"
holds "and removes the directory of one that is gone" test ! -e /run/nvcuse/left
nvcuse serve --name web4 --transport rail >"$WORK/value.out" 2>&1
is $? 2 "a value that does not exist is refused"
holds "whatever the host has" grep -qF "nvcuse serve: --transport: 'rail': expected auto, cuse or notify" "$WORK/value.out"
nvcuse serve >"$WORK/nameless.out" 2>&1
is $? 1 "an instance without a name is refused"
printf '[instance]\nname = web2\ngpu = all\n' >"$WORK/misspelt"
nvcuse serve --config "$WORK/misspelt" >"$WORK/misspelt.out" 2>&1
is $? 2 "a misspelt key is refused"
holds "and named, with its line and what was meant" \
    grep -qF "$WORK/misspelt:3: unknown option 'gpu'; did you mean 'gpus'?" "$WORK/misspelt.out"
printf '[instance]\nname = web3\n# the host has no such GPU\ngpus = 200\n' >"$WORK/absent"
nvcuse serve --config "$WORK/absent" >"$WORK/absent.out" 2>&1
is $? 1 "a GPU that is not there is refused"
holds "with the line that asks for it" grep -qF "$WORK/absent:4: gpus: GPU '200' not found: expected one of this host's" "$WORK/absent.out"
mkdir -p /etc/nvcuse && printf '[instance]\nthreads = 0\n' >/etc/nvcuse/usual.conf
nvcuse serve --name usual >"$WORK/usual.out" 2>&1
holds "a name's own file in /etc/nvcuse is read" grep -qF "/etc/nvcuse/usual.conf:2: threads: " "$WORK/usual.out"
rm /etc/nvcuse/usual.conf

kill -TERM "$server"
wait "$server"
is $? 0 "SIGTERM ends it well"
wait "$supervisor"
is "$(tail -n 1 "$WORK/states")" STOPPING=1 "it says that it ends"
holds "the table of calls has a summary" grep -q '^# .* calls' "$WORK/trace"
rm -f /run/serve.notify
leaves_nothing "nothing is left of it"
