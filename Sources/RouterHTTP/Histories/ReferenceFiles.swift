public import Corpora
public import Routing
import Scoring

/// Outcomes of the reference files of a fleet, by the text of their prompts.
///
/// Memory: about 100 bytes an outcome and as much for each prompt, and the texts of up to 800 prompts.
public struct ReferenceFiles: Sendable {
    struct Entry: Sendable {
        /// Index in `policies`.
        let policy: Int
        let outcome: Outcome
    }

    /// A prompt that may join the pool of a context.
    struct PoolText: Sendable {
        let digest: Digest
        let text: String
    }

    /// Policies at their versions.
    let policies: [Policy]
    private let entries: [Digest: [Entry]]
    /// The prompts with the lowest digests, in their order; as many as a pool has.
    let pool: [PoolText]
    /// SHA-256 over all rows, in order.
    let digest: Digest

    /// No files.
    public static let none = ReferenceFiles([])

    /// Collects outcomes; of a policy's several outcomes on one text, the first counts.
    init(_ rows: [(policy: Policy, text: String, digest: Digest, outcome: Outcome)]) {
        let policies = Set(rows.map(\.policy)).sorted()
        var numbers: [Policy: Int] = [:]
        for (number, policy) in policies.enumerated() { numbers[policy] = number }
        var entries: [Digest: [Entry]] = [:]
        var texts: [PoolText] = []
        for row in rows {
            guard let number = numbers[row.policy] else { continue }
            let known = entries[row.digest] ?? []
            if known.isEmpty { texts.append(PoolText(digest: row.digest, text: row.text)) }
            guard !known.contains(where: { $0.policy == number }) else { continue }
            entries[row.digest] = known + [Entry(policy: number, outcome: row.outcome)]
        }
        self.policies = policies
        self.entries = entries
        digest = Digest(
            ofParts: rows.map { row in
                var bytes = row.digest.bytes
                LittleEndian.append(row.outcome.reward.bitPattern, to: &bytes)
                LittleEndian.append(UInt64(row.outcome.n), to: &bytes)
                return bytes + Array(row.policy.description.utf8)
            })
        pool = Array(texts.sorted { $0.digest < $1.digest }.prefix(PoolBuilder.rowsMax))
    }

    /// Outcomes on a text.
    func outcomes(on digest: Digest) -> [Entry] { entries[digest] ?? [] }

    /// Reads the files that the fleet file names; paths are relative to `folder`. `onWarning` receives what cannot be used.
    /// Throws `references`.
    public static func load(
        _ fleet: Fleet, folder: String, keys: RowKeys = .automatic, onWarning: (String) -> Void = { _ in }
    ) throws(RouterHTTPError) -> ReferenceFiles {
        guard !fleet.references.files.isEmpty else { return .none }
        let path = { (name: String) in FleetHistories.path(name, in: folder) }
        let loaded: OutcomeSource.Loaded
        do throws(CorporaError) {
            loaded = try OutcomeSource.load(
                promptFiles: fleet.references.promptFiles.map(path), outcomeFiles: fleet.references.files.map(path),
                keys: keys)
        } catch {
            throw .references(error)
        }
        if loaded.rejected > 0 {
            onWarning("\(loaded.rejected) rows of the reference files cannot be used; for example:")
            for problem in loaded.problems.prefix(3) { onWarning("\(problem)") }
        }
        var rows: [(policy: Policy, text: String, digest: Digest, outcome: Outcome)] = []
        for source in loaded.sources {
            let digests = source.prompts.map(\.digest)
            for group in source.groups {
                for row in group.rows {
                    rows.append((group.policy, source.prompts[row.prompt].text, digests[row.prompt], row.outcome))
                }
            }
        }
        if rows.isEmpty {
            onWarning("the reference files have no row that can be used, so there are no references of files")
        }
        return ReferenceFiles(rows)
    }
}
