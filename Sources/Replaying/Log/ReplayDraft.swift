internal import Planning
internal import Scoring

/// A schedule under construction: reads a log row by row into visits and versions.
struct ReplayDraft {
    let log: ReplayLog
    let options: ReplayOptions
    let keys: [DrawKey]
    var visits: [ReplayVisit] = []
    var versions: [ReplaySchedule.Version] = []
    var withoutRecord = 0
    var withoutLater = 0

    init(log: ReplayLog, options: ReplayOptions, keys: [DrawKey]) {
        self.log = log
        self.options = options
        self.keys = keys
    }

    /// By policy and version: the log's rows.
    private var byPolicy: [(id: String, versions: [(policy: Policy, rows: [Int])])] {
        var policies: [(id: String, versions: [(policy: Policy, rows: [Int])])] = []
        // Rows are sorted by policy, so versions of a policy are next to each other.
        for (index, row) in log.rows.enumerated() {
            if policies.last?.id != row.policy.id { policies.append((row.policy.id, [])) }
            if policies[policies.count - 1].versions.last?.policy != row.policy {
                policies[policies.count - 1].versions.append((row.policy, []))
            }
            let last = policies[policies.count - 1].versions.count - 1
            policies[policies.count - 1].versions[last].rows.append(index)
        }
        return policies
    }

    /// Adds the visits of mode `steps`.
    mutating func addSteps() throws(ReplayError) {
        let marked = Set(log.rows.filter { $0.role == .query }.map(\.prompt))
        // If all rows have roles, the roles do not show which prompts were trained on.
        let heldOut = log.rows.contains { $0.role == nil } ? marked : []
        for (_, versions) in byPolicy {
            let drawable = versions.flatMap(\.rows).filter { log.rows[$0].outcome.n > 1 }
            let byPrompt = Dictionary(grouping: drawable) { log.rows[$0].prompt }
            var places: [Int: Int] = [:]
            for rows in byPrompt.values {
                for (place, row) in rows.enumerated() { places[row] = place }
            }
            var latest: [Int: Int] = [:]
            for (index, version) in versions.enumerated() {
                var planned: [Int] = []
                for row in version.rows {
                    let prompt = log.rows[row].prompt
                    guard let place = places[row], let all = byPrompt[prompt] else { continue }
                    guard index > 0 else {
                        withoutRecord += 1
                        continue
                    }
                    guard place + options.pooledVisits < all.count else {
                        withoutLater += 1
                        continue
                    }
                    planned.append(visits.count)
                    let outcomes = all[place...place + options.pooledVisits].map { log.rows[$0].outcome }
                    visits.append(
                        ReplayVisit(
                            row: row, number: place + 1, record: try record(row, earlier: all[..<place]),
                            outcomes: outcomes, truth: .urn(outcomes),
                            strata: ReplayStratum.all(visit: place + 1, isHeldOut: heldOut.contains(prompt))))
                }
                if !planned.isEmpty {
                    self.versions.append(
                        .init(
                            policy: version.policy, visits: planned, known: latest.values.sorted(),
                            spread: try spread(latest.values.sorted())))
                }
                for row in version.rows { latest[log.rows[row].prompt] = row }
            }
        }
    }

    /// Adds the visits of mode `roles`.
    mutating func addRoles() throws(ReplayError) {
        for (_, versions) in byPolicy {
            for version in versions {
                let roles = version.rows.map { log.rows[$0].role ?? (isContextSide($0) ? .context : .query) }
                let pairs = zip(version.rows, roles)
                let asked = pairs.filter { $1 == .query && log.rows[$0].outcome.n > 1 }.map(\.0)
                let texts = Set(asked.map { keys[log.rows[$0].prompt].digest })
                let known = pairs.filter { $1 == .context && !texts.contains(keys[log.rows[$0].prompt].digest) }
                guard !asked.isEmpty, !known.isEmpty else { continue }
                var planned: [Int] = []
                for row in asked {
                    planned.append(visits.count)
                    let outcomes = [log.rows[row].outcome]
                    visits.append(
                        ReplayVisit(
                            row: row, number: 1, record: try record(row, earlier: []), outcomes: outcomes,
                            truth: .urn(outcomes),
                            strata: ReplayStratum.all(visit: nil, isHeldOut: false)))
                }
                self.versions.append(
                    .init(
                        policy: version.policy, visits: planned, known: known.map(\.0),
                        spread: try spread(known.map(\.0))))
            }
        }
    }

    /// Replaces every visit's truth by the posterior of its rate. The prior is fitted by version, because the rates'
    /// distribution changes as the policy learns. Truths stay as they are where all rollouts of a version had the same
    /// outcome, or where rewards are fractional.
    mutating func usePosteriors() {
        for version in versions {
            let groups = version.visits.compactMap { visit in
                visits[visit].successes.map { (k: $0, n: visits[visit].rollouts) }
            }
            guard let prior = RatePrior(groups) else { continue }
            for visit in version.visits {
                guard let successes = visits[visit].successes else { continue }
                visits[visit].truth = .posterior(prior.posterior(k: successes, n: visits[visit].rollouts))
            }
        }
    }

    /// The belief that some rows give about any prompt; a point estimate where they show no spread.
    private func spread(_ rows: [Int]) throws(ReplayError) -> Belief {
        let outcomes = rows.map { log.rows[$0].outcome }
        let groups = outcomes.compactMap { outcome in
            ReplayVisit.successes([outcome]).map { (k: $0, n: outcome.n) }
        }
        let prior = RatePrior(groups)
        let mean = outcomes.reduce(0) { $0 + $1.reward } / Double(max(outcomes.count, 1))
        do {
            return try Belief(mean: prior?.mean ?? mean, kappa: prior?.kappa ?? .infinity, promptID: "every prompt")
        } catch {
            throw .planning(source: log.name, error)
        }
    }

    /// Without roles, each half of the texts has one role, the same for all seeds.
    private func isContextSide(_ row: Int) -> Bool { keys[log.rows[row].prompt].isFirstHalf(seed: 0) }

    private func record(_ row: Int, earlier: ArraySlice<Int>) throws(ReplayError) -> PromptRecord {
        let now = log.rows[row]
        let entries = earlier.map { index in
            let then = log.rows[index]
            let age = Double((now.policy.version ?? 0) - (then.policy.version ?? 0))
            return PromptRecord.Entry(k: then.outcome.successes, n: then.outcome.n, age: age)
        }
        do {
            return try PromptRecord(promptID: log.prompts[now.prompt].id, entries: entries)
        } catch {
            throw .planning(source: log.name, error)
        }
    }
}
