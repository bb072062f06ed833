# Completion for picky and picky-analyse in bash. Commands, options, hyperparameters and their values are those that
# --help names; other names are those that the program says are allowed where it is given none.

# Words that are allowed as VALUE: _picky_values PROGRAM COMMAND OPTION KEY; KEY is that of KEY=VALUE.
_picky_values()
{
    local program=$1 command=$2 option=$3 key=$4 name=${1##*/} help
    if [[ $option == --@(set|by|where|compare|rows|columns) ]]; then
        help=$("${program%"$name"}picky" run --help 2>/dev/null | sed -n '/^Hyperparameters/,$p')
        if [[ -n $key ]]; then # the words in quotes of the row's lines
            sed -n "/^  $key /,/^  [A-Za-z]/p" <<<"$help" | sed "1!{/^  [A-Za-z]/d}" | grep -oE '"[a-z]+"' | tr -d '"'
        else
            sed -n 's/^  \([A-Za-z_]\+\) .*/\1/p' <<<"$help"
        fi
        return
    fi
    case $option in
    --status) echo accepted rejected diverged error ;;
    --retry) echo error ;;
    --each) echo model epoch neuron ;;
    --keys) echo swept all ;;
    --palette) echo safe grey ;;
    --measure | --normalise | --of | --statistic | --claim | --simd)
        # shellcheck disable=SC2086
        "$program" $command "$option" '?' 2>&1 </dev/null | sed -n 's/.*allowed: \(NAME,... of\)\{0,1\}//p' | grep -oE '[a-z][a-z0-9_]*' ;;
    esac
}

_picky()
{
    local program=${COMP_WORDS[0]} name=${COMP_WORDS[0]##*/} word=${COMP_WORDS[COMP_CWORD]} words command
    local option=${COMP_WORDS[COMP_CWORD - 1]} key='' first
    command=("${COMP_WORDS[1]}")
    [[ ${command[0]} == plot ]] && command+=("${COMP_WORDS[2]}")
    # bash cuts KEY=VALUE and --OPTION=VALUE at the =, which is a word of its own.
    if [[ $word == = || $option == = ]] && ((COMP_CWORD > 2)); then
        first=$((COMP_CWORD - 2))
        [[ $word == = ]] && first=$((COMP_CWORD - 1)) word=
        key=${COMP_WORDS[first]} option=${COMP_WORDS[first - 1]}
        [[ $key == --* ]] && option=$key key=''
    fi
    if [[ ${command[0]} == help && $COMP_CWORD == 2 ]]; then
        words=$("$program" --help 2>/dev/null | sed -n "/ help COMMAND/d;s/^ *$name *\([a-z][a-z-]*\).*/\1/p")
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    elif ((COMP_CWORD <= ${#command[@]})); then
        words=$("$program" --help 2>/dev/null | sed -n "s/^ *$name ${COMP_WORDS[*]:1:COMP_CWORD-1} *\([a-z][a-z-]*\).*/\1/p")
        mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$word")
    elif [[ $word == -* ]]; then
        words=$("$program" "${command[@]}" --help 2>/dev/null | grep -oE '(^|[ [])--[a-z][a-z-]*' | tr -d ' [' | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$word")
    else
        words=$(_picky_values "$program" "${command[*]}" "$option" "$key")
        if [[ -z $words ]]; then
            [[ -n $key ]] && return
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames
        elif [[ -z $key && $option == --@(set|where) ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$words" -S = -- "$word")
            compopt -o nospace
        else # of a list the last name
            first=${word%"${word##*,}"}
            mapfile -t COMPREPLY < <(compgen -P "$first" -W "$words" -- "${word##*,}")
        fi
    fi
}
complete -F _picky picky picky-analyse
