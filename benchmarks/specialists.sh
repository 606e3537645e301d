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
cd "$(dirname "$0")/../examples"

# Learned on the fit items of the three tasks, which are no test items.
cat specialists/tasks/{math,code,french}.fit.jsonl > "$out/fit.jsonl"
"$program" fit table/uniform.yml --data "$out/fit.jsonl" -o "$out/fitted.yml" --overwrite -q > /dev/null

cd table
"$program" eval ../specialists/{base,math,code,french} \
  linear.yml slerp-0.5.yml task-0.2.yml task-0.3.yml task-0.5.yml ties.yml dare.yml \
  mod-reference-0.9.yml mod-reference-0.5.yml mod-random-0.9.yml mod-random-0.5.yml \
  mod-rank-0.9.yml mod-rank-0.5.yml uniform.yml "$out/fitted.yml" turn.yml share.yml lazy.yml \
  --tasks specialists --out "$out/run" --overwrite "$@"
