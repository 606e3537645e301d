#!/usr/bin/env bash
# Runs the whole kit without the real checkpoints: random models of their shapes, vocabularies and
# rotary settings in a Hugging Face cache of its own, a few items of our own in the layouts of the
# twelve data sets, then plan, merge and table.sh as the page says. It shows that everything fits
# together; its accuracies mean nothing.
#   examples/paper/plumbing.sh PROGRAM OUT [--size 1.5b|7b] [--tiny] [--tokenizer DIR] [OPTIONS OF mod eval]
# OUT needs 9 GB for 1.5b and 46 GB for 7b; --tiny keeps the layers but makes them narrow (10 MB).
# --tokenizer copies a real tokenizer; without it every byte is a token.
set -euo pipefail
usage() { sed -n 's/^#   //p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
program=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
here=$(realpath "$(dirname "$0")")

size=1.5b tiny=no shape=() options=() limit=(--limit 1) tokens=(--max-tokens 4) data=(--data-dir "$out/data")
while [ $# -gt 0 ]; do
  case $1 in
    --size) size=${2:?} && shift ;;
    --tiny) tiny=yes ;;
    --tokenizer) shape+=(--tokenizer "${2:?}") && shift ;;
    --limit) limit=() && options+=("$1") ;;
    -n | --max-tokens) tokens=() && options+=("$1") ;;
    --data-dir) data=() && options+=("$1") ;;
    *) options+=("$1") ;;
  esac
  shift
done
case $size in 1.5b) narrow=48 ;; 7b) narrow=56 ;; *) usage ;; esac
if [ $tiny = yes ]; then
  shape+=(--hidden $narrow --vocabulary 512)
  options+=(--threads 1)  # more would only wait for one another
fi

# What `hf download` leaves: a snapshot named after a commit, and a reference to it.
export HF_HUB_CACHE=$out/hub
stand_in() {  # NAME SHAPE SEED
  local folder=$HF_HUB_CACHE/models--Qwen--$1
  mkdir -p "$folder/refs"
  printf '%040d' "$3" > "$folder/refs/main"
  "$program" bench make-model --like "$2" --seed "$3" ${shape[@]+"${shape[@]}"} --overwrite -q \
    "$folder/snapshots/$(cat "$folder/refs/main")"
}
stand_in "Qwen2.5-${size^^}-Instruct" "qwen2.5-$size-instruct" 1
stand_in "Qwen2.5-Math-${size^^}-Instruct" "qwen2.5-math-$size-instruct" 2

items() { mkdir -p "$out/data/$1" && cat > "$out/data/$1/test.jsonl"; }
items gsm8k << 'LINES'
{"question": "A box holds 4 pens. How many pens are in 3 boxes?", "answer": "3 * 4 = 12\n#### 12"}
{"question": "Ida reads 5 pages a day. How many in a week?", "answer": "5 * 7 = 35\n#### 35"}
LINES
items math << 'LINES'
{"problem": "Compute $2+3\\cdot 4$.", "solution": "First $3\\cdot 4=12$, then $\\boxed{14}$."}
{"problem": "Which number is half of $\\frac{1}{3}$?", "solution": "It is $\\boxed{\\frac{1}{6}}$."}
LINES
items svamp << 'LINES'
{"Body": "There are 7 cats and 5 dogs in a yard", "Question": "How many animals are there?", "Answer": 12.0}
{"Body": "A shelf has 9 cups. 2 of them break.", "Question": "How many are left?", "Answer": 7.0}
LINES
items asdiv << 'LINES'
{"body": "Mia has 9 coins and finds 4.", "question": "How many coins has she now?", "answer": "13 (coins)"}
{"body": "A rope of 8 m is cut into 2 parts.", "question": "How long is each?", "answer": "4 (m)"}
LINES
items mawps << 'LINES'
{"input": "Tom had 6 balls and lost 1. How many has he?", "target": 5.0}
{"input": "Each of 3 vans has 4 wheels. How many wheels?", "target": 12.0}
LINES
items carp_en << 'LINES'
{"content": "Solve $x+9=2$.", "answer": "- 7"}
{"content": "Solve $2x \\le 6$.", "answer": "x \\le 3"}
LINES
items gaokao2023en << 'LINES'
{"question": "What is $\\sin 30^{\\circ}$?", "answer": "$\\frac{1}{2}$"}
{"question": "How many subsets has a set of 3 elements?", "answer": "$8$"}
LINES
items olympiadbench << 'LINES'
{"question": "How many primes are below 12?", "final_answer": ["$5$"]}
{"question": "For which positive $a$ is $a^2=a+2$?", "final_answer": ["$2$"]}
LINES
items college_math << 'LINES'
{"question": "Expand $3(x-2)$.", "answer": "$3 x-6$"}
{"question": "Factor $x^2-1$.", "answer": "$(x-1)(x+1)$"}
LINES
items mmlu_stem << 'LINES'
{"question": "Which of these is a metal?", "choices": ["Neon", "Iron", "Sulfur", "Argon"], "answer": 1}
{"question": "What is 1101 in decimal?", "choices": ["11", "12", "13", "14"], "answer": 2}
LINES
items aime24 << 'LINES'
{"question": "Find the sum of the first five odd numbers.", "answer": "25"}
{"question": "How many two-digit squares are there?", "answer": "6"}
LINES
items amc23 << 'LINES'
{"question": "A cube has volume 27. What is the sum of its edges?", "answer": 36.0}
{"question": "What is the mean of 4, 8 and 15?", "answer": 9.0}
LINES
mkdir -p "$out/data/shots"
for i in 1 2 3 4 5; do
  printf '{"question": "%s plus %s?\\nAnswer Choices: (A) %s (B) 0", "answer": "The answer is (A)."}\n' \
    "$i" "$i" "$((2 * i))"
done > "$out/data/shots/mmlu_stem.jsonl"

mkdir -p "$out/plans"
for recipe in "$here"/*-"$size".yml; do
  "$program" plan "$recipe" > "$out/plans/$(basename "$recipe" .yml).txt" 2>&1
done
echo "plans of all recipes: $out/plans"
"$program" merge "$here/mod-$size.yml" "$out/merged/mod-$size" --overwrite --brief

"$here/table.sh" "$program" "$size" "$out" --overwrite ${data[@]+"${data[@]}"} ${limit[@]+"${limit[@]}"} \
  ${tokens[@]+"${tokens[@]}"} ${options[@]+"${options[@]}"}
