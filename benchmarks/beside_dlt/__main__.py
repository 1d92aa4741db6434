"""Which rows are lost when an API misbehaves, and what 100,000 rows cost: Goldbridge's `rest` beside dlt's REST source.

Both tools read the same pretend API over loopback, three runs each (as a schedule would give them), with the options
their documentation advises. `lost` are rows of the API that are missing or stale afterwards; a loss is `silent` when
every run said it had succeeded.

    python -m benchmarks.beside_dlt --dlt /path/to/environment/bin/python [--only F7] [--records 100000]

The environment holds `dlt[duckdb]`; the figures of docs/benchmarks.md are of 1.31.0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.beside_dlt import child, ours
from benchmarks.beside_dlt.ours import Outcome
from benchmarks.beside_dlt.scenario import PAGE, SCENARIOS, START_MS, Scenario
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.plain import CLIENT_ID, CLIENT_SECRET, Plain

Tool = Callable[[Path], Outcome]
SPEED_PAGE = 500


def of_dlt(python: str, url: str, scenario: Scenario, page: int) -> Tool:
    asked = {
        "url": url, "paging": scenario.paging, "envelope": scenario.envelope, "auth": scenario.auth, "page": page,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    }  # fmt: skip
    script = str(Path(__file__).with_name("dlt_peer.py"))

    def run(folder: Path) -> Outcome:
        done = child.run([python, script, json.dumps(asked | {"folder": str(folder)})], folder, {"DO_NOT_TRACK": "1"})
        if done.status:
            raise RuntimeError(f"dlt's environment does not work: {done.stderr[-2000:]}")
        said = json.loads(done.stdout.strip().splitlines()[-1])
        return Outcome(said["rows"], said["failed"], done.cpu_s, done.peak_mib)

    return run


def of_goldbridge(url: str, scenario: Scenario, page: int, folder: Path) -> Tool:
    ours.project(folder, url, paging=scenario.paging, envelope=scenario.envelope, auth=scenario.auth, page=page,
                 depth=scenario.depth)  # fmt: skip
    return ours.run


def truth(sim: Plain) -> dict[str, str]:
    return {str(row["id"]): f"{row.get('name')}|{row.get('note') or ''}" for row in sim.rows("account")}


def tool_of(python: str, url: str, scenario: Scenario, page: int, folder: Path) -> Tool:
    """dlt in the environment of `python`, or Goldbridge when there is none."""
    return of_dlt(python, url, scenario, page) if python else of_goldbridge(url, scenario, page, folder)


def play(scenario: Scenario, python: str) -> str:
    """Lost rows after the last run, and what the runs said."""
    sim = scenario.simulator()
    with Loopback(sim.app) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tool, said = tool_of(python, url, scenario, PAGE, folder), []
        for turn in range(scenario.runs):
            found = tool(folder)
            said.append(found.failed)
            if turn == 0 and scenario.between:
                scenario.between(sim)
        lost = sum(found.rows.get(key) != value for key, value in truth(sim).items())
    told = "; ".join(f"run {at + 1} {text}" for at, text in enumerate(said) if text)
    verdict = f"{lost} lost" + (", silently" if lost and not told else "")
    return f"{verdict:<20} {told}".rstrip()


def faults(python: str, only: str) -> None:
    for scenario in SCENARIOS:
        if only not in ("", scenario.fault):
            continue
        print(f"\n{scenario.fault}: {scenario.what}")
        for name in ("goldbridge", "dlt"):
            print(f"  {name:<12} {play(scenario, python if name == 'dlt' else '')}")
        sys.stdout.flush()


def speed(python: str, records: int) -> None:
    """First load and a second run that finds nothing new; the API runs in a process of its own."""
    plain = Scenario("", "")
    source = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.beside_dlt", "--serve", str(records)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert source.stdout is not None
        url = source.stdout.readline().strip()
        print(f"\n{records} rows of 15 fields, pages of {SPEED_PAGE}: CPU seconds and peak MiB of the whole process")
        for name in ("goldbridge", "dlt"):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                tool = tool_of(python if name == "dlt" else "", url, plain, SPEED_PAGE, folder)
                for run in ("first load", "nothing new"):
                    done = tool(folder)
                    told = f"{done.cpu_s:7.1f} s {done.peak_mib:7.0f} MiB   {len(done.rows)} rows {done.failed}"
                    print(f"  {name:<12} {run:<12} {told}")
                    sys.stdout.flush()
    finally:
        source.terminate()
        source.wait()


def serve(records: int) -> None:
    fields = {f"field_{at:02d}": f"文一西路{at}号示例数据" for at in range(12)}
    rows = [
        {"name": f"示例{number:06d}号有限公司", "updated_ms": START_MS + number * 1000, **fields}
        for number in range(1, records + 1)
    ]
    with Loopback(Plain({"account": rows}, paging="next_token").app) as url:
        print(url, flush=True)
        sys.stdin.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dlt", default="", help="the Python of an environment that holds dlt[duckdb]")
    parser.add_argument("--only", default="", help="one fault, e.g. F7")
    parser.add_argument("--records", type=int, default=100_000, help="rows of the speed test; 0 leaves it out")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
        return
    if not options.dlt:
        parser.error("name the Python of an environment that holds dlt[duckdb] with --dlt")
    faults(options.dlt, options.only)
    if options.records and not options.only:
        speed(options.dlt, options.records)


if __name__ == "__main__":
    main()
