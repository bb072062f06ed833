#!/usr/bin/env bash
# cmake --install puts everything into place, and what is there works: programs, manual pages, completion, sweeps, job
# scripts.
# Usage: test_install.sh BUILD_DIRECTORY
set -euo pipefail
build=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
fail() {
    echo "FAILED: $*"
    exit 1
}

cmake --install "$build" --prefix "$prefix" >/dev/null
export PATH=$prefix/bin:$PATH
for program in picky picky-analyse; do
    $program --version | grep -qE "^$program [0-9.]+ \\(.*, build [0-9a-f]{12}\\), arithmetic 1, schema [0-9]+\$" || fail "$program --version"
done
for command in run plan status verify merge extend train bench; do
    grep -q "^\.SH picky $command$" "$prefix/share/man/man1/picky.1" || fail "the manual page has no picky $command"
done
for command in summary claims plot report export; do
    grep -q "^\.SH picky-analyse $command" "$prefix/share/man/man1/picky-analyse.1" ||
        fail "the manual page has no picky-analyse $command"
done
for page in picky picky-analyse; do
    # Every line of --help is there as it stands.
    man_text=$(sed -e '/^\.\|^$/d' -e 's/\\-/-/g' -e 's/^\\&//' -e 's/\\e/\\/g' "$prefix/share/man/man1/$page.1")
    while IFS= read -r line; do
        grep -qxF -- "$line" <<<"$man_text" || fail "$page.1 lacks: $line"
    done < <("$page" --help | grep .)
done

# Completion, as bash asks for it.
completes() { # RESULT WORD... the last one is to be completed
    local result=$1 words
    shift
    # shellcheck disable=SC1090,SC1091,SC2317
    words=$(. "$prefix/share/bash-completion/completions/$1" && compopt() { :; } && COMP_WORDS=("$@") &&
        COMP_CWORD=$(($# - 1)) && COMPREPLY=() && _picky && printf '%s\n' "${COMPREPLY[@]}")
    grep -qxF -- "$result" <<<"$words" || fail "completion of $*: $words"
}
completes status picky st
completes summary picky-analyse su
completes --resume picky run --res
completes heatmap picky-analyse plot heat
completes --keep-script picky-analyse plot ri --keep
completes 'hidden_size=' picky run --set hidden_s

cd "$prefix"
picky plan share/picky/sweeps/notebook.cfg >/dev/null
for script in sweep array merge analyse; do
    bash -n "share/picky/jobscripts/$script.sbatch"
done
for document in doc/picky/README.md doc/picky/CHANGELOG.md doc/picky/copyright picky/jobscripts/README.md; do
    [[ -s share/$document ]] || fail "share/$document is missing"
done
