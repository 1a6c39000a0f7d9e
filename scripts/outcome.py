"""The outcome table: what lateness costs on public traces, with the settings of `forecast frontier` where a service is derived.

outcome.py FORECAST DATA [--keep FOLDER] [--traces A,B]   prints Markdown; DATA holds the traces as `forecast datasets` writes them.
"""
import argparse
import json
import os
import subprocess

TRACES = [("nasa_http_1995_1min.csv.gz", None), ("twitter_stream_2021_1min.csv.gz", None),
          ("ms_cloud_rps_1min_A.csv.gz", "ingress-01"), ("ms_cloud_rps_1min_A.csv.gz", "mongo-01"),
          ("crane_load_1min_A.csv.gz", "crane-01"), ("crane_load_1min_A.csv.gz", "crane-14")]
PEERS = ["hpa", "kpa", "autopilot"]


def frontier(forecast, data, trace, series, startup, keep):
    path = keep and os.path.join(keep, f"{trace.split('.')[0]}-{series or ''}-{startup}.json")
    if not path or not os.path.exists(path):
        command = [forecast, "frontier", "--trace", os.path.join(data, trace), "--startup", str(startup), "--peers", ",".join(PEERS),
                   "--dials", "0.5,0.7,0.8,0.9,0.95,0.98,0.99,0.995,0.999,0.9995,0.9999", "--no-startup-cases", "--json"]
        text = subprocess.run(command + (["--series", series] if series else []), check=True, capture_output=True, text=True).stdout
        if not path:
            return json.loads(text)
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        return json.load(file)


def cell(value):
    return "never" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forecast")
    parser.add_argument("data")
    parser.add_argument("--keep", help="a folder for the results, which are not made again where they lie there")
    parser.add_argument("--traces", help="numbers of the traces, by comma")
    arguments = parser.parse_args()
    chosen = [int(n) for n in arguments.traces.split(",")] if arguments.traces else range(len(TRACES))
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
    print("| trace | start-up | late | predictive | hpa | kpa | autopilot | known rate | gap closed: hpa | best of the three |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    closed = {"hpa": [], "best": []}
    for number in chosen:
        trace, series = TRACES[number]
        for startup in (30, 120, 300):
            result = frontier(arguments.forecast, arguments.data, trace, series, startup, arguments.keep)
            for level in result["levels"]:
                peers = {peer["family"]: peer for peer in level["peers"]}
                best = level.get("best") or {}
                gaps = {"hpa": peers["hpa"].get("gapClosed"),
                        "best": best.get("gapClosed") if best else (None if level.get("predictive") is None else 1)}
                for name, gap in gaps.items():
                    if gap is not None:
                        closed[name].append(gap)
                costs = [level.get("predictive")] + [peers[name].get("cost") for name in PEERS] + [level.get("bound")]
                print(f"| {series or trace.split('_1min')[0]} | {startup} s | {level['late']:.1%} | "
                      + " | ".join(cell(cost) for cost in costs)
                      + " | " + " | ".join("-" if gap is None else f"{gap:.2f}" for gap in gaps.values()) + " |", flush=True)
    for name, gaps in closed.items():
        print(f"\nMean gap closed, {name}: {sum(gaps) / max(1, len(gaps)):.3f} over {len(gaps)}, least {min(gaps, default=0):.2f}.")
