#!/usr/bin/env bash
# Two builds say and write the same bytes: every command and option of picky-analyse, all help, mistakes and their exit codes,
# on the golden files and on a fresh sweep; and of picky the help, what it says of files and sweeps, and the results files but
# for /provenance. For changes that must not change what the programs do. Takes some minutes; needs h5py and gnuplot.
# Usage: same_output.sh OLD-picky OLD-picky-analyse NEW-picky NEW-picky-analyse [--keep FOLDER]
#        exit code 1 and the names of what differs; with --keep everything stays in FOLDER, which is made
set -euo pipefail
[[ $# == 4 || ($# == 6 && $5 == --keep) ]] || { sed -n 's/^# //p' "$0" >&2; exit 2; }
tests=$(realpath "$(dirname "$0")/..")
programs=("$(realpath "$1")" "$(realpath "$2")" "$(realpath "$3")" "$(realpath "$4")")
if [[ $# == 6 ]]; then
    mkdir "$6"
    folder=$(realpath "$6")
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Runs a command, whose standard output, standard error and exit code go into files of the next number, as does its OUT.SUFFIX.
n=0
run() {
    local code=0 name
    printf -v name '%04d' $((++n))
    printf '%q ' "$@" >"said/$name"
    echo >>"said/$name"
    "${@//OUT./said/$name.}" >"said/$name.out" 2>"said/$name.err" </dev/null || code=$?
    echo "exit code $code" >>"said/$name"
}
analyse() { run picky-analyse "$@"; }

# What takes a file, with what options it takes. The keys are those that the file has swept.
tables() { # FILE KEY OTHER-KEY
    local format file=$1 key=$2 other=$3
    for format in "" --csv --json; do
        analyse summary "$file" $format
        analyse summary "$file" $format --measure all
        analyse summary "$file" $format --measure variance,ablation_mean --layer 1,2 --normalise layer
        analyse summary "$file" $format --by "$key" --unimportant-below 0.5
        analyse summary "$file" $format --by "$key,$other"
        analyse summary "$file" $format --compare "$key"
        analyse summary "$file" $format --compare "$key" --by "$other" --layer 1 --measure contribution,taylor_mean
        analyse summary "$file" $format --compare "$other" --statistic selective,dip,error_1 --normalise layer
        analyse summary "$file" $format -o OUT.table
        analyse claims "$file" $format
        analyse claims "$file" $format --of important --unimportant-below 0.3
        analyse claims "$file" $format -o OUT.table
    done
    analyse summary "$file" --where "$key=4"
    analyse summary "$file" --where "$key=4,5,8" --where "$other=start"
    analyse summary "$file" --compare "$key=8"
    for format in model epoch neuron; do
        analyse export "$file" --each $format
        analyse export "$file" --each $format --keys all --status accepted,rejected -o OUT.csv
    done
    analyse export "$file" --each neuron --measure all --normalise layer
    analyse export "$file" --each neuron --measure variance --unimportant-below 0
    analyse export "$file" --sweep
    local variable
    for variable in status seed attempts train_loss test_error importance relative_importance hidden_size second_task \
        context_layer hidden_weights train_task reason rank no_array; do
        analyse export "$file" --variable $variable -o OUT.npy
    done
    analyse export "$file" --variable importance --status accepted
}

figures() { # FILE KEY OTHER-KEY
    local kind file=$1 key=$2 other=$3 ri=(--measure ablation_sample --layer 1 --normalise layer --unimportant-below 0.4)
    for kind in training ri ri-grid heatmap measures importance lesion; do
        analyse plot $kind "$file" -o OUT.svg --keep-script
        analyse plot $kind "$file" -o OUT.svg --keep-script --title "" --where hidden_layers=4
    done
    analyse plot training "$file" -o OUT.png --title "It's <a> title"
    analyse plot ri "$file" -o OUT.pdf "${ri[@]}"
    for kind in ri ri-grid heatmap importance lesion; do
        analyse plot $kind "$file" -o OUT.svg --keep-script "${ri[@]}"
    done
    analyse plot measures "$file" -o OUT.svg --layer 1,2 --normalise layer
    analyse plot lesion "$file" -o OUT.svg --models 2
    analyse plot ri-grid "$file" -o OUT.svg --rows "$key" --columns "$other"
    for kind in acceptance error_1 log_loss_ratio mean_ri mixed two_peaks; do
        analyse plot heatmap "$file" -o OUT.svg --statistic $kind --rows "$other"
    done
    analyse report "$file"
    analyse report "$file" -o OUT.html "${ri[@]:0:2}" "${ri[@]:4}" --where hidden_layers=4
}

mistakes() { # FILE
    local words file=$1
    while read -ra words; do
        analyse "${words[@]//FILE/$file}"
    done <<'MISTAKES'

summary
nothing FILE
plot FILE
plot nothing FILE
plot ri FILE
summary FILE FILE
summary FILE --nothing
summary FILE --title
summary FILE -x
summary FILE --where
summary FILE --where hidden_size
summary FILE --where hiden_size=4
summary FILE --where hidden_size=x
summary FILE --where hidden_size=77
summary FILE --by hiden_size
summary FILE --by hidden_size,hidden_size
summary FILE --by=
summary FILE --csv --json
claims FILE --csv --json
summary FILE --measure nothing
summary FILE --normalise nothing
summary FILE --unimportant-below -1
summary FILE --layer 0
summary FILE --layer 31
summary FILE --layer 2,x
summary FILE --statistic dip
summary FILE --compare hiden_size
summary FILE --compare hidden_size=x
summary FILE --compare hidden_size=1
summary FILE --compare lr
summary FILE --compare hidden_size --statistic nothing
summary FILE --compare hidden_size --layer 30
summary FILE -o FILE
summary FILE -o missing/OUT.txt
summary FILE -o .
summary FILE --csv -o text.cfg
claims FILE --of nothing
plot ri FILE -o OUT.jpg
plot ri FILE -o .svg
plot ri FILE -o text.svg
plot ri FILE -o text.svg --force
plot ri FILE -o OUT.svg --measure all
plot ri FILE -o OUT.svg --layer 30
plot heatmap FILE -o OUT.svg --statistic dip,mixed
plot heatmap FILE -o OUT.svg --statistic error_1 --layer 1
plot heatmap FILE -o OUT.svg --rows hidden_size --columns hidden_size
plot ri-grid FILE -o OUT.svg --rows hiden_size
plot ri-grid FILE -o OUT.svg --columns nothing_like_it
plot lesion FILE -o OUT.svg --models 0
plot training FILE -o OUT.svg --layer 1
report FILE -o text.cfg
report FILE --title x
export FILE --each nothing
export FILE --keys nothing
export FILE --status pending
export FILE --sweep --variable seed
export FILE --sweep --each model
export FILE --sweep --status accepted
export FILE --measure variance
export FILE --variable seed --keys all
summary missing.h5
summary .
summary empty
summary text.cfg
summary cut-off.h5
plot ri cut-off.h5 -o OUT.svg
report not-picky.h5
summary newer.h5
summary null.h5
MISTAKES
}

# Records, in results files of their own, and what picky says of those and of sweeps.
records() {
    local golden=$tests/golden/1 file
    picky run fresh.cfg
    picky run fresh.cfg --set optimizer=sgd --set replicates=2 -o set.h5
    picky run fresh.cfg --set epochs=2 --shard 1/2 -o part-1.h5
    picky run fresh.cfg --set epochs=2 --shard 2/2 -o part-2.h5
    picky merge part-1.h5 part-2.h5 -o merged.h5
    picky run "$golden/extended-from.cfg" -o grown.h5
    picky extend grown.h5 "$golden/extended.cfg"
    picky run fresh.cfg --null-jobs -o made-up.h5
    for file in *.h5; do
        picky status "$file" --by hidden_size
        picky verify --all "$file" || [[ $file == made-up.h5 ]]
    done | grep -v '^[0-9]* runs\{0,1\}; the last\|^20..-..-..T' >said/records
}

sweeps() {
    local file
    for file in "$tests"/golden/1/*.cfg "$tests"/sweep/bad_sweeps/*.cfg; do
        [[ $file == */cut.cfg || $file == */errors.cfg ]] && continue # to plan them takes long
        run bash -c 'picky plan "$1" | grep -v "^core-hours\|^time\|^memory\|^results file"; exit "${PIPESTATUS[0]}"' - \
            "$file"
    done
    run picky train --set epochs=2 --seed 3
    for file in run plan status verify merge extend train bench nothing; do
        run picky $file --help
        [[ $file == bench ]] || run picky $file # bench takes minutes, and each of its numbers is a time
    done
    run picky --help
    run picky --version
}

side() { # old or new; the results files of `old` are what both analyse
    mkdir -p "$folder/$1/said" "$folder/$1/bin"
    cd "$folder/$1"
    ln -s "$2" bin/picky
    ln -s "$3" bin/picky-analyse
    PATH=$folder/$1/bin:$PATH
    cat >fresh.cfg <<'SWEEP'
name = "fresh: it's <new>";
replicates = 6;
seed = 21;
store = ["weights"];
model = { N_train = 300; N_test = 10; epochs = 4; lr = 0.01; error_threshold = 0.4; hidden_layers = 4; };
grid = { hidden_size = [4, 5, 8]; context_location = ["start", "end"]; };
SWEEP
    records >log 2>&1 || { tail -5 log >&2; return 1; }
    sweeps

    mkdir analysed
    cd analysed
    mkdir said
    local file command
    for file in "$tests"/golden/1/*.h5.gz; do
        gzip -dc "$file" >"$(basename "${file%.gz}")"
    done
    cp "$folder/old/fresh.h5" "$folder/old/part-1.h5" .
    : >empty
    cp ../fresh.cfg text.cfg
    cp ../fresh.cfg text.svg
    head -c 3000 fresh.h5 >cut-off.h5
    /usr/bin/python3 -c 'if True:
        import h5py, shutil
        h5py.File("not-picky.h5", "w").close()
        for name, attribute, value in (("newer", "picky_schema_version", 77), ("null", "null_jobs", 1)):
            shutil.copy("fresh.h5", name + ".h5")
            with h5py.File(name + ".h5", "r+") as f:
                f.attrs[attribute] = value'
    for command in "" nothing plot summary claims "plot training" "plot ri" "plot ri-grid" "plot heatmap" "plot measures" \
        "plot importance" "plot lesion" report export; do
        # shellcheck disable=SC2086 # words
        analyse $command --help
    done
    tables fresh.h5 hidden_size context_location
    figures fresh.h5 hidden_size context_location
    for file in shapes conclusions; do
        tables $file.h5 hidden_size second_task
        figures $file.h5 hidden_size second_task
    done
    for file in part-1 parts-1-of-2 parts-2-of-3 spellings extended overridden overridden-merged cut errors; do
        analyse summary $file.h5
        analyse summary $file.h5 --json --measure all
        analyse claims $file.h5 --csv
        analyse plot ri $file.h5 -o OUT.svg
        analyse plot training $file.h5 -o OUT.svg
        analyse report $file.h5
        analyse export $file.h5 --each model --keys all
        analyse export $file.h5 --sweep
    done
    mistakes fresh.h5
    # Neither is what the programs are for: dates in PDF, and how long something will take.
    sed -i -E 's/(CreationDate \(D:)[0-9]+/\1/' said/*.pdf
    sed -i -E '/^picky-analyse: [0-9]+ of [0-9]+ .* left$/d' said/*.err
    cd ..
    # Versions are of the build, as are revisions.
    sed -i -E 's/picky [0-9]+\.[0-9]+\.[0-9]+ \((no git revision|[0-9a-f]+(-dirty)?)\)/picky VERSION/' said/*.out
}

(side old "${programs[0]}" "${programs[1]}")
(side new "${programs[2]}" "${programs[3]}")

failed=0
cd "$folder"
for file in old/*.h5; do
    /usr/bin/python3 "$tests/compare_results.py" "$file" "new/${file#old/}" || failed=1
done
for said in said analysed/said; do
    diff -rq "old/$said" "new/$said" || failed=1
done
all=$(find old/said old/analysed/said -name '????' -type f)
done_well=$(xargs grep -l '^exit code 0$' <<<"$all" | wc -l)
n_all=$(wc -l <<<"$all")
# Or all that has been compared is that nothing works.
((n_all > 600 && done_well > 350)) || { echo "only $done_well of $n_all commands did something"; failed=1; }
files=(old/*.h5)
[[ $failed == 0 ]] && echo "$n_all commands, $done_well of them with exit code 0, and ${#files[@]} results files: the same"
exit $failed
