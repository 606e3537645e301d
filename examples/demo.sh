#!/usr/bin/env bash
# Merges the four specialists with every recipe of examples/recipes (one line a merge), then asks
# the specialists and one merge the same three questions, chats with a mixture of them, and prints
# the table of models, merges and mixtures.
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

# A chat that changes its subject twice: base, the best weight merge (see the table below), the mixture.
another='A bus leaves the shop with 64 people. At the next stop 22 get off and 15 get on. How many people are on the bus?'
printf '\nOne chat that changes its subject twice, with the base, the best weight merge, and a mixture of the three experts\n'
printf '(examples/table/share.yml; the colour says which expert found a token most probable, plain: they agree):\n'
for model in ../specialists/base ../table/mod-reference-0.5.yml ../table/share.yml; do
  color=()
  [ "$model" = ../table/share.yml ] && color=(--color)
  printf '\n== %s\n' "$(basename "$model" .yml)"
  printf '%s\n' "${questions[0]}" "${questions[2]}" "$another" | "$program" chat "$model" -q "${color[@]}"
done

printf '\nAll of them on 100 items of each task (./benchmarks/specialists.sh: all 300):\n\n'
../../benchmarks/specialists.sh "$program" "$out/eval" --limit 100 -q --html "$out/eval.html"
printf '\nThe same as a page, with every answer: %s\n' "$out/eval.html"
