import Planning
import Scoring
import Testing

import Replaying

@Suite("Replay schedule")
struct ReplayScheduleTests {
    @Test("in mode steps contexts are of earlier versions and other prompts, and records of the prompt's own past")
    func steps() throws {
        let log = try SampleLogs.run(prompts: 60, versions: [1, 4, 9, 10, 12]) { version, prompt in
            (version + prompt) % 9
        }
        let schedule = try ReplaySchedule(log, options: SampleLogs.options())
        #expect(schedule.mode == .steps)
        // Nothing is known before version 1, and version 12 has no later visit to pool.
        #expect(schedule.versions.map(\.policy.version) == [4, 9, 10])
        #expect(schedule.withoutRecord == 60 && schedule.withoutLater == 60 && schedule.visits.count == 180)
        for version in schedule.versions {
            let now = try #require(version.policy.version)
            for seed in 0..<5 {
                let contexts = schedule.contexts(of: version, seed: seed, rows: 16)
                #expect(Set(contexts.flatMap(\.visits)) == Set(version.visits))
                for context in contexts {
                    #expect(context.rows.count == 16)
                    let known = Set(context.rows.map { log.rows[$0].prompt })
                    let asked = Set(context.visits.map { log.rows[schedule.visits[$0].row].prompt })
                    #expect(known.isDisjoint(with: asked) && known.count == 16)
                    // The newest before it.
                    let newest = log.rows.compactMap(\.policy.version).filter { $0 < now }.max()
                    #expect(context.rows.allSatisfy { log.rows[$0].policy.version == newest })
                }
            }
        }
    }

    @Test("a visit's record and truth agree with hand-computed values")
    func visit() throws {
        let log = try SampleLogs.run(prompts: 3, versions: [1, 4, 9, 10, 12]) { version, prompt in
            (version + prompt) % 9
        }
        let schedule = try ReplaySchedule(log, options: SampleLogs.options { $0.truth = .urn })
        let visit = try #require(
            schedule.visits.first { log.rows[$0.row].policy.version == 9 && log.rows[$0.row].prompt == 2 })
        #expect(visit.number == 3 && visit.kind.name == "third visit on")
        // Versions 1 and 4, prompt 2: 3 and 6 of 8, eight and five steps old.
        #expect(visit.record.entries == [.init(k: 3, n: 8, age: 8), .init(k: 6, n: 8, age: 5)])
        // Versions 9 and 10: 2 and 3 of 8.
        #expect(visit.truth == .record(successes: 5, rollouts: 16) && visit.rate == 5.0 / 16)
    }

    @Test("equal texts under two ids are in the same half")
    func equalTexts() throws {
        var prompts = SampleLogs.prompts(20)
        prompts += prompts.map { Prompt(id: "again-\($0.id)", text: $0.text) }
        let rows = [1, 2, 3, 4].flatMap { version in
            prompts.indices.compactMap { prompt in
                Outcome(k: prompt % 9, n: 8).map {
                    ReplayLog.Row(policy: Policy(id: "llm", version: version), prompt: prompt, outcome: $0)
                }
            }
        }
        let log = try ReplayLog(name: "twins", prompts: prompts, rows: rows)
        let schedule = try ReplaySchedule(log, options: SampleLogs.options())
        for version in schedule.versions {
            for context in schedule.contexts(of: version, seed: 3, rows: 40) {
                let known = Set(context.rows.map { prompts[log.rows[$0].prompt].text })
                let asked = Set(context.visits.map { prompts[log.rows[schedule.visits[$0].row].prompt].text })
                #expect(known.isDisjoint(with: asked))
            }
        }
    }

    @Test(
        "steps contain every visit once, are of nearly equal size and one kind, and have the rest of the kind as pool")
    func batches() throws {
        // Prompts 40 and on join at version 3.
        let full = try SampleLogs.run(prompts: 90, versions: [1, 2, 3, 4, 5]) { _, prompt in prompt % 9 }
        let log = try ReplayLog(
            name: "late", prompts: full.prompts, rows: full.rows.filter { $0.prompt < 40 || $0.policy.version ?? 0 > 2 }
        )
        let schedule = try ReplaySchedule(log, options: SampleLogs.options { $0.mode = .steps })
        let version = try #require(schedule.versions.first { $0.policy.version == 3 })
        let steps = schedule.steps(of: version, seed: 1, prompts: 20)
        #expect(steps.flatMap(\.visits).sorted() == version.visits.sorted())
        #expect(steps.map(\.visits.count) == [16, 17, 17, 20, 20])
        for step in steps {
            #expect(Set(step.visits.map { schedule.visits[$0].kind }).count == 1)
            #expect(Set(step.visits).isDisjoint(with: step.pool))
        }
        #expect(steps[0].pool.count == 34 && steps[4].pool.count == 20)
        #expect(schedule.steps(of: version, seed: 1, prompts: 1000).count == 4, "two of each kind at least")
    }

    @Test("in mode roles context rows are known, query rows are planned, and no text has both roles")
    func roles() throws {
        let log = try SampleLogs.run(prompts: 50, versions: [7], role: { $0 < 30 ? .context : .query }) { _, p in p % 9
        }
        let schedule = try ReplaySchedule(log, options: SampleLogs.options())
        #expect(schedule.mode == .roles && schedule.visits.count == 20)
        let version = try #require(schedule.versions.first)
        let contexts = schedule.contexts(of: version, seed: 0, rows: 16)
        #expect(contexts.count == 1 && contexts[0].rows.allSatisfy { log.rows[$0].role == .context })
        #expect(schedule.contexts(of: version, seed: 1, rows: 16)[0].rows != contexts[0].rows)
        #expect(schedule.visits.allSatisfy { $0.record.entries.isEmpty && log.rows[$0.row].prompt >= 30 })
    }

    @Test("the truth is the urn if enough rollouts are logged, otherwise the posterior, unless an option states it")
    func truth() throws {
        let log = try SampleLogs.run(prompts: 50, versions: [7], role: { $0 < 30 ? .context : .query }) { _, p in p % 9
        }
        #expect(try ReplaySchedule(log, options: SampleLogs.options()).truth == .posterior)
        #expect(try ReplaySchedule(log, options: SampleLogs.options { $0.maximum = 8 }).truth == .urn)
        let asked = try ReplaySchedule(log, options: SampleLogs.options { $0.truth = .urn })
        #expect(asked.visits.allSatisfy { $0.truth == .record(successes: $0.successes ?? -1, rollouts: 8) })
    }

    @Test("logs that cannot be replayed are rejected with the reason")
    func rejections() throws {
        let single = ReplayLog.Row(policy: Policy(id: "llm"), prompt: 0, outcome: try #require(Outcome(reward: 1)))
        #expect(throws: ReplayError.noGroups(source: "x")) {
            try ReplayLog(name: "x", prompts: SampleLogs.prompts(1), rows: [single])
        }
        let log = try SampleLogs.run(prompts: 5, versions: [1, 2]) { _, prompt in prompt }
        #expect(throws: ReplayError.nothingToReplay(source: "run", mode: .steps)) {
            try ReplaySchedule(log, options: SampleLogs.options { $0.mode = .steps })
        }
        #expect(throws: ReplayError.optionOutOfRange(name: "seeds", value: 0, range: "1…1000")) {
            try ReplayStudy(model: NumberModel { _ in 0.5 }, options: SampleLogs.options { $0.seeds = 0 })
        }
    }
}
