#compdef picky picky-analyse
# Completion for picky and picky-analyse in zsh; as picky.bash: from what --help and refusals name.

# Words that are allowed as VALUE: _picky_values PROGRAM COMMAND OPTION KEY; KEY is that of KEY=VALUE.
_picky_values() {
    local program=$1 command=$2 option=$3 key=$4 help
    case $option in
    --(set|by|where|compare|rows|columns))
        help=$(${program%${program:t}}picky run --help 2>/dev/null | sed -n '/^Hyperparameters/,$p')
        if [[ -n $key ]]; then # the words in quotes of the row's lines
            sed -n "/^  $key /,/^  [A-Za-z]/p" <<<$help | sed '1!{/^  [A-Za-z]/d}' | grep -oE '"[a-z]+"' | tr -d '"'
        else
            sed -n 's/^  \([A-Za-z_]\+\) .*/\1/p' <<<$help
        fi ;;
    --status) print -l accepted rejected diverged error ;;
    --retry) print error ;;
    --each) print -l model epoch neuron ;;
    --keys) print -l swept all ;;
    --palette) print -l safe grey ;;
    --(measure|normalise|of|statistic|claim|simd))
        $program ${=command} $option '?' 2>&1 </dev/null | sed -n 's/.*allowed: \(NAME,... of\)\{0,1\}//p' | grep -oE '[a-z][a-z0-9_]*' ;;
    esac
}

_picky() {
    local program=${~words[1]} name=${words[1]:t} option=${words[CURRENT - 1]} key= command values
    command=($words[2])
    [[ $words[2] == plot ]] && command+=($words[3])
    if [[ $words[2] == help && $CURRENT == 3 ]]; then
        values=(${(f)"$($program --help 2>/dev/null | sed -n "/ help COMMAND/d;s/^ *$name *\([a-z][a-z-]*\).*/\1/p")"})
        compadd -- ${(u)values}
        return
    fi
    if ((CURRENT == 2)) || [[ $CURRENT == 3 && $words[2] == plot ]]; then
        values=(${(f)"$($program --help 2>/dev/null | sed -n "s/^ *$name ${words[2,CURRENT-1]} *\([a-z][a-z-]*\).*/\1/p")"})
        compadd -- ${(u)values} --help
        return
    fi
    if compset -P 1 '--[a-z-]#='; then
        option=${IPREFIX%=}
    elif [[ $PREFIX == -* ]]; then
        values=(${(f)"$($program $command --help 2>/dev/null | grep -oE '(^|[ [])--[a-z][a-z-]*' | tr -d ' [')"})
        compadd -- ${(u)values} --help
        return
    fi
    if compset -P 1 '[A-Za-z_]##='; then
        key=${${IPREFIX%=}##*=}
    fi
    values=(${(f)"$(_picky_values $program "$command" $option $key)"})
    if [[ -n $values ]]; then
        compset -P '*,' # of a list the last name
        [[ -z $key && $option == --(set|where) ]] && compadd -S = -- $values || compadd -- $values
    elif [[ -z $key ]]; then
        _files
    fi
}

_picky "$@"
