#!/usr/bin/env bash
# How aggressive should scaling be, on a real trace, against what runs today? From top to bottom:
#   1. a public trace is fetched: eleven days of queries to a MongoDB cluster of a Microsoft service, by the minute
#   2. one guess: prewarming at 0.99 beside the autoscaler of Kubernetes at its usual target
#   3. every setting: the frontier of both and of other autoscalers, which setting to take, and how sure that is
#   4. the same day with a burst that no history foretells
# Steps 3 and 4 write a page each, which needs nothing beside it.
#
# usage: notebooks-as-scripts/03-how-aggressive.sh [--trace t.csv] [--kind count|rate] [--startup 2m] [--peers hpa,kpa] [--output out/03.html]
set -euo pipefail

forecast=${FORECAST:-.build/release/forecast}
dataset=mongodb-rps trace="" kind="" startup=2m peers=hpa,kpa,autopilot output=out/03.html
while (($#)); do
    (($# > 1)) || { echo "$1 needs a value." >&2; exit 2; }
    case $1 in
        --trace) trace=$2 ;;
        --kind) kind=$2 ;;
        --startup) startup=$2 ;;
        --peers) peers=$2 ;;
        --output) output=$2 ;;
        *) echo "There is no option $1; the first lines of $0 tell what there is." >&2; exit 2 ;;
    esac
    shift 2
done
[[ -x $forecast ]] || { echo "No $forecast here: make build" >&2; exit 1; }
folder=$(dirname "$output")
mkdir -p "$folder"

# Runs a command after showing it.
told() { printf '\n$ forecast %s\n' "$*"; "$forecast" "$@"; }

if [[ -z $trace ]]; then
    trace=$folder/$dataset.csv
    [[ -s $trace ]] || told datasets fetch "$dataset" --output "$trace"
    kind=${kind:-rate}
fi
# The service is derived from the trace: forty instances serve its busiest minutes, the second half is scored.
against=(--trace "$trace" --kind "${kind:-count}" --startup "$startup")

echo
echo "One guess beside what is usual: prewarming at 0.99, and the autoscaler at a target of 0.7."
told backtest "${against[@]}" --policy predictive:0.99 --policy hpa:0.7 --policy hpa:0.5 --policy clairvoyant

echo
echo "A guess proves little: another target may do better. So every setting of both, and which to take."
told frontier "${against[@]}" --peers "$peers" --late-target 0.001 --report "$output"

echo
echo "And a quarter of an hour at three times the demand, which no history foretells."
told backtest "${against[@]}" --policy predictive:0.99 --policy hpa:0.7 --inject burst:factor=3,for=15m \
    --report "${output%.html}-burst.html"

echo
echo "The pages: $output and ${output%.html}-burst.html"
