import Planning
import Scoring
import Testing

import Replaying

@Suite("Replay schedule")
struct ReplayScheduleTests {
    @Test("versions in order: contexts are of earlier versions and other prompts, records are of the prompt's own past")
    func steps() throws {
        let log = try Logs.run(prompts: 60, versions: [1, 4, 9, 10, 12]) { version, prompt in (version + prompt) % 9 }
        let schedule = try ReplaySchedule(log, options: Logs.options())
        #expect(schedule.mode == .steps)
        // Nothing is known before version 1, and one later visit is pooled, which version 12 has not.
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

    @Test("a visit's record and truth, by hand")
    func visit() throws {
        let log = try Logs.run(prompts: 3, versions: [1, 4, 9, 10, 12]) { version, prompt in (version + prompt) % 9 }
        let schedule = try ReplaySchedule(log, options: Logs.options { $0.truth = .urn })
        let visit = try #require(
            schedule.visits.first { log.rows[$0.row].policy.version == 9 && log.rows[$0.row].prompt == 2 })
        #expect(visit.number == 3 && visit.kind.name == "third visit on")
        // Versions 1 and 4, prompt 2: 3 and 6 of 8, eight and five steps old.
        #expect(visit.record.entries == [.init(k: 3, n: 8, age: 8), .init(k: 6, n: 8, age: 5)])
        // Versions 9 and 10: 2 and 3 of 8.
        #expect(visit.truth == .record(successes: 5, rollouts: 16) && visit.rate == 5.0 / 16)
    }

    @Test("equal texts under two ids are on one side of the halves")
    func equalTexts() throws {
        var prompts = Logs.prompts(20)
        prompts += prompts.map { Prompt(id: "again-\($0.id)", text: $0.text) }
        let rows = [1, 2, 3, 4].flatMap { version in
            prompts.indices.compactMap { prompt in
                Outcome(k: prompt % 9, n: 8).map {
                    ReplayLog.Row(policy: Policy(id: "llm", version: version), prompt: prompt, outcome: $0)
                }
            }
        }
        let log = try ReplayLog(name: "twins", prompts: prompts, rows: rows)
        let schedule = try ReplaySchedule(log, options: Logs.options())
        for version in schedule.versions {
            for context in schedule.contexts(of: version, seed: 3, rows: 40) {
                let known = Set(context.rows.map { prompts[log.rows[$0].prompt].text })
                let asked = Set(context.visits.map { prompts[log.rows[schedule.visits[$0].row].prompt].text })
                #expect(known.isDisjoint(with: asked))
            }
        }
    }

    @Test("steps hold every visit once, nearly even and of one kind, with the others of the kind to draw on")
    func batches() throws {
        // Prompts 40 and on join at version 3.
        let full = try Logs.run(prompts: 90, versions: [1, 2, 3, 4, 5]) { _, prompt in prompt % 9 }
        let log = try ReplayLog(
            name: "late", prompts: full.prompts, rows: full.rows.filter { $0.prompt < 40 || $0.policy.version ?? 0 > 2 }
        )
        let schedule = try ReplaySchedule(log, options: Logs.options { $0.mode = .steps })
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

    @Test("roles: context rows are known, query rows are asked, and no text is on both sides")
    func roles() throws {
        let log = try Logs.run(prompts: 50, versions: [7], role: { $0 < 30 ? .context : .query }) { _, p in p % 9 }
        let schedule = try ReplaySchedule(log, options: Logs.options())
        #expect(schedule.mode == .roles && schedule.visits.count == 20)
        let version = try #require(schedule.versions.first)
        let contexts = schedule.contexts(of: version, seed: 0, rows: 16)
        #expect(contexts.count == 1 && contexts[0].rows.allSatisfy { log.rows[$0].role == .context })
        #expect(schedule.contexts(of: version, seed: 1, rows: 16)[0].rows != contexts[0].rows)
        #expect(schedule.visits.allSatisfy { $0.record.entries.isEmpty && log.rows[$0.row].prompt >= 30 })
    }

    @Test("truth is the urn where enough is logged, and the posterior where not, unless one is asked for")
    func truth() throws {
        let log = try Logs.run(prompts: 50, versions: [7], role: { $0 < 30 ? .context : .query }) { _, p in p % 9 }
        #expect(try ReplaySchedule(log, options: Logs.options()).truth == .posterior)
        #expect(try ReplaySchedule(log, options: Logs.options { $0.maximum = 8 }).truth == .urn)
        let asked = try ReplaySchedule(log, options: Logs.options { $0.truth = .urn })
        #expect(asked.visits.allSatisfy { $0.truth == .record(successes: $0.successes ?? -1, rollouts: 8) })
    }

    @Test("what cannot be replayed says why")
    func refusals() throws {
        let single = ReplayLog.Row(policy: Policy(id: "llm"), prompt: 0, outcome: try #require(Outcome(reward: 1)))
        #expect(throws: ReplayError.noGroups(source: "x")) {
            try ReplayLog(name: "x", prompts: Logs.prompts(1), rows: [single])
        }
        let log = try Logs.run(prompts: 5, versions: [1, 2]) { _, prompt in prompt }
        #expect(throws: ReplayError.nothingToReplay(source: "run", mode: .steps)) {
            try ReplaySchedule(log, options: Logs.options { $0.mode = .steps })
        }
        #expect(throws: ReplayError.optionOutOfRange(name: "seeds", value: 0, range: "1…1000")) {
            try ReplayStudy(model: NumberModel { _ in 0.5 }, options: Logs.options { $0.seeds = 0 })
        }
    }
}
