# Completion for picky and picky-analyse in fish; as picky.bash: from what --help and refusals name.

# Words that are allowed as VALUE: __picky_values PROGRAM COMMAND OPTION KEY; KEY is that of KEY=VALUE.
function __picky_values
    set -l program $argv[1]
    set -l command (string split ' ' -- $argv[2])
    set -l option $argv[3]
    set -l key $argv[4]
    switch $option
        case --set --by --where --compare --rows --columns
            set -l picky (string replace -r '[^/]*$' picky -- $program)
            set -l help ($picky run --help 2>/dev/null | sed -n '/^Hyperparameters/,$p')
            if test -n "$key" # the words in quotes of the row's lines
                printf '%s\n' $help | sed -n "/^  $key /,/^  [A-Za-z]/p" | sed '1!{/^  [A-Za-z]/d}' | grep -oE '"[a-z]+"' | tr -d '"'
            else
                printf '%s\n' $help | sed -n 's/^  \([A-Za-z_]\+\) .*/\1/p'
            end
        case --status
            printf '%s\n' accepted rejected diverged error
        case --retry
            echo error
        case --each
            printf '%s\n' model epoch neuron
        case --keys
            printf '%s\n' swept all
        case --palette
            printf '%s\n' safe grey
        case --measure --normalise --of --statistic --claim --simd
            $program $command $option '?' 2>&1 </dev/null | sed -n 's/.*allowed: \(NAME,... of\)\{0,1\}//p' | grep -oE '[a-z][a-z0-9_]*'
    end
end

function __picky_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l n (count $words)
    set -l program $words[1]
    set -l name (string replace -r '.*/' '' -- $program)
    if test $n -eq 2 -a "$words[2]" = help
        $program --help 2>/dev/null | sed -n "/ help COMMAND/d;s/^ *$name *\([a-z][a-z-]*\).*/\1/p" | sort -u
        return
    end
    if test $n -eq 1 -o \( $n -eq 2 -a "$words[2]" = plot \)
        $program --help 2>/dev/null | sed -n "s/^ *$name $words[2] *\([a-z][a-z-]*\).*/\1/p" | sort -u
        echo --help
        return
    end
    set -l command $words[2]
    test "$command" = plot; and set command plot $words[3]
    set -l option $words[$n]
    set -l before '' # of the word, that stays
    if string match -qr -- '^--[a-z-]*=' $word
        set option (string replace -r '=.*' '' -- $word)
        set before $option=
    else if string match -q -- '-*' $word
        $program $command --help 2>/dev/null | grep -oE '(^|[ [])--[a-z][a-z-]*' | tr -d ' [' | sort -u
        echo --help
        return
    end
    set -l key (string match -r -g -- '^([A-Za-z_]+)=' (string sub -s (math (string length -- "$before") + 1) -- "$word"))
    test -n "$key"; and set before $before$key=
    set -l values (__picky_values $program "$command" $option "$key")
    if test -z "$values"
        test -z "$key"; and __fish_complete_path $word
        return
    end
    set -l last '' # of a list the last name
    contains -- $option --set --where; and test -z "$key"; and set last =
    set before (string match -r -- '^.*,' $word; or echo $before)
    printf '%s\n' $before$values$last
end

complete -c picky -f -a '(__picky_complete)'
complete -c picky-analyse -f -a '(__picky_complete)'
