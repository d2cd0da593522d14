import ArgumentParser
import CommandSupport
import Corpora
import FeatureStore
import Foundation
import Models
import Scoring
import Similarity

/// Finds prompts whose embedding is nearly that of an earlier one.
///
/// Equal texts are embedded once. Embeddings come from the feature store where `score` has put them. Memory beside
/// `NearGroups`: some 30 bytes a prompt.
struct NearDuplicateSearch {
    /// The group of each prompt, in the order in which they were added, once `finish` was called.
    private(set) var groups: [Int] = []

    private var near: NearGroups
    private var embedder: CachedEmbedder
    private let embeddingColumns: Int
    private let textsPerCall: Int
    /// By the text's hash: the number of the first prompt with it.
    private var firstOfText: [UInt64: Int32] = [:]
    /// Prompts that wait for their embeddings.
    private var waiting: [(prompt: Int, text: String)] = []

    /// Throws `ValidationError` for a cosine that an option cannot have.
    static func check(_ threshold: Double?, option: String) throws {
        guard let threshold, !(0.5...0.9999).contains(threshold) else { return }
        throw ValidationError("\(option) is \(threshold); give a cosine of 0.5 to 0.9999")
    }

    /// Loads the model. Throws what is wrong with it, and `CommandFailure` for a model without embeddings.
    init(model choice: ModelOptions, store: StoreOptions, threshold: Double) throws {
        let threads = choice.defaultThreads
        let loaded = try choice.load(threads: threads)
        guard let columns = loaded.embeddingColumns else {
            throw CommandFailure(
                "\(choice.name): this model has no embeddings to compare; name a sentence-transformers folder with --model"
            )
        }
        embeddingColumns = columns
        textsPerCall = loaded.model.rowsPerCall
        near = NearGroups(columns: columns, threshold: Float(threshold))
        embedder = CachedEmbedder(
            loaded.model,
            cache: TieredFeatureCache(
                memory: FeatureCache(rowsMax: 0), store: store.place(for: choice), for: loaded.model
            ) { printError("no feature store, so every text is embedded: \($0)") })
    }

    /// Adds the next prompt. Throws `ValueModelError`.
    mutating func add(_ text: String) throws {
        let prompt = groups.count
        let hash = Scoring.Digest(of: text).leading
        if let first = firstOfText[hash] {
            // The first one may still wait: `finish` replaces its number by its group.
            groups.append(-1 - Int(first))
            return
        }
        firstOfText[hash] = Int32(clamping: prompt)
        groups.append(0)
        waiting.append((prompt, text))
        if waiting.count >= textsPerCall { try embed() }
    }

    /// Embeds what still waits. Throws `ValueModelError`.
    mutating func finish() throws {
        try embed()
        for prompt in groups.indices where groups[prompt] < 0 { groups[prompt] = groups[-1 - groups[prompt]] }
    }

    /// How the groups were found.
    var method: Method {
        Method(isExact: near.isExact, designed_recall: near.designedRecall, recall: near.recall, sampled: near.sampled)
    }

    /// How groups were found, and how many of them.
    struct Method: Encodable {
        /// Every prompt was compared with the first one of every group.
        let isExact: Bool
        /// The share of pairs right at the threshold that are found, by design.
        let designed_recall: Double?
        /// The share of sampled prompts with a near group for which one was found.
        let recall: Double?
        /// Number of these prompts.
        let sampled: Int

        enum CodingKeys: String, CodingKey { case isExact = "exact", designed_recall, recall, sampled }

        var text: String {
            guard !isExact else { return "every prompt was compared with the first one of every group" }
            let measured = recall.map {
                ", measured \(ReportText.percent($0)) on \(sampled) prompts that were compared with all"
            }
            return "found by random hyperplanes: of pairs right at the threshold "
                + "\(ReportText.percent(designed_recall ?? 0)) by design\(measured ?? "")"
        }
    }

    private mutating func embed() throws {
        guard !waiting.isEmpty else { return }
        let features = try embedder.embed(waiting.map(\.text))
        var values: [Float] = []
        values.reserveCapacity(waiting.count * embeddingColumns)
        for row in waiting.indices { values += features.row(row).prefix(embeddingColumns) }
        for (entry, group) in zip(waiting, near.add(values)) { groups[entry.prompt] = group }
        waiting.removeAll(keepingCapacity: true)
    }
}
