#!/usr/bin/env bash
# The paper's table with both parents in it: the general and the math model, the seven merges of
# this folder (merged in memory), and two mixtures of the parents, on the paper's twelve data sets.
#   examples/paper/table.sh PROGRAM SIZE OUT [OPTIONS OF mod eval]      SIZE: 1.5b or 7b
# OUT gets results.json, table.md, table.html and run/ with every reply. An interrupted run goes on
# with --resume.
set -euo pipefail
usage() { sed -n 's/^#   //p' "$0" >&2; exit 2; }
[ $# -ge 3 ] || usage
program=$1 size=$2 out=$3
shift 3
case $size in 1.5b | 7b) ;; *) usage ;; esac
here=$(dirname "$0")

files=()
for name in mod linear slerp task_arithmetic ties dare_ties breadcrumbs mixture-fixed mixture-share; do
  files+=("$here/$name-$size.yml")
done
tasks=(--tasks paper)
for option in "$@"; do
  case $option in --tasks | --tasks=*) tasks=() ;; esac
done

mkdir -p "$out"
exec "$program" eval "Qwen/Qwen2.5-${size^^}-Instruct" "Qwen/Qwen2.5-Math-${size^^}-Instruct" \
  "${files[@]}" "${tasks[@]}" --out "$out/run" --json "$out/results.json" \
  --markdown "$out/table.md" --html "$out/table.html" "$@"
