public import Scoring

/// Embeds texts with a model, after a search in a cache: a text seen before costs only a look-up.
///
/// Belongs to one thread, like the model.
public struct CachedEmbedder {
    private let model: any ValueModel
    private var cache: TieredFeatureCache
    /// Texts that were embedded so far.
    public private(set) var embeddedCount = 0
    /// Texts whose features were cached.
    public private(set) var cachedCount = 0

    /// Joins a model and a cache. A model whose features are cheap (`shouldCacheFeatures`) is never cached.
    public init(_ model: any ValueModel, cache: TieredFeatureCache) {
        self.model = model
        self.cache = cache
    }

    /// (P texts) to (P, F). A text that occurs twice is embedded once.
    public mutating func embed(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        guard model.shouldCacheFeatures, cache.isEnabled else {
            embeddedCount += texts.count
            return try model.embed(texts)
        }
        let digests = texts.map { Digest(of: $0) }
        let found = digests.map { cache.find($0) }
        var missing: [Digest: Int] = [:]
        var missingTexts: [String] = []
        for (index, entry) in found.enumerated() where entry == nil && missing[digests[index]] == nil {
            missing[digests[index]] = missingTexts.count
            missingTexts.append(texts[index])
        }
        let fresh = try model.embed(missingTexts)
        embeddedCount += missingTexts.count
        cachedCount += texts.count - missingTexts.count
        var values: [Float] = []
        var isTruncated: [Bool] = []
        for (index, digest) in digests.enumerated() {
            if let entry = found[index] {
                values += entry.values
                isTruncated.append(entry.isTruncated)
            } else if let row = missing[digest] {
                values += fresh.row(row)
                isTruncated.append(fresh.isTruncated[row])
            }
        }
        insert(fresh, of: missing)
        return FeatureMatrix(columns: fresh.columns, values: values, isTruncated: isTruncated)
    }

    private mutating func insert(_ fresh: FeatureMatrix, of rows: [Digest: Int]) {
        cache.insert(
            rows.sorted { $0.value < $1.value }.map { digest, row in
                let entry = FeatureStore.Entry(values: Array(fresh.row(row)), isTruncated: fresh.isTruncated[row])
                return (key: digest, entry: entry)
            })
    }
}
