internal import Scoring

/// Finds query prompts that training has seen.
///
/// A query has been seen if a training prompt has the same letters and digits, or contains more than 40 % of the query's
/// sequences of eight words. Texts of fewer than eight words are only compared by their letters and digits.
public struct LeakCheck {
    /// A prompt that training has seen.
    public struct Leak: Codable, Hashable, Sendable {
        /// Name of the source.
        public let source: String
        /// The query's prompt.
        public let promptID: String
        /// The training prompt that is nearest to it.
        public let trainingID: String
        /// File of the training prompt.
        public let file: String
        /// Whether letters and digits are the same.
        public let isSameText: Bool
        /// Share of the query's sequences of eight words that the training prompt has; 1 for the same text.
        public let share: Double

        enum CodingKeys: String, CodingKey {
            case source, file, share
            case promptID = "prompt_id"
            case trainingID = "training_id"
            case isSameText = "same_text"
        }
    }

    /// Counts of one source.
    public struct Source: Codable, Hashable, Sendable {
        /// Name of the source.
        public let source: String
        /// Distinct query prompts.
        public let queries: Int
        /// Those whose letters and digits are in training.
        public let sameText: Int
        /// Those that share more than 40 % of their sequences of eight words with one training prompt.
        public let reworded: Int

        enum CodingKeys: String, CodingKey {
            case source, queries, reworded
            case sameText = "same_text"
        }
    }

    /// What was found.
    public struct Report: Codable, Hashable, Sendable {
        /// Training prompts that were compared.
        public let trainingPrompts: Int
        /// In the order given.
        public let sources: [Source]
        /// By source and prompt.
        public let leaks: [Leak]

        enum CodingKeys: String, CodingKey {
            case sources, leaks
            case trainingPrompts = "training_prompts"
        }
    }

    /// A query with more than this share of its sequences in one training prompt has been seen.
    public static let shareMost = 0.4

    private struct Query {
        let source: String
        let promptID: String
        let sequences: Int
        var leak: Leak?
    }

    private var queries: [Query] = []
    private var byLetters: [Digest: [Int]] = [:]
    private var bySequence: [UInt64: [Int32]] = [:]
    private var trainingPrompts = 0
    private let names: [String]

    /// Indexes the prompts of all rows that may be queries: those with the role query or without a role.
    ///
    /// Memory: 40 bytes for each sequence of eight words.
    public init(_ sources: [EvaluationSource]) {
        names = sources.map(\.name)
        for source in sources {
            let asked = Set(source.rows.filter { $0.role != .context }.map(\.promptID)).sorted()
            for promptID in asked {
                guard let text = source.prompts[promptID] else { continue }
                let shape = TextShape(text)
                byLetters[shape.letters, default: []].append(queries.count)
                for sequence in shape.sequences { bySequence[sequence, default: []].append(Int32(queries.count)) }
                queries.append(Query(source: source.name, promptID: promptID, sequences: shape.sequences.count))
            }
        }
    }

    /// Compares a training prompt with all queries. Cost: a look-up for each of its words.
    public mutating func receive(training text: String, id: String, file: String) {
        trainingPrompts += 1
        let shape = TextShape(text)
        for query in byLetters[shape.letters] ?? [] { note(query, id: id, file: file, isSameText: true, share: 1) }
        var shared: [Int32: Int] = [:]
        for sequence in shape.sequences { for query in bySequence[sequence] ?? [] { shared[query, default: 0] += 1 } }
        for (query, count) in shared {
            let share = Double(count) / Double(queries[Int(query)].sequences)
            if share > Self.shareMost { note(Int(query), id: id, file: file, isSameText: false, share: share) }
        }
    }

    /// What has been found so far.
    public var report: Report {
        let leaks = queries.compactMap(\.leak)
        return Report(
            trainingPrompts: trainingPrompts,
            sources: names.map { name in
                let found = leaks.filter { $0.source == name }
                return Source(
                    source: name, queries: queries.count { $0.source == name },
                    sameText: found.count { $0.isSameText }, reworded: found.count { !$0.isSameText })
            }, leaks: leaks)
    }

    /// The sources without their queries that training has seen; context rows stay. A row without a role may be a query.
    ///
    /// Throws `noRows` where nothing is left of a source.
    public func unseen(_ sources: [EvaluationSource]) throws(EvaluationError) -> [EvaluationSource] {
        var seen: [String: Set<String>] = [:]
        for leak in queries.lazy.compactMap(\.leak) { seen[leak.source, default: []].insert(leak.promptID) }
        var kept: [EvaluationSource] = []
        for source in sources {
            guard let leaks = seen[source.name] else {
                kept.append(source)
                continue
            }
            let rows = source.rows.filter { $0.role == .context || !leaks.contains($0.promptID) }
            kept.append(try EvaluationSource(name: source.name, prompts: source.prompts, rows: rows))
        }
        return kept
    }

    /// Keeps the nearest training prompt: the same text first, then the larger share, then the earlier one.
    private mutating func note(_ query: Int, id: String, file: String, isSameText: Bool, share: Double) {
        if let known = queries[query].leak {
            guard !known.isSameText, isSameText || share > known.share else { return }
        }
        queries[query].leak = Leak(
            source: queries[query].source, promptID: queries[query].promptID, trainingID: id, file: file,
            isSameText: isSameText, share: share)
    }
}
