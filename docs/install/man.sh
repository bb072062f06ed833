#!/bin/sh
# Writes a program's manual page from what its --help says, so that the two cannot differ.
# Usage: man.sh PROGRAM VERSION > PROGRAM.1     PROGRAM with its path
set -eu
program=$1 version=$2 name=$(basename "$1")

# Text as it stands: nothing in it is a command of roff.
verbatim() {
    printf '.nf\n'
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
    printf '.fi\n'
}

case $name in
picky) what="trains multi-task networks over a grid of hyperparameters and measures what their neurons serve" other=picky-analyse ;;
*) what="tables, statistics, figures and reports from results files of picky" other=picky ;;
esac
printf '.TH %s 1 "" "picky %s" "User commands"\n' "$(echo "$name" | tr a-z- A-Z_ | tr _ -)" "$version"
printf '.SH NAME\n%s \\- %s\n' "$name" "$what"
printf '.SH DESCRIPTION\n'
"$program" --help | verbatim
commands=$("$program" --help | sed -n "/ help COMMAND/d;s/^ *$name \(plot [a-z][a-z-]*\|[a-z][a-z]*\) .*/\1/p")
[ -n "$commands" ]
echo "$commands" | while read -r command; do
    printf '.SH %s %s\n' "$name" "$command"
    # shellcheck disable=SC2086
    "$program" $command --help | verbatim # "plot ri" is two words
done
printf '.SH FILES\n.nf\nshare/doc/picky, share/picky/sweeps, share/picky/jobscripts below where picky is installed\n.fi\n'
printf '.SH SEE ALSO\n.BR %s (1)' "$other"
[ "$name" = picky ] && printf ',\n.BR mpirun (1),\n.BR sbatch (1)'
printf '\n'
