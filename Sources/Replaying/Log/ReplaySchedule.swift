package import Planning
package import Scoring

/// A log cut into what was known and what was to come; the same for all seeds.
///
/// `steps`: versions of a policy in order. A version's visits are judged by the outcome of that visit and of the next
/// few; what came before is the prompt's record, and other prompts' latest outcomes before it profile the policy.
/// `roles`: context rows of a version profile it, query rows are judged, and no prompt has a record.
package struct ReplaySchedule {
    /// A policy at a version, with what is to be planned.
    package struct Version {
        package let policy: Policy
        /// Visits that are planned, as places in `visits`.
        package let visits: [Int]
        /// Rows that may profile the policy: of each prompt the latest, as indices of the log's rows.
        package let known: [Int]
        /// What those rows tell of any prompt: how the policy's rates spread.
        package let spread: Belief
    }

    package let mode: ReplayMode
    package let truth: ReplayTruthKind
    package let visits: [ReplayVisit]
    package let versions: [Version]
    /// Visits at a policy's first version, of which nothing was known.
    package let withoutRecord: Int
    /// Visits that too few visits of the prompt follow.
    package let withoutLater: Int
    private let keys: [PromptKey]
    private let log: ReplayLog

    /// Throws `nothingToReplay`; planning's errors are of rows that are none.
    package init(_ log: ReplayLog, options: ReplayOptions) throws(ReplayError) {
        self.log = log
        keys = log.prompts.map(PromptKey.init)
        mode = options.mode ?? Self.usualMode(log)
        var draft = Draft(log: log, options: options, keys: keys)
        switch mode {
        case .steps: try draft.takeSteps()
        case .roles: try draft.takeRoles()
        }
        truth = options.truth ?? (draft.visits.allSatisfy { $0.rollouts >= options.maximum } ? .urn : .posterior)
        if truth == .posterior { draft.believe() }
        visits = draft.visits
        versions = draft.versions
        withoutRecord = draft.withoutRecord
        withoutLater = draft.withoutLater
        guard !visits.isEmpty else { throw .nothingToReplay(source: log.name, mode: mode) }
    }

    private static func usualMode(_ log: ReplayLog) -> ReplayMode {
        guard log.rows.allSatisfy({ $0.policy.version != nil }) else { return .roles }
        var pairs: Set<String> = []
        for row in log.rows { pairs.insert("\(row.prompt) \(row.policy.id)") }
        return log.rows.count >= 3 * pairs.count ? .steps : .roles
    }

    /// Contexts of a version at a seed, as rows of the log, each with the visits that it predicts.
    ///
    /// In `steps` there are two, each drawn from one half of the texts to predict the other half. So a prompt's own
    /// outcome never is in the context that predicts it, whatever id it goes by; newer versions are drawn first.
    package func contexts(of version: Version, seed: Int, rows: Int) -> [(rows: [Int], visits: [Int])] {
        let ordered = version.known.map { (key: keys[log.rows[$0].prompt].draw(seed: seed), row: $0) }.sorted {
            let (left, right) = (log.rows[$0.row].policy.version ?? 0, log.rows[$1.row].policy.version ?? 0)
            return left != right ? left > right : ($0.key, $0.row) < ($1.key, $1.row)
        }.map(\.row)
        guard mode == .steps else { return [(Array(ordered.prefix(rows)), version.visits)] }
        return [false, true].map { half in
            let known = ordered.lazy.filter { keys[log.rows[$0].prompt].isFirstHalf(seed: seed) == half }
            let asked = version.visits.filter {
                keys[log.rows[visits[$0].row].prompt].isFirstHalf(seed: seed) != half
            }
            return (Array(known.prefix(rows)), asked)
        }.filter { !$0.visits.isEmpty }
    }

    /// Visits of a version in steps of at most so many, nearly even and of one kind each, in an order of the seed; with
    /// each the visits that `dapoFilter` goes on to. For its sake there are two steps at least.
    package func steps(of version: Version, seed: Int, prompts: Int) -> [(visits: [Int], pool: [Int])] {
        // Another order than that of the contexts, or a step would be all context.
        let order = { (visit: Int) in
            self.keys[self.log.rows[self.visits[visit].row].prompt].draw(seed: seed &+ 1_000_003)
        }
        var steps: [(visits: [Int], pool: [Int])] = []
        let kinds = Dictionary(grouping: version.visits) { visits[$0].kind }
        for kind in kinds.keys.sorted() {
            let members = (kinds[kind] ?? []).map { (key: order($0), visit: $0) }
                .sorted { ($0.key, $0.visit) < ($1.key, $1.visit) }.map(\.visit)
            let count = max(min(2, members.count), (members.count + prompts - 1) / prompts)
            for step in 0..<count {
                let (start, end) = (members.count * step / count, members.count * (step + 1) / count)
                steps.append((Array(members[start..<end]), Array(members[end...] + members[..<start])))
            }
        }
        return steps
    }
}

/// What decides a prompt's place in every draw: the digest of its text, so that equal texts go together.
struct PromptKey {
    let digest: Digest

    init(_ prompt: Prompt) { digest = prompt.digest }

    func draw(seed: Int) -> UInt64 { Self.mixed(digest.leading, seed) }

    func isFirstHalf(seed: Int) -> Bool { Self.mixed(digest.second, seed) & 1 == 0 }

    private static func mixed(_ word: UInt64, _ seed: Int) -> UInt64 {
        SeededGenerator.mixed(word ^ SeededGenerator.mixed(UInt64(bitPattern: Int64(seed))))
    }
}

/// A schedule while its log is read.
private struct Draft {
    let log: ReplayLog
    let options: ReplayOptions
    let keys: [PromptKey]
    var visits: [ReplayVisit] = []
    var versions: [ReplaySchedule.Version] = []
    var withoutRecord = 0
    var withoutLater = 0

    private var byPolicy: [(id: String, versions: [(policy: Policy, rows: [Int])])] {
        var policies: [(id: String, versions: [(policy: Policy, rows: [Int])])] = []
        // Rows are sorted by policy, so its versions follow one another.
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

    mutating func takeSteps() throws(ReplayError) {
        let marked = Set(log.rows.filter { $0.role == .query }.map(\.prompt))
        // Where all rows have roles, they tell nothing about which prompts were trained on.
        let heldOut = log.rows.contains { $0.role == nil } ? marked : []
        for (_, versions) in byPolicy {
            let drawable = versions.flatMap(\.rows).filter { log.rows[$0].outcome.n > 1 }
            let meetings = Dictionary(grouping: drawable) { log.rows[$0].prompt }
            var places: [Int: Int] = [:]
            for rows in meetings.values {
                for (place, row) in rows.enumerated() { places[row] = place }
            }
            var latest: [Int: Int] = [:]
            for (index, version) in versions.enumerated() {
                var planned: [Int] = []
                for row in version.rows {
                    let prompt = log.rows[row].prompt
                    guard let place = places[row], let all = meetings[prompt] else { continue }
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

    mutating func takeRoles() throws(ReplayError) {
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

    /// Gives every visit what is to be believed of its rate, by version: rates spread otherwise as the policy learns.
    /// Where all rollouts of a version ended alike, or rewards are partial, truths stay as they are.
    mutating func believe() {
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

    /// A point where the rows tell of no spread.
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

    /// Without roles, one half of the texts is for each, the same for all seeds.
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
