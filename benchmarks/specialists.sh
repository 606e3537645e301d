#!/usr/bin/env bash
# The table of the specialists: four parents, weight merges, mixtures, and the oracle, on the held-out
# items of math, code, french and switch (all 300 of each unless --limit says otherwise).
#   benchmarks/specialists.sh PROGRAM OUT [OPTIONS OF mod eval]
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 PROGRAM OUT [OPTIONS]" >&2; exit 2; }
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
cd "$(dirname "$0")/.."

# Learned on the fit items of the three tasks, which are no test items.
cat examples/specialists/tasks/{math,code,french}.fit.jsonl > "$out/fit.jsonl"
"$program" fit examples/table/uniform.yml --data "$out/fit.jsonl" -o "$out/fitted.yml" --overwrite -q > /dev/null

names=(linear slerp-0.5 task-0.2 task-0.3 task-0.5 ties dare mod-reference-0.9 mod-reference-0.5
  mod-random-0.9 mod-random-0.5 mod-rank-0.9 mod-rank-0.5 uniform turn share lazy)
recipes=()
for name in "${names[@]}"; do recipes+=("examples/table/$name.yml"); done
"$program" eval examples/specialists/{base,math,code,french} \
  "${recipes[@]}" "$out/fitted.yml" \
  --tasks specialists --out "$out/run" --overwrite "$@"
