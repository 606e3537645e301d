#!/usr/bin/env bash
# Merges the four specialists with every recipe of examples/recipes (one line a merge), then asks
# the specialists and one merge the same three questions.
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

# One question for each skill. Every specialist knows its own best; the merge is an average.
questions=(
  'Zoe fills 10 jars with 3 marbles each, then gives 21 marbles to Henry. How many marbles does Zoe keep?'
  $'What does this program print?\nx = [94, 65, 85, 45, 93]\nprint(x[3])'
  'How do you say "they lose a yellow street and six small birds" in French?'
)
answers=('9' '45' 'ils perdent une rue jaune et six petits oiseaux')

# The text of the first \boxed{...}.
boxed() { sed -n 's/.*\\boxed{\([^}]*\)}.*/\1/p' | head -n 1; }

printf '\nThe same three questions to each specialist and to one merge (linear.yml, merged in memory):\n'
for i in "${!questions[@]}"; do
  printf '\n%s\n' "${questions[$i]}"
  for model in ../specialists/base ../specialists/math ../specialists/code ../specialists/french linear.yml; do
    answer=$("$program" chat "$model" -q -p "${questions[$i]}")
    verdict=wrong
    [ "$(boxed <<< "$answer")" = "${answers[$i]}" ] && verdict=right
    printf '  %-12s %-6s %s\n' "$(basename "$model")" "$verdict" "${answer//$'\n'/ | }"
  done
done
