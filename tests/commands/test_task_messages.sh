#!/usr/bin/env bash
# What picky says of tasks: one line for each mistake, with the line of the file where it stands; warnings once a list.
# Usage: test_task_messages.sh PICKY
set -euo pipefail
picky=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    cat out err
    exit 1
}
# expect CODE COMMAND...: stdout goes to out, stderr to err
expect() {
    local code=0 expected=$1
    shift
    timeout 60 "$@" >out 2>err || code=$?
    [[ $code == "$expected" ]] || fail "$* gave exit code $code, not $expected"
}
# refuse PATTERN COMMAND...: exit code 2 and exactly one line on stderr, which matches
refuse() {
    local pattern=$1
    shift
    expect 2 "$@"
    [[ $(wc -l <err) == 1 ]] || fail "$*: not one line"
    grep -qE -- "$pattern" err || fail "$*: no /$pattern/"
}
small='hidden_size = 2; hidden_layers = 1; N_train = 40; N_test = 4; epochs = 1; max_attempts = 1; batch_size = 4; output_activation = "linear";'

# ---- more settings than can be checked whole: the last one is looked at, too; warnings are not repeated ----
cat >many.cfg <<END
model = { $small n_inputs = 10; tasks = "r0 * x0; r1 * x1; r2 * x2; x3; x4; x5 + x6; 7; 1 / (a - 0.5 * (x3 > 2))"; };
grid = { a = { range = { from = 10; to = 0; steps = 2001; }; }; };
END
refuse 'many.cfg:1:[0-9]+: tasks: configuration 2000 \(a = 0\): task 8: 1 / .* is infinite at x3 = 0, a = 0; allowed' "$picky" plan many.cfg
sed -i 's/to = 0/to = 1/' many.cfg
expect 0 "$picky" plan many.cfg
[[ $(grep -c "warning: " err) == 4 ]] || fail "not four warnings"
grep -qE 'configuration 0 \(a = 10\) and [0-9]+ others: task 7, 7, is constant' err || fail "no line of a constant"
grep -qE 'others: no task uses x7, x8, x9, of n_inputs = 10$' err || fail "no line of unused inputs"
grep -qE 'of 2001 different settings of tasks [0-9]+ were checked at a few points only$' err || fail "no line of what was not checked"

# ---- a target that is not finite: the line of its list, in a case too ----
printf 'model = { %s };\ncases = (\n  { lr = 0.1; },\n  { lr = 0.01;\n    tasks = ("x0",\n      "log(x1)"); });\n' "$small" >case.cfg
refuse '^picky: case.cfg:6:8: tasks: configuration 1 .*: task 2: log\(x1\) is infinite at x1 = 0' "$picky" plan case.cfg
printf 'model = { %s };\ngrid = { tasks = (["x0", "x1"],\n  ["x0",\n   "log(x1)"]); };\n' "$small" >grid.cfg
refuse '^picky: grid.cfg:4:5: tasks: configuration 1 .*: task 2: log\(x1\) is infinite' "$picky" plan grid.cfg

printf 'model = { %s tasks = "sum: x0; turned: 1 / (x1 - a)"; };\ngrid = { a = [9.0, 0.5]; };\n' "$small" >text.cfg
refuse "^picky: text.cfg:1:$((${#small} + 30)): tasks: configuration 1 \\(a = 0.5\\): task 2: 1 / .* is infinite" "$picky" plan text.cfg

# ---- columns are those of the text that a message quotes ----
printf 'model = { %s tasks = ["x0",\n "(x0)  + ( (x1) * (x5))"]; };\n' "$small" >column.cfg
refuse '^picky: column.cfg:2:21: tasks: task 2: x0 \+ x1 \* x5 uses x5 \(column 11\), but n_inputs = 2; allowed: inputs below x2$' "$picky" plan column.cfg
refuse 'task 2: 1 \* \(x1 \+ x7\) uses x7 \(column 11\), but' "$picky" train --set 'tasks=( (x0) );   1.0*(x1 + (x7))'

# ---- places: of the input in its task, in texts of pieces, arrays, the values of a grid ----
printf 'model = { %s tasks = "x0;"\n  " x1;"\n  " x1 + x9"; };\n' "$small" >pieces.cfg
refuse '^picky: pieces.cfg:3:10: tasks: task 3: x1 \+ x9 uses x9 ' "$picky" plan pieces.cfg
printf 'model = { %s };\ngrid = { tasks = ("x0",\n  ["x1", # x9\n   "x1 + x12 - x15"]); };\n' "$small" >places.cfg
refuse '^picky: places.cfg:4:16: tasks: task 2: x1 \+ x12 - x15 uses x15 ' "$picky" plan places.cfg
printf 'model = { %s };\ngrid = { tasks = (["x0"],\n  ["x0", "x1", "x0", "x1", "x0", "x1", "x0", "x1",\n   "x0"]); };\n' "$small" >nine.cfg
refuse '^picky: nine.cfg:4:[0-9]+: tasks: more than 8 tasks; allowed: 1 to 8$' "$picky" plan nine.cfg

# ---- numbers that become 0 as floats ----
for value in second_task=add1e-60 second_task=add-1e-400 second_task=add1e7; do
    refuse "^picky: --set $value: .* K = 0 or 1e-45 <= \|K\| <= 1e6\$" "$picky" train --set "$value"
done
for value in a=1e-60 b=-1e-60 input_high=1e-60; do
    refuse "^picky: --set $value: ${value/=/ = }: too near to 0 and would become it; .* than 1e-45\$" "$picky" train --set "$value"
done
for value in lr=1e-400 fraction=2e-999; do
    refuse "^picky: --set $value: ${value/=/ = }: too near to 0 and would become it; .* than 5e-324\$" "$picky" train --set "$value"
    echo "model = { $value; };" >near.cfg
    refuse "^picky: near.cfg:1:[0-9]+: ${value/=/ = }: too near to 0 and would become it; allowed: " "$picky" plan near.cfg
done
printf 'grid = { a = [0.0, 1e-60]; }; model = { %s tasks = "x0; a * x1"; };\n' "$small" >dial.cfg
refuse '^picky: dial.cfg:1:[0-9]+: a = 1e-60: too near to 0 and would become it; allowed: a number .*, no nearer to 0 than 1e-45$' "$picky" plan dial.cfg
expect 0 "$picky" train --set "second_task=add0.0" --set hidden_size=2 --set N_train=40 --set epochs=1

# ---- a fraction that some configurations ignore ----
printf 'model = { %s };\ngrid = { tasks = ("x0; x1", "x0", "x1"); fraction = [0.3, 0.5]; };\n' "$small" >fraction.cfg
expect 0 "$picky" plan fraction.cfg
grep -q '^picky: warning: fraction is ignored by 4 of 6 configurations, which have one task: the first is configuration 2 (' err || fail "no line of an ignored fraction"
sed -i 's/fraction = .*];/lr = [0.1, 0.2];/' fraction.cfg
expect 0 "$picky" plan fraction.cfg
! grep -q fraction err || fail "a fraction that is not given"
