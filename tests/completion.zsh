#!/usr/bin/env zsh
# What zsh's completion gives for a command line, a word a line. Usage: completion.zsh FOLDER LINE; FOLDER has _picky.
zmodload zsh/zpty
zmodload zsh/zselect
matches=$(mktemp)
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)1} \$fpath) MATCHES=$matches; autoload -Uz compinit && compinit -D -u; zstyle ':completion:*' menu no
compadd() { local -a m; builtin compadd -O m \"\$@\"; print -rl -- \$IPREFIX\${^m} >>\$MATCHES; builtin compadd \"\$@\" }
note_end() { print . >>\$MATCHES }; zle -N note_end; bindkey '^X^D' note_end; print ready >>\$MATCHES"
wait_for() { for ((i = 0; i < 500; i++)); do grep -qxF -- $1 $matches && return; zselect -t 2; done; exit 1 }
wait_for ready
zpty -w -n shell "$2"$'\t\x18\x04'
wait_for .
grep -vxF -e ready -e . $matches
zpty -d shell
rm $matches
