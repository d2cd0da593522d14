"""How long a tenant's reports wait while another tenant's history of 60,000 outcomes is deleted, as a whole or in part.

    python3 scripts/load/forgetting.py [--program FILE] [--outcomes 60000] [--steps 60] [--rounds 3]

Tenant a has reported outcomes of many steps, and tenant b reports an outcome every 2 ms. Then tenant a goes back by one
step, by half of the steps, or to the first one (`DELETE /v1/plans`), or it forgets the policy (`DELETE /v1/policies`).
Prints a row each: what tenant b waited at most before and meanwhile, and what the request itself took.
"""

import pathlib
import tempfile
import threading
import time

from tenants import Requests, Tenants

from common import arguments, measurements

POLICY = "large"
AT_ONCE = 1000
TEXT = "x" * 200
PAUSE_SECONDS = 0.002
SECONDS_BEFORE, SECONDS_AFTER = 1.0, 2.0


class Reporter:
    """Tenant b: reports one outcome after the other, and keeps the seconds that each took."""

    def __init__(self, port: int, token: str):
        self.requests, self.seconds, self.is_over = Requests(port, token), [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.is_over:
            number = len(self.seconds)
            outcome = {"event_id": f"e{number}", "prompt_id": f"p{number}", "prompt": f"{number}", "mean": 1, "n": 4}
            begin = time.monotonic()
            status, answer = self.requests.ask("/v1/outcomes", {"policy_id": "small", "outcomes": [outcome]})
            self.seconds.append(time.monotonic() - begin)
            if status != 200:
                raise RuntimeError(f"tenant b: {status} {answer!r}")
            time.sleep(PAUSE_SECONDS)

    def end(self) -> None:
        self.is_over = True
        self.thread.join()


def fill(requests: Requests, outcomes: int, steps: int) -> None:
    for first in range(0, outcomes, AT_ONCE):
        rows = [
            {
                "event_id": f"e{n}",
                "prompt_id": f"p{n}",
                "prompt": f"text {n} {TEXT}",
                "step": n * steps // outcomes,
                "mean": n % 2,
                "n": 4,
            }
            for n in range(first, min(outcomes, first + AT_ONCE))
        ]
        status, answer = requests.ask("/v1/outcomes", {"policy_id": POLICY, "outcomes": rows})
        if status != 200:
            raise RuntimeError(f"tenant a: {status} {answer!r}")


def measure(options, name: str, path: str) -> None:
    with tempfile.TemporaryDirectory(prefix="forgetting-") as folder:
        tenants = Tenants(options.program, pathlib.Path(folder))
        try:
            tenants.wait_for_worker()
            greedy = Requests(tenants.cluster.port, tenants.token("greedy"))
            fill(greedy, options.outcomes, options.steps)
            reporter = Reporter(tenants.cluster.port, tenants.token("quiet"))
            try:
                time.sleep(SECONDS_BEFORE)
                before = len(reporter.seconds)
                begin = time.monotonic()
                status, answer = greedy.ask(path, method="DELETE")
                own = time.monotonic() - begin
                if status != 200:
                    raise RuntimeError(f"tenant a: {status} {answer!r}")
                time.sleep(SECONDS_AFTER)
            finally:
                reporter.end()
        finally:
            tenants.cluster.stop()
    waits = [f"{1000 * max(part):.0f} ms" for part in (reporter.seconds[:before], reporter.seconds[before:])]
    print(f"| {name} | {waits[0]} | {waits[1]} | {1000 * own:.0f} ms |", flush=True)


def main() -> None:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    parser.add_argument("--outcomes", type=int, default=60_000, help="of tenant a's policy")
    parser.add_argument("--steps", type=int, default=60, help="that the outcomes are of")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each row")
    options = parser.parse_args()
    rows = {
        f"the last of {options.steps} steps": f"/v1/plans?policy={POLICY}&from={options.steps - 1}",
        "half of the steps": f"/v1/plans?policy={POLICY}&from={options.steps // 2}",
        "all steps": f"/v1/plans?policy={POLICY}&from=0",
        "the policy": f"/v1/policies/{POLICY}",
    }
    print("| what is deleted | b waits at most before | meanwhile | the request |", flush=True)
    print("|---|---|---|---|", flush=True)
    for _ in range(options.rounds):
        for name, path in rows.items():
            measure(options, name, path)
    print(f"\n{measurements.load()}")


if __name__ == "__main__":
    main()
