# SPDX-License-Identifier: Apache-2.0
# bash completion for nvcuse: what it offers comes from the program's own --help.
_nvcuse_options() { nvcuse "$1" --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u; }

_nvcuse() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$(nvcuse --help | awk '/^  [a-z]/ { print $1 }') --help --version" -- "$word")
        return
    fi
    case $previous in
    --driver-policy) mapfile -t COMPREPLY < <(compgen -W "qualified known series" -- "$word") ;;
    --driver) mapfile -t COMPREPLY < <(compgen -W "host latest $(nvcuse drivers list 2>/dev/null | awk '{ print $1 }')" -- "$word") ;;
    --gpus) mapfile -t COMPREPLY < <(compgen -W "all none $(sed -n "s,^GPU UUID:[[:space:]]*,,p" /proc/driver/nvidia/gpus/*/information 2>/dev/null)" -- "$word") ;;
    --caps) mapfile -t COMPREPLY < <(compgen -W "compute utility graphics video all" -- "$word") ;;
    --mig) mapfile -t COMPREPLY < <(compgen -W "none config monitor config,monitor" -- "$word") ;;
    --uvm-sharing) mapfile -t COMPREPLY < <(compgen -W "process multi-process" -- "$word") ;;
    --opens) mapfile -t COMPREPLY < <(compgen -W "usual all" -- "$word") ;;
    --gpu-memory | --pinned-memory) mapfile -t COMPREPLY < <(compgen -W "max" -- "$word") ;;
    --managed-memory) mapfile -t COMPREPLY < <(compgen -W "free refuse" -- "$word") ;;
    --imex-channels) mapfile -t COMPREPLY < <(compgen -W "none" -- "$word") ;;
    --transport) mapfile -t COMPREPLY < <(compgen -W "auto cuse notify" -- "$word") ;;
    --guest-memory) mapfile -t COMPREPLY < <(compgen -W "auto direct retry" -- "$word") ;;
    --on-worker-death) mapfile -t COMPREPLY < <(compgen -W "end restart" -- "$word") ;;
    --audit) mapfile -t COMPREPLY < <(compgen -f -W "auto journal none -" -- "$word") ;;
    --textfile-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --config | --call-log | --record | --simulate | --log | --from | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_nvcuse_options "$command")" -- "$word")
        elif [[ $command == run ]]; then
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
        elif [[ $command == explain || $command == limit || $command == pause || $command == resume ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(nvcuse ps 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$word")
        elif [[ $command == cdi ]]; then
            mapfile -t COMPREPLY < <(compgen -W "generate list" -- "$word")
        elif [[ $command == install ]]; then
            mapfile -t COMPREPLY < <(compgen -W "docker podman containerd crio" -- "$word")
        elif [[ $command == drivers ]]; then
            mapfile -t COMPREPLY < <(compgen -W "list latest host show checksum" -- "$word")
        elif [[ $command == trace ]] && ((COMP_CWORD > 2)); then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        elif [[ $command == trace ]]; then
            mapfile -t COMPREPLY < <(compgen -W "show stats diff scrub replay" -- "$word")
        elif [[ $command == abi ]]; then
            mapfile -t COMPREPLY < <(compgen -W "list layout show diff" -- "$word")
        fi
        ;;
    esac
}
complete -F _nvcuse nvcuse
