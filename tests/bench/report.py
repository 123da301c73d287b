#!/usr/bin/python3
"""Reads what tests/bench/run measured, prints each goal as reached or missed, and draws charts.

    report.py DIRECTORY
"""
import json
import pathlib
import statistics
import subprocess
import sys

DIRECTORY = pathlib.Path(sys.argv[1])


def lines(name):
    return [json.loads(line) for line in (DIRECTORY / name).read_text().splitlines()]


def rounds(name):
    """Each benchmark's rounds in the order of their repetitions: {name: [round, ..]}."""
    found = {}
    for run in json.loads((DIRECTORY / name).read_text())["benchmarks"]:
        if run["run_type"] == "iteration":
            found.setdefault(run["run_name"].replace("/manual_time", ""), []).append(run)
    for runs in found.values():
        runs.sort(key=lambda run: run["repetition_index"])
    return found


CALLS = rounds("calls.json")


def values(name, key):
    return [run[key] for run in CALLS[name]]


def ratio(name, other, key):
    """The median of each round's ratio, with the least and the greatest."""
    ratios = [a / b for a, b in zip(values(name, key), values(other, key))]
    return statistics.median(ratios), min(ratios), max(ratios)


GOALS = []


def goal(point, what, value, limit, unit="", spread=None, at_least=False):
    reached = value >= limit if at_least else value <= limit
    GOALS.append({"point": point, "what": what, "value": round(value, 3), "limit": limit,
                  "unit": unit, "reached": reached})
    between = f"  ({spread[0]:.2f} .. {spread[1]:.2f})" if spread else ""
    print(f"{point}  {'reached' if reached else 'missed ':7}  {what}: {value:.2f} {unit}"
          f"{' >= ' if at_least else ' <= '}{limit}{between}")


def goal_ratio(point, what, name, other, key, limit):
    middle, least, greatest = ratio(name, other, key)
    goal(point, what, middle, limit, "x", (least, greatest))


def median(name, key):
    return statistics.median(entry[key] for entry in lines(name))


print("Medians; CPU is the calling thread's.")
for name in sorted(CALLS):
    runs = CALLS[name]
    time = statistics.median(run["real_time"] for run in runs)
    cpu = f'{statistics.median(run["cpu_us"] for run in runs):10.1f} us CPU' if "cpu_us" in runs[0] else ""
    print(f"  {name:36} {time:10.1f} {runs[0]['time_unit']} {cpu}")
print()

CPU, TIME = "cpu_us", "real_time"
goal_ratio(1, "create-token, CPU, beside raw OpenSSL", "hub/create_token", "raw/create_token", CPU, 1.5)
goal_ratio(1, "create-token, latency, beside raw OpenSSL", "hub/create_token", "raw/create_token", TIME, 1.25)
goal_ratio(1, "create-token, CPU, beside libcurl", "hub/create_token", "libcurl/create_token", CPU, 1)
goal(1, "rotate-token with nothing due", statistics.median(values("hub/without_network", CPU)), 10, "us")

goal(2, "the first call of a process", median("first.json", "milliseconds"), 25, "ms")
goal_ratio(2, "reconnecting, CPU, beside raw OpenSSL", "hub/fresh", "raw/fresh", CPU, 1.2)
goal_ratio(2, "reconnecting with a ticket, CPU, beside raw OpenSSL", "hub/resumed", "raw/resumed", CPU, 1.5)

middle, least, greatest = ratio("curl_process/create_token", "hub/create_token", CPU)
goal(3, "curl processes, CPU, beside create-token", middle, 400, "x", (least, greatest), at_least=True)
if "sdk_js/create_token/iterations:1" in CALLS:
    middle, least, greatest = ratio("sdk_js/create_token/iterations:1", "hub/create_token", CPU)
    goal(3, "the JavaScript SDK, CPU, beside create-token", middle, 15, "x", (least, greatest), at_least=True)
else:
    print("3  skipped  the JavaScript SDK: npm, or a registry that it reaches, is not there")
print("3  skipped  the Python SDK: it is no Debian package")

rotation = lines("rotation.json")[0]
goal(4, "requests of a rotation", rotation["requests"], 4)
goal(4, "synced writes of a rotation", rotation["synced"], 5)
goal(4, "a rotation beside network, synced writes, cryptography and SQLite",
     100 * rotation["ours"] / rotation["microseconds"], 5, "%")

goal(5, "memory of an idle connection", median("connection.json", "bytes_per_connection") / 1000, 40, "kB")
goal(5, "loading, time, beside the same libraries alone",
     median("load.json", "microseconds") / median("bare.json", "microseconds"), 1.1, "x")
goal(5, "loading, memory, beside the same libraries alone",
     median("load.json", "resident_kb") / median("bare.json", "resident_kb"), 1.1, "x")

fleet = []  # of each size the round in the middle, by CPU
for instances in sorted({entry["instances"] for entry in lines("fleet.json")}):
    rounds_of_size = [entry for entry in lines("fleet.json") if entry["instances"] == instances]
    fleet.append(sorted(rounds_of_size, key=lambda entry: entry["rotate_cpu_us"])[len(rounds_of_size) // 2])
limited = lines("limited.json")[0]
goal(6, f"opening {fleet[-1]['instances']} instances", fleet[-1]["open_seconds"], 5, "s")
goal(6, "memory of an instance", fleet[-1]["bytes_per_instance"], 2048, "bytes")
goal(6, "connections that are left", max(entry["sockets"] for entry in fleet), 256, "")
goal(6, f"CPU of a rotation among {fleet[-1]['instances']}, beside {fleet[0]['instances']}",
     fleet[-1]["rotate_cpu_us"] / fleet[0]["rotate_cpu_us"], 1.1, "x")
# Each rotation asks for a list, a token, its principal, and revokes one; a second's worth is there at once.
least_seconds = 4 * limited["rotations"] / limited["origins"] / limited["rate"] - 1
goal(6, f"rotating {limited['rotations']} beside what the workspaces' limit takes",
     limited["rotate_seconds"] / least_seconds, 1.05, "x")
goal(6, "wakeups in an idle second", max(entry["wake_ups"] for entry in fleet), 0, "")

rates = {}
for name, runs in CALLS.items():
    if name.startswith("hub/slow_server"):
        rates[int(name.rsplit(":", 1)[1])] = statistics.median(run["items_per_second"] for run in runs)
goal(7, "4 threads beside 1, with a server that waits 5 ms", rates[4] / rates[1], 3.6, "x", at_least=True)

(DIRECTORY / "results.json").write_text(json.dumps({"goals": GOALS, "fleet": fleet, "limited": limited, "rotation": rotation}, indent=2))
missed = sum(not each["reached"] for each in GOALS)
print(f"\n{len(GOALS) - missed} reached, {missed} missed")


def draw(name, script):
    subprocess.run(["gnuplot"], input=f"set terminal svg size 800,360 background 'white'\n"
                   f"set output '{DIRECTORY}/{name}.svg'\n{script}", text=True, check=True)


def bars(title, unit, heights):
    """A bar with its value for each name."""
    data = "".join(f'"{name}" {height} {height:.2f}\n' for name, height in heights) + "e\n"
    return (f"set style fill solid\nset boxwidth 0.6\nset yrange [0:*]\nset offsets 0.5, 0.5, graph 0.1, 0\n"
            f"set ylabel '{unit}'\nset title '{title}'\n"
            "plot '-' using 0:2:xtic(1) with boxes notitle, '' using 0:2:3 with labels offset 0,0.7 notitle\n"
            + 2 * data)


BESIDE = {"raw": "raw/create_token", "HTTP alone": "http/create_token",
          "create-token": "hub/create_token", "Poco": "poco/create_token",
          "libcurl": "libcurl/create_token", "JavaScript SDK": "sdk_js/create_token/iterations:1"}
draw("create_token", bars("The requests of create-token", "CPU, raw OpenSSL = 1",
                          [(name, statistics.median(values(run, CPU)) / statistics.median(values("raw/create_token", CPU)))
                           for name, run in BESIDE.items() if run in CALLS]))
draw("rotation", bars("A rotation, with a workspace that takes 20 ms to answer", "ms",
                      [(share, rotation[share] / 1000)
                       for share in ("network", "sync", "sqlite", "ours", "cryptography")]))
draw("fleet", "set logscale x\nset yrange [0:*]\nset xlabel 'instances'\nset ylabel 'CPU of a rotation, us'\n"
     "plot '-' using 1:2 with linespoints notitle\n"
     + "".join(f"{entry['instances']} {entry['rotate_cpu_us']}\n" for entry in fleet) + "e\n")
