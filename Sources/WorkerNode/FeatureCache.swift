import Scoring
import FeatureStore

/// Features of texts seen before, so that scoring again with another context embeds nothing. Bounded, in memory: for
/// workers without a feature store on disk.
///
/// Two shelves instead of a list of uses: when the young one is full it becomes the old one, and what the old one
/// held and nobody asked for is forgotten. What is kept depends on the order of work; what is answered does not, for
/// features depend on the text alone.
struct FeatureCache {
    private var young: [Digest: FeatureStore.Entry] = [:]
    private var old: [Digest: FeatureStore.Entry] = [:]
    private var youngBytes = 0
    private let shelfBytesMax: Int

    /// A cache of so many bytes; 0 keeps nothing.
    init(bytesMax: Int) {
        shelfBytesMax = bytesMax / 2
    }

    /// Whether anything can be kept at all.
    var isOn: Bool { shelfBytesMax > 0 }

    /// A text's features, if they are kept.
    mutating func find(_ digest: Digest) -> FeatureStore.Entry? {
        if let entry = young[digest] { return entry }
        guard let entry = old[digest] else { return nil }
        keep(digest, entry)
        return entry
    }

    /// Keeps a text's features.
    mutating func keep(_ digest: Digest, _ entry: FeatureStore.Entry) {
        guard isOn else { return }
        if young.updateValue(entry, forKey: digest) == nil {
            youngBytes += entry.values.count * MemoryLayout<Float>.size + Self.overheadBytes
        }
        guard youngBytes > shelfBytesMax else { return }
        old = young
        young = [:]
        youngBytes = 0
    }

    /// What a dictionary entry costs beside its numbers, about.
    private static let overheadBytes = 160
}
