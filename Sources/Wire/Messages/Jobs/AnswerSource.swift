/// Who computed consecutive rows of a shard, and who computed the same once more.
public struct AnswerSource: Hashable, Sendable {
    /// Rows, at least one.
    public var rows: Int
    /// Who computed them; `nil` where the coordinator answered, because the row ended every worker.
    public var worker: WorkerLabel?
    /// Other workers that computed the same, bit for bit; empty for rows that were computed once.
    public var verifiedBy: [WorkerLabel]
    /// Whether the rows were drawn to be computed again, and no other worker was there.
    public var isUnverified: Bool

    /// Names the workers of some rows.
    public init(rows: Int, worker: WorkerLabel?, verifiedBy: [WorkerLabel] = [], isUnverified: Bool = false) {
        self.rows = rows
        self.worker = worker
        self.verifiedBy = verifiedBy
        self.isUnverified = isUnverified
    }

    /// Whether these rows are as right as some workers are, and nobody else has computed them.
    public func rests(on identities: Set<String>) -> Bool {
        guard let worker else { return false }
        return identities.contains(worker.identity) && verifiedBy.allSatisfy { identities.contains($0.identity) }
    }

    /// Everyone who computed these rows, by identity; empty where the coordinator answered.
    public var identities: Set<String> {
        worker.map { Set([$0.identity] + verifiedBy.map(\.identity)) } ?? []
    }
}

extension [AnswerSource] {
    /// The same with neighbours joined that name the same workers, and so small that it fits into a header with the faults of
    /// its rows.
    ///
    /// A shard of 4,096 rows may be in as many pieces, each of another worker. Where that is too large, first what names say
    /// beyond the identity is left out, then verifiers are: such rows count as computed once.
    public var bounded: [AnswerSource] {
        let all = joined
        guard all.bytes > Limits.sourcesBytesMax else { return all }
        let short = all.map { source in
            AnswerSource(
                rows: source.rows, worker: source.worker?.shortened, verifiedBy: source.verifiedBy.map(\.shortened),
                isUnverified: source.isUnverified)
        }.joined
        guard short.bytes > Limits.sourcesBytesMax else { return short }
        return short.map { AnswerSource(rows: $0.rows, worker: $0.worker, isUnverified: $0.isUnverified) }.joined
    }

    private var joined: [AnswerSource] {
        reduce(into: []) { joined, next in
            if var last = joined.last, last.worker == next.worker, last.verifiedBy == next.verifiedBy,
                last.isUnverified == next.isUnverified
            {
                last.rows += next.rows
                joined[joined.count - 1] = last
            } else {
                joined.append(next)
            }
        }
    }

    /// At most its bytes in a header.
    private var bytes: Int {
        reduce(0) { sum, source in
            ((source.worker.map { [$0] } ?? []) + source.verifiedBy).reduce(sum + 16) { $0 + $1.bytes }
        }
    }
}

/// A worker as answers name it.
public struct WorkerLabel: Hashable, Sendable {
    /// As it named itself.
    public var name: String
    /// The name of the key that its connection was opened with; `nil` without keys.
    public var key: String?

    /// Names a worker. Names are cut to what an answer has, so that a worker has the same identity here, in the journal
    /// and at the client.
    public init(name: String, key: String? = nil) {
        self.name = name.cut(to: Limits.workerNameBytesMax)
        self.key = key?.cut(to: Limits.workerNameBytesMax)
    }

    /// Under which workers count as the same one: the key's name. Without keys, the worker's own name up to a "/",
    /// because default names are the host's and the process's number.
    public var identity: String { key ?? String(name.prefix { $0 != "/" }) }

    /// What is needed for the identity.
    fileprivate var shortened: WorkerLabel {
        key == nil ? WorkerLabel(name: identity) : WorkerLabel(name: name.cut(to: 16), key: key)
    }

    /// At most its bytes in a header.
    fileprivate var bytes: Int { name.utf8.count + (key?.utf8.count ?? 0) + 16 }
}
