public import Scoring

/// Features of recent texts, in memory and bounded: for processes without a feature store on disk.
///
/// Two generations instead of a list of uses. When the young one is full it becomes the old one, and entries of the old
/// one that were not requested are dropped. What is cached depends on the order of work; the answers do not, because
/// features depend on the text alone.
public struct FeatureCache {
    /// What bounds the cache.
    private enum Bound {
        case bytes(Int)
        case rows(Int)
    }

    private var young: [Digest: FeatureStore.Entry] = [:]
    private var old: [Digest: FeatureStore.Entry] = [:]
    private var youngBytes = 0
    private let bound: Bound

    /// A cache of at most `bytesMax` bytes; 0 caches nothing.
    public init(bytesMax: Int) {
        bound = .bytes(bytesMax / 2)
    }

    /// A cache of at most `rowsMax` texts; fewer than two cache nothing.
    public init(rowsMax: Int) {
        bound = .rows(rowsMax / 2)
    }

    /// Whether anything can be cached.
    public var isEnabled: Bool {
        switch bound {
        case .bytes(let limit), .rows(let limit): limit > 0
        }
    }

    /// A text's features, if they are cached. They count as recent from now on.
    public mutating func find(_ digest: Digest) -> FeatureStore.Entry? {
        if let entry = young[digest] { return entry }
        guard let entry = old[digest] else { return nil }
        insert(entry, for: digest)
        return entry
    }

    /// Caches a text's features.
    public mutating func insert(_ entry: FeatureStore.Entry, for digest: Digest) {
        guard isEnabled else { return }
        if young.updateValue(entry, forKey: digest) == nil {
            youngBytes += entry.values.count * MemoryLayout<Float>.size + Self.overheadBytes
        }
        guard isYoungFull else { return }
        old = young
        young = [:]
        youngBytes = 0
    }

    private var isYoungFull: Bool {
        switch bound {
        case .bytes(let limit): youngBytes > limit
        case .rows(let limit): young.count >= limit
        }
    }

    /// About what a dictionary entry costs beside its numbers.
    private static let overheadBytes = 160
}
