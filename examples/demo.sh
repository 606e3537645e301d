#!/usr/bin/env bash
# Merges the four specialists with every recipe of examples/recipes: one line a merge.
#   examples/demo.sh PROGRAM OUT      (./dev demo builds the program and calls this)
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 PROGRAM OUT" >&2; exit 2; }
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/recipes"

# The plain methods first, mod last: its three lines belong together.
recipes=(linear slerp nuslerp task_arithmetic ties dare_linear dare_ties breadcrumbs breadcrumbs_ties
  della della_linear model_stock passthrough mod mod-random mod-rank)

printf '%-18s %9s %11s   %-58s %s\n' recipe time rate 'share of the merged elements taken from' \
  'distance to each model (L2)'
for recipe in "${recipes[@]}"; do
  "$program" merge "$recipe.yml" "$out/$recipe" --overwrite --brief
done

cat <<TEXT

What the shares of the MoD reference rule mean: the recipes mod, mod-random and mod-rank all say "90 % math,
10 % code", but the published rule compares each value of math with 90 % of its tensor's range, and trained
weights are bell-shaped, so it takes only the few largest entries from code: its result is nearly a copy of
math, while mod-random and mod-rank do take a tenth of the MLP entries.

The merged models are in $out; each folder holds a mod_report.json
with the numbers of every tensor.
TEXT
