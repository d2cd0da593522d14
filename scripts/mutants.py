"""Says which wrong rules the simulator notices: each of 28 mutants is one rule of Sources/Cluster, broken.

    git clone . /tmp/mutants && cd /tmp/mutants && python3 scripts/mutants.py --here --seeds 2500

All mutants are put into the sources of a clone at once, each behind the environment variable STATEZERO_MUTANT, so
that one build serves all of them. Nothing of this is in the product. A mutant is caught when the simulator's test
fails, which it does at the first seed with a broken invariant; without a mutant the test must pass. Exit code 1: fewer
than --least were caught.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLUSTER = "Sources/Cluster"
TESTS = "SimulationTests"


@dataclass(frozen=True)
class Mutant:
    """A rule, where it is, and what it becomes; `{m}` stands for the question whether the mutant is active."""

    name: str
    file: str
    old: str
    new: str
    test: str = "SimulatorTests.thousandsOfSeeds"


MUTANTS = [
    Mutant(
        "a decision is carried out before its entries are durable",
        "Coordinator/Durability/CoordinatorOutbox.swift",
        "&& requests.allSatisfy { $0.value <= progress.requests[$0.key] ?? 0 }",
        "&& ({m} || requests.allSatisfy { $0.value <= progress.requests[$0.key] ?? 0 })",
    ),
    Mutant(
        "what is decided in a new generation is sent before that is durable",
        "Coordinator/Durability/CoordinatorOutbox.swift",
        "concerningAll <= progress.concerningAll\n",
        "({m} || concerningAll <= progress.concerningAll)\n",
    ),
    Mutant(
        "a report counts as durable with its first part",
        "Coordinator/Durability/JournalProgress.swift",
        "guard completes else { return }",
        "guard {m} || completes else { return }",
    ),
    Mutant(
        "what is decided behind an outcome waits for a disk that nobody writes to",
        "Coordinator/Durability/JournalCommits.swift",
        "let commit = request.isPermanent ? count",
        "let commit = request.isPermanent || {m} ? count",
    ),
    Mutant(
        "what a message leads to is sent before what was decided before",
        "Coordinator/CoordinatorMachines.swift",
        """                open += coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
            case .coordinator(.send(let envelope, let peer)) where PlannerState.isClient(peer):
                open += plan(.fromCoordinator(envelope.message), of: peer.tenant, at: now)
""",
        """                let more = coordinator.handle(.received(envelope, from: peer), at: now).map(Step.coordinator)
                open.insert(contentsOf: more, at: {m} ? 0 : open.count)
            case .coordinator(.send(let envelope, let peer)) where PlannerState.isClient(peer):
                let more = plan(.fromCoordinator(envelope.message), of: peer.tenant, at: now)
                open.insert(contentsOf: more, at: {m} ? 0 : open.count)
""",
    ),
    Mutant(
        "a worker's lease never expires",
        "Coordinator/CoordinatorState.swift",
        "guard let expired = worker.leases.leases.values.first(where: { $0.expires <= now }) else { continue }",
        "guard !{m}, let expired = worker.leases.leases.values.first(where: { $0.expires <= now }) else { continue }",
    ),
    Mutant(
        "a dead incarnation joins again",
        "Shared/Membership.swift",
        "return isDead(hello.incarnation) ? .dismissed(incarnation: hello.incarnation) : nil",
        "return isDead(hello.incarnation) && !{m} ? .dismissed(incarnation: hello.incarnation) : nil",
    ),
    Mutant(
        "a shard that is confirmed is computed again",
        "Coordinator/Job.swift",
        "guard shard.shard >= confirmedBelow, shards[shard.shard] == nil",
        "guard {m} || shard.shard >= confirmedBelow, shards[shard.shard] == nil",
    ),
    Mutant(
        "a result for a piece that was halved since counts",
        "Coordinator/Verification/Job+Verification.swift",
        "guard let piece = piece(at: key), piece.rows == result.piece.rows else { return .ignored }",
        "guard let piece = piece(at: key), {m} || piece.rows == result.piece.rows else { return .ignored }",
    ),
    Mutant(
        "a worker's death is not counted against its piece",
        "Coordinator/Job.swift",
        "            if $0.killed.insert(identity).inserted || isAlone { $0.kills += 1 }\n",
        "            if !{m}, $0.killed.insert(identity).inserted || isAlone { $0.kills += 1 }\n",
    ),
    Mutant(
        "a death counts against all pieces of the worker",
        "Coordinator/CoordinatorState+Members.swift",
        "killed: isFailure && place == 0 ? worker.identity : nil,",
        "killed: isFailure && (place == 0 || {m}) ? worker.identity : nil,",
    ),
    Mutant(
        "every death of one worker counts, and it gets the piece again",
        "Coordinator/Job.swift",
        "$0.killed.insert(identity).inserted",
        "({m} || $0.killed.insert(identity).inserted)",
    ),
    Mutant(
        "a row is given up at its second death",
        "Coordinator/Job.swift",
        "if piece.rows.count == 1, piece.kills >= Self.killsToPoison {",
        "if piece.rows.count == 1, piece.kills >= ({m} ? 2 : Self.killsToPoison) {",
    ),
    Mutant(
        "a worker that drains gets more work",
        "Coordinator/CoordinatorState+Workers.swift",
        "            workers.change(incarnation) { $0.leases.isDraining = true }\n",
        "            if !{m} { workers.change(incarnation) { $0.leases.isDraining = true } }\n",
    ),
    Mutant(
        "credit is ignored",
        "Shared/LeaseTable.swift",
        "&& self.rows + rows <= credit.rows && self.tokens + tokens <= credit.tokens",
        "&& ({m} || self.rows + rows <= credit.rows && self.tokens + tokens <= credit.tokens)",
    ),
    Mutant(
        "a generation is used twice",
        "Coordinator/CoordinatorState.swift",
        "            generation += 1\n",
        "            generation += {m} && generation > 0 ? 0 : 1\n",
    ),
    Mutant(
        "an answer is sent and not made durable",
        "Coordinator/CoordinatorState+Workers.swift",
        "        record(.shardAnswered(answer), of: jobs.values[place], &actions)\n",
        "        if !{m} { record(.shardAnswered(answer), of: jobs.values[place], &actions) }\n",
    ),
    Mutant(
        "rewards that are repeated count twice",
        "Planner/PlannerState+Rollouts.swift",
        'if let draw = group.events["\\(name)"] { return .known(draw: draw) }',
        'if !{m}, let draw = group.events["\\(name)"] { return .known(draw: draw) }',
    ),
    Mutant(
        "an assignment that was lost on its way is not lent again",
        "Planner/PlannerState+Rollouts.swift",
        "where !lease.isNamed && now - lease.lentAt >= configuration.timing.livenessTime {",
        "where !{m} && !lease.isNamed && now - lease.lentAt >= configuration.timing.livenessTime {",
    ),
    Mutant(
        "a group's rewards are forgotten by a restart",
        "Planner/PlannerState+Durable.swift",
        "            _ = sessions[plan]?.record(report)\n",
        "            if !{m} { _ = sessions[plan]?.record(report) }\n",
    ),
    Mutant(
        "rewards for a plan that was dropped count in the next one for the step",
        "Planner/PlannerState+Rollouts.swift",
        "name.attempt > session.opening.attemptsBefore else",
        "{m} || name.attempt > session.opening.attemptsBefore else",
    ),
    Mutant(
        "outcomes that a trainer's rewind drops stay on the disk",
        "Planner/PlannerState+Rewinds.swift",
        "        actions.append(.journal(.outcomesForgotten(policyID: policyID, eventIDs: events)))\n",
        "        if !{m} { actions.append(.journal(.outcomesForgotten(policyID: policyID, eventIDs: events))) }\n",
    ),
    Mutant(
        "the last part of a request is kept first",
        "Coordinator/Durability/JournalRequest.swift",
        "        for place in parts.indices.dropLast()",
        "        if {m} { parts.reverse() }\n        for place in parts.indices.dropLast()",
    ),
    Mutant(
        "a shard that is drawn is not computed again",
        "Coordinator/Verification/Job+Verification.swift",
        "guard shards[key.shard]?.isSampled == true, !isAboutPlaces(result) else {",
        "guard !{m}, shards[key.shard]?.isSampled == true, !isAboutPlaces(result) else {",
    ),
    Mutant(
        "the answers of two workers are not compared",
        "Coordinator/Verification/Opinion.swift",
        "        answers == other.answers && faults",
        "        {m} || answers == other.answers && faults",
    ),
    Mutant(
        "a worker in quarantine gets more work",
        "Shared/Membership.swift",
        "isQuarantined ? .init() : leases.room",
        "isQuarantined && !{m} ? .init() : leases.room",
    ),
    Mutant(
        "jobs take turns, tenants do not",
        "Coordinator/Lending/CoordinatorState+Lending.swift",
        "return (account: turns.account(of: tenant), lentAt: lentAt, place: place)",
        "return (account: {m} ? 0 : turns.account(of: tenant), lentAt: {m} ? 0 : lentAt, place: place)",
        "TenantSimulationTests.turns",
    ),
    Mutant(
        "what a tenant is lent does not count",
        "Coordinator/Lending/TenantTurns.swift",
        "isWaiting: true)].tokens += tokens",
        'isWaiting: true)].tokens += {m} && tenant == "a" ? 0 : tokens',
        "TenantSimulationTests.turns",
    ),
]

SWITCH = """import Foundation

/// The mutant that is active; 0: none.
private let active = ProcessInfo.processInfo.environment["STATEZERO_MUTANT"].flatMap(Int.init) ?? 0

package func isMutant(_ number: Int) -> Bool { active == number }
"""


def mutated(sources: dict[str, str]) -> dict[str, str]:
    """The sources with all mutants in them. Raises ValueError where a rule is not found exactly once."""
    result = dict(sources)
    for number, mutant in enumerate(MUTANTS, start=1):
        text = result[mutant.file]
        if text.count(mutant.old) != 1:
            raise ValueError(f"{mutant.file}: the rule of “{mutant.name}” is there {text.count(mutant.old)} times")
        result[mutant.file] = text.replace(mutant.old, mutant.new.replace("{m}", f"isMutant({number})"))
    return result


def sources(root: pathlib.Path) -> dict[str, str]:
    """The files that have a rule, by their path in the module."""
    return {m.file: (root / CLUSTER / m.file).read_text() for m in MUTANTS}


def build(root: pathlib.Path) -> None:
    """Builds the simulator's tests alone."""
    command = ["swift", "build", "-c", "release", "--product", "StateZeroPackageTests"]
    subprocess.run(command, cwd=root, env=os.environ | {"STATEZERO_TESTS": TESTS}, check=True)


def run(root: pathlib.Path, number: int, seeds: int, limit: int) -> tuple[bool, str]:
    """Whether the simulator passes with a mutant, and what it said. Without one, the tests of all must pass."""
    test = MUTANTS[number - 1].test if number else "|".join(sorted({m.test for m in MUTANTS}))
    variables = {"STATEZERO_TESTS": TESTS, "STATEZERO_SEEDS": str(seeds), "STATEZERO_MUTANT": str(number)}
    command = ["swift", "test", "-c", "release", "--skip-build", "--filter", test]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=os.environ | variables | {"SWIFT_BACKTRACE": "enable=no"},
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return False, f"no end within {limit} s"
    output = done.stdout + done.stderr
    reason = re.search(r"(seed \d+: .*)", output)
    if done.returncode == 0:
        return True, ""
    if reason:
        return False, reason.group(1)[:200]
    # A rule that traps, or an outcome that no seed has had: the test fails without naming a seed.
    other = re.search(r"unexpected signal code \d+|Expectation failed: .*", output)
    if other is None:
        raise RuntimeError(f"mutant {number}: exit code {done.returncode} without a failed test: {output[-2000:]}")
    return False, other.group()[:200]


def main() -> int:
    """Runs all mutants; prints a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--here", action="store_true", help="change this checkout: a clone of its own")
    parser.add_argument("--built", action="store_true", help="this clone is changed and built already")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of mutants, in this order (default: all)")
    parser.add_argument("--seeds", type=int, default=2500, help="seeds for each mutant")
    parser.add_argument("--least", type=int, default=12, help="mutants that must be caught")
    parser.add_argument("--limit", type=int, default=900, help="seconds for each mutant")
    arguments = parser.parse_args()
    if not arguments.here:
        for number, mutant in enumerate(MUTANTS, start=1):
            print(f"{number:2}  {mutant.name}: {mutant.file}")
        mutated(sources(ROOT))
        print("all rules are found; --here builds and runs them, in a clone that may be changed")
        return 0
    if not arguments.built:
        for file, text in mutated(sources(ROOT)).items():
            (ROOT / CLUSTER / file).write_text(text)
        (ROOT / CLUSTER / "Mutants.swift").write_text(SWITCH)
        build(ROOT)
        passes, reason = run(ROOT, 0, arguments.seeds, arguments.limit)
        if not passes:
            print(f"without a mutant the simulator fails already: {reason}")
            return 1
    caught = 0
    numbers = arguments.only or range(1, len(MUTANTS) + 1)
    for number in numbers:
        mutant = MUTANTS[number - 1]
        start = time.monotonic()
        passes, reason = run(ROOT, number, arguments.seeds, arguments.limit)
        caught += not passes
        verdict = "passes " if passes else "caught "
        print(f"{number:2}  {verdict}  {time.monotonic() - start:5.0f} s  {mutant.name}  {reason}", flush=True)
    print(f"{caught} of {len(numbers)} mutants are caught within {arguments.seeds} seeds")
    return 0 if caught >= min(arguments.least, len(numbers)) else 1


if __name__ == "__main__":
    sys.exit(main())
