# SPDX-License-Identifier: Apache-2.0
# Turn meson's testlog.txt into TAP: the lines that Criterion wrote, with the program's name; or, for a program that wrote
# none, one line with its exit status. A program that failed although none of its tests did gets a line as well.

function finish() {
    if (test == "")
        return
    if (result == "exit status 77" && !lines)
        print "ok - " suite " " test " # SKIP exit status 77"
    else if (result == "exit status 0" && !lines)
        print "ok - " suite " " test
    else if (result != "exit status 0" && !failures)
        print "not ok - " suite " " test ": " result
    test = ""
}

/^test: / { finish(); test = $2; lines = failures = 0 }
/^result: / { sub(/^result: */, ""); result = $0 }
test != "" && /^(not )?ok / {
    lines++
    failures += /^not /
    sub(/ok - /, "ok - " suite " " test " ")
    sub(/ +\([0-9.]+s\)$/, "")
}
test != "" && /^(not )?ok |^  / # a failed test's details are the indented lines under it
END { finish() }
