package import Planning
package import Scoring

/// A log split into what was known and what was to come; the same for all seeds.
///
/// `steps`: versions of a policy in order. The truth of a version's visit is the outcome of that visit and of the next
/// few. Earlier outcomes are the prompt's record. Other prompts' latest outcomes before the version profile the policy.
/// `roles`: context rows of a version profile it, query rows are planned, and no prompt has a record.
package struct ReplaySchedule {
    /// A policy at a version, with the visits to plan.
    package struct Version {
        package let policy: Policy
        /// Visits to plan, as indices in `visits`.
        package let visits: [Int]
        /// Rows that may profile the policy: the latest one of each prompt, as indices of the log's rows.
        package let known: [Int]
        /// The belief that those rows give about any prompt: how the policy's rates vary.
        package let spread: Belief
    }

    package let mode: ReplayMode
    package let truth: ReplayTruthKind
    package let visits: [ReplayVisit]
    package let versions: [Version]
    /// Visits at a policy's first version, before which nothing was known.
    package let withoutRecord: Int
    /// Visits that are followed by too few visits of the prompt.
    package let withoutLater: Int
    private let keys: [DrawKey]
    private let log: ReplayLog

    /// Throws `nothingToReplay`, and `planning` for invalid rows.
    package init(_ log: ReplayLog, options: ReplayOptions) throws(ReplayError) {
        self.log = log
        keys = log.prompts.map { DrawKey($0.digest) }
        mode = options.mode ?? Self.defaultMode(log)
        var draft = ReplayDraft(log: log, options: options, keys: keys)
        switch mode {
        case .steps: try draft.addSteps()
        case .roles: try draft.addRoles()
        }
        truth = options.truth ?? (draft.visits.allSatisfy { $0.rollouts >= options.maximum } ? .urn : .posterior)
        if truth == .posterior { draft.usePosteriors() }
        visits = draft.visits
        versions = draft.versions
        withoutRecord = draft.withoutRecord
        withoutLater = draft.withoutLater
        guard !visits.isEmpty else { throw .nothingToReplay(source: log.name, mode: mode) }
    }

    private static func defaultMode(_ log: ReplayLog) -> ReplayMode {
        guard log.rows.allSatisfy({ $0.policy.version != nil }) else { return .roles }
        var pairs: Set<String> = []
        for row in log.rows { pairs.insert("\(row.prompt) \(row.policy.id)") }
        return log.rows.count >= 3 * pairs.count ? .steps : .roles
    }

    /// Contexts of a version at a seed, as rows of the log, each with the visits that it predicts.
    ///
    /// In `steps` there are two contexts. Each is drawn from one half of the texts and predicts the other half. So a
    /// prompt's own outcome is never in the context that predicts it, whatever its id. Newer versions are drawn first.
    package func contexts(of version: Version, seed: Int, rows: Int) -> [(rows: [Int], visits: [Int])] {
        let ordered = version.known.map { (key: keys[log.rows[$0].prompt].rank(seed: seed), row: $0) }.sorted {
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

    /// Visits of a version, split into steps of at most `prompts` prompts. Steps are of nearly equal size, contain one
    /// kind of visits each, and are in an order that depends on the seed. `pool` has the visits that `dapoFilter` draws
    /// next. For its sake there are at least two steps.
    package func steps(of version: Version, seed: Int, prompts: Int) -> [(visits: [Int], pool: [Int])] {
        // Not the order of the contexts: otherwise whole steps would be context.
        let order = { (visit: Int) in
            self.keys[self.log.rows[self.visits[visit].row].prompt].rank(seed: seed &+ 1_000_003)
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
