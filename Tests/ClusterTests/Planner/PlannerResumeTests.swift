import Cluster
import Foundation
import Planning
import Scoring
import Testing
import Wire

/// Trainers that are killed at random points and resume from their last checkpoint, as `scripts/loop/resume.py` does it
/// with processes.
@Suite("Planner: trainers that are killed and resume")
struct PlannerResumeTests {
    private static let steps = 60
    private static let checkpointSteps = 5

    /// A trainer: what it has reported for each step in its present start, and where it would resume.
    private struct Trainer {
        let policy: String
        var attempt: UInt64 = 0
        var checkpoint = 0
        var step = 0
        /// By step: events that must count.
        var events: [Int: Set<String>] = [:]
        /// Outcomes of former starts, with their attempts, that may still be reported.
        var late: [(attempt: UInt64, outcome: GroupOutcome)] = []

        mutating func kill() {
            attempt += 1
            for step in checkpoint..<PlannerResumeTests.steps { events[step] = nil }
            step = checkpoint
        }
    }

    private static func kept(_ bench: PlannerBench) -> [String: [Int: Set<String>]] {
        var kept: [String: [Int: Set<String>]] = [:]
        for entry in bench.planJournal {
            switch entry {
            case .outcomesRecorded(let policyID, let outcomes):
                for outcome in outcomes {
                    kept[policyID, default: [:]][outcome.step ?? -1, default: []].insert(outcome.eventID)
                }
            case .outcomesForgotten(let policyID, let eventIDs):
                kept[policyID] = kept[policyID]?.mapValues { $0.subtracting(eventIDs) }.filter { !$0.value.isEmpty }
            default: break
            }
        }
        return kept
    }

    @Test(
        "50 kills in runs of 60 steps: all finish, and no outcome of an abandoned step counts, whatever is reported late",
        arguments: [1, 3])
    func kills(_ policies: Int) throws {
        for seed in UInt64(1)...4 {
            var random = SeededGenerator(seed: seed)
            var bench = PlannerBench()
            bench.joinTrainer()
            var trainers = (0..<policies).map { Trainer(policy: "llm-\($0)") }
            var (kills, abandoned) = (0, 0)
            while let place = trainers.indices.filter({ trainers[$0].step < Self.steps }).randomElement(using: &random)
            {
                if random.unit() < 0.15, kills < 50 {
                    kills += 1
                    trainers[place].kill()
                    if random.unit() < 0.2 {
                        bench = bench.restarted()
                        bench.joinTrainer()
                    }
                    continue
                }
                abandoned += try Self.step(&trainers[place], &bench, &random)
                if kills < 50, trainers[place].step == Self.steps {
                    // All 50 kills happen in a run.
                    trainers[place].checkpoint = 20
                    trainers[place].kill()
                    kills += 1
                }
            }
            #expect(kills == 50 && abandoned > 0)
            let kept = Self.kept(bench)
            for trainer in trainers {
                #expect(kept[trainer.policy] == trainer.events, "seed \(seed), \(trainer.policy)")
            }
        }
    }

    /// One step of a trainer, which may be killed before its end. Returns how many late outcomes were rejected.
    private static func step(
        _ trainer: inout Trainer, _ bench: inout PlannerBench, _ random: inout SeededGenerator
    ) throws -> Int {
        let first = Int.random(in: 0..<200, using: &random)
        var request = PlannerBench.request(
            8, step: trainer.step, policy: trainer.policy, first: first, mean: Int.random(in: 5...9, using: &random))
        request.attempt = trainer.attempt
        bench.receive(.requestPlan(request), from: PlannerBench.trainer)
        _ = try #require(bench.end(), "\(trainer.policy) \(trainer.step): \(String(describing: bench.refusal()))")
        // Reported before the new start's first plan, it would be dropped by that plan.
        var rejected = 0
        for late in trainer.late where late.attempt < trainer.attempt {
            bench.receive(report([late.outcome], trainer.policy, late.attempt), from: PlannerBench.trainer)
            let codes = answer(bench)?.rejected.map(\.code) ?? []
            let isAbandoned = (late.outcome.step ?? 0) >= trainer.checkpoint
            #expect(codes == (isAbandoned ? ["abandoned"] : []) || !isAbandoned)
            rejected += codes.count
        }
        trainer.late = []
        let outcomes = (0..<8).map { index in
            GroupOutcome(
                eventID: "\(trainer.attempt)/\(trainer.step)/\(index)", promptID: "q\(first + index)",
                step: trainer.step,
                rewards: [1, 0, 1, 0])
        }
        // A kill may come between two reports: the second half is then late.
        let isKilled = random.unit() < 0.05
        for outcome in isKilled ? outcomes.prefix(4) : outcomes[...] {
            bench.receive(report([outcome], trainer.policy, trainer.attempt), from: PlannerBench.trainer)
            #expect(answer(bench)?.accepted == 1)
            trainer.events[trainer.step, default: []].insert(outcome.eventID)
        }
        if isKilled {
            // The process ends before its checkpoint, so the step is abandoned.
            trainer.late += outcomes.suffix(4).map { (trainer.attempt, $0) }
            trainer.kill()
            return rejected
        }
        trainer.step += 1
        if trainer.step % checkpointSteps == 0 { trainer.checkpoint = trainer.step }
        return rejected
    }

    private static func report(_ outcomes: [GroupOutcome], _ policy: String, _ attempt: UInt64) -> Message {
        .reportOutcomes(ReportOutcomes(request: 5, policyID: policy, attempt: attempt, outcomes: outcomes))
    }

    private static func answer(_ bench: PlannerBench) -> OutcomesRecorded? {
        bench.messages(to: PlannerBench.trainer).compactMap {
            if case .outcomesRecorded(let recorded) = $0 { recorded } else { nil }
        }.last
    }
}
