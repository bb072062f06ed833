# Completion for picky and picky-analyse in bash. Commands and options are those that --help names.
_picky()
{
    local program=${COMP_WORDS[0]} name=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} words command
    command=("${COMP_WORDS[1]}")
    [[ ${command[0]} == plot ]] && command+=("${COMP_WORDS[2]}")
    if ((COMP_CWORD <= ${#command[@]})); then
        words=$("$program" --help 2>/dev/null | sed -n "s/^ *$name ${COMP_WORDS[*]:1:COMP_CWORD-1} *\([a-z][a-z-]*\).*/\1/p")
        mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$word")
    elif [[ $word == -* ]]; then
        words=$("$program" "${command[@]}" --help 2>/dev/null | grep -oE '(^|[ [])--[a-z][a-z-]*' | tr -d ' [' | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$word")
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == --set && $name == picky ]]; then
        words=$("$program" run --help 2>/dev/null | sed -n '/^Hyperparameters/,$s/^  \([A-Za-z_]\+\) .*/\1=/p')
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        compopt -o nospace
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
    fi
}
complete -F _picky picky picky-analyse
