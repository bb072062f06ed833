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
completes bench picky help b
completes summary picky-analyse su
completes --resume picky run --res
completes heatmap picky-analyse plot heat
completes --keep-script picky-analyse plot ri --keep
completes 'hidden_size=' picky run --set hidden_s
completes 'hidden_size=' picky-analyse summary x.h5 --where hid
completes random picky run --set train_mode = ''
completes replay picky run --set train_mode = re
completes variance picky-analyse plot ri x.h5 --where standardise =
completes equal picky train --set fraction = eq
completes start picky run --set context_location =
completes N_train picky status x.h5 --by N_
completes hidden_layers picky-analyse plot ri-grid x.h5 --rows hidden_l
completes dip,selective_1 picky-analyse summary x.h5 --statistic dip,sel
completes jaccard picky-analyse plot heatmap x.h5 --statistic ja
completes taylor_mean picky-analyse plot ri x.h5 --measure = ta
completes accepted,rejected picky-analyse summary x.h5 --status accepted,rej
completes replay_selects picky-analyse claims x.h5 --claim rep
completes layer picky-analyse plot ri x.h5 --normalise l
completes important picky-analyse claims x.h5 --of imp
completes portable picky bench --simd por
completes error picky run sweep.cfg --resume --retry ''
# The same in zsh and fish, where they are there.
tests=$(dirname "$0")
others_complete() { # RESULT LINE
    local words
    if command -v zsh >/dev/null; then
        words=$(timeout 60 zsh -f "$tests/completion.zsh" "$prefix/share/zsh/site-functions" "$2") || true
        grep -qxF -- "${1%=}" <<<"$words" || fail "completion in zsh of $2: $words"
    fi
    if command -v fish >/dev/null; then
        # shellcheck disable=SC2016  # fish's
        words=$(fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
            "$prefix/share/fish/vendor_completions.d/${2%% *}.fish" "$2")
        grep -qxF -- "$1" <<<"$words" || fail "completion in fish of $2: $words"
    fi
}
others_complete status 'picky st'
others_complete bench 'picky help b'
others_complete heatmap 'picky-analyse plot heat'
others_complete --resume 'picky run --res'
others_complete hidden_size= 'picky run --set hidden_s'
others_complete train_mode=replay 'picky run --set train_mode=re'
others_complete dip,selective_1 'picky-analyse summary x.h5 --statistic dip,sel'
others_complete --measure=taylor_mean 'picky-analyse plot ri x.h5 --measure=ta'
# What the file itself lists is what the programs know.
for word in accepted rejected diverged error model epoch neuron swept all; do
    picky-analyse export --help | grep -qw "$word" || fail "export knows no $word, which completion gives"
done

cd "$prefix"
picky plan share/picky/sweeps/notebook.cfg >/dev/null
for script in sweep array merge analyse; do
    bash -n "share/picky/jobscripts/$script.sbatch"
done
for document in doc/picky/README.md doc/picky/CHANGELOG.md doc/picky/copyright picky/jobscripts/README.md; do
    [[ -s share/$document ]] || fail "share/$document is missing"
done
# Every page that help and manual pages name is installed; each command names one.
for page in $(cat share/man/man1/*.1 | sed 's/\\-/-/g' | grep -oE '[a-z-]+\.md' | sort -u) first-look.ipynb; do
    [[ -s share/doc/picky/$page ]] || fail "share/doc/picky/$page, which a help names, is missing"
done
for program in picky picky-analyse; do
    sections=$(grep -c "^\.SH $program " share/man/man1/$program.1) more=$(grep -c '^More: ' share/man/man1/$program.1)
    [[ $sections == "$more" && $more -gt 4 ]] || fail "$program: $more of $sections commands name a page"
done
