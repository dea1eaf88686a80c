# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Debian packages that are unpacked into the cache, but not installed: kernels, and NVIDIA's driver sets.
#
# apt runs with a state of its own, whose sources are the machine's own Debian sources with more components (and, for a
# package of another Debian release, that release's name). The machine's own apt lists and packages do not change.

# Days after which the package lists are fetched again.
APT_LISTS_DAYS=7

apt_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# Write the machine's Debian sources for RELEASE, with every component, to DIR. RELEASE is a release ("trixie"), with its
# updates, or a single suite of it ("trixie-backports").
# usage: apt_write_sources RELEASE DIR
apt_write_sources() {
    local release=$1 dir=$2 own file more='[- \t\n]' pocket='\S*' suites
    own=$(apt_codename)
    suites="s/\\b$own/$release/g"
    if [[ $release == *-* ]]; then
        pocket='' more='[ \t\n]' suites="s/:.*/: $release/"
    fi
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -e $file ]] || continue
        # A file consists of paragraphs; keep those about this release of Debian itself.
        awk -v RS= -v ORS='\n\n' -v own="$own" -v more="$more" \
            '$0 ~ "(^|\n)Suites:[^\n]* " own more && /(^|\n)Components:[^\n]* main/' "$file" |
            sed -e '/^Components:/s/:.*/: main contrib non-free non-free-firmware/' -e "/^Suites:/$suites" \
                >"$dir/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -e $file ]] || continue
        sed -nE "s/^(deb .*\\s)$own($pocket)\\s+main\\b.*/\\1$release\\2 main contrib non-free non-free-firmware/p" "$file" \
            >"$dir/$(basename "$file" .list).list"
    done
    find "$dir" -size 0 -delete
    [[ -n $(ls -A "$dir") ]] || {
        say "no Debian source for $own in this machine's apt configuration: add one to /etc/apt/sources.list.d"
        return 1
    }
}

# Run an apt tool for RELEASE with the private state.
# usage: apt_run RELEASE TOOL ARGS...
apt_run() {
    local dir=$CACHE/apt/$1 tool=$2
    shift 2
    # The status file is empty: for this apt nothing is installed, so that the machine's packages never make it refuse.
    "$tool" -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$dir/sources" -o Dir::State="$dir/state" \
        -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# Fetch the package lists of RELEASE if there are none or if they are old. Without a network old lists are used.
apt_refresh() {
    local release=$1 dir=$CACHE/apt/$1
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    (
        flock 9
        [[ -z $(find "$dir/fresh" -mtime "-$APT_LISTS_DAYS" 2>/dev/null) || ${2:-} == now ]] || exit 0
        rm -rf "$dir/sources"
        mkdir "$dir/sources"
        apt_write_sources "$release" "$dir/sources" || exit 1
        if step "fetching Debian's package lists ($release)" "$dir/update.log" \
            apt_run "$release" apt-get -o APT::Update::Error-Mode=any update; then
            touch "$dir/fresh"
        else
            [[ -e $dir/fresh ]]
        fi
    ) 9>"$dir/lock"
}

# Print the newest version of PACKAGE in RELEASE that starts with PREFIX (which may be empty).
# usage: apt_version RELEASE PACKAGE PREFIX
apt_version() {
    apt_run "$1" apt-cache madison "$2" 2>/dev/null |
        awk -F' *[|] *' -v prefix="$3" 'index($2, prefix) == 1 && !found { print $2; found = 1 }' | grep .
}

# Print the package that PACKAGE of RELEASE depends on and whose name matches REGEX.
apt_dependency() {
    apt_run "$1" apt-cache depends "$2" | awk -v re="$3" '$1 == "Depends:" && $2 ~ re { print $2; exit }' | grep .
}

# Download packages (NAME=VERSION) of RELEASE and unpack them into DIR.
# usage: apt_unpack RELEASE DIR NAME=VERSION...
apt_unpack() {
    local release=$1 dir=$2 debs deb
    shift 2
    debs=$(mktemp -d)
    (cd "$debs" && apt_run "$release" apt-get download "$@") || { rm -rf "$debs"; return 1; }
    for deb in "$debs"/*.deb; do
        dpkg-deb -x "$deb" "$dir" || { rm -rf "$debs"; return 1; }
    done
    rm -rf "$debs"
}
