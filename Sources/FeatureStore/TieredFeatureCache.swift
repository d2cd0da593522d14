public import Scoring

/// The features that a process need not compute again: in the host's feature store, or in memory where there is none.
///
/// If the store fails, the failure is reported once and work continues: memory caches what the store does not accept.
public struct TieredFeatureCache {
    private var memory: FeatureCache
    private var store: FeatureStore?
    private var onFailure: ((String) -> Void)?

    /// Memory alone.
    public init(memory: FeatureCache) {
        self.memory = memory
    }

    /// Opens the store at a place for a model; without a place, or where the store cannot be opened, memory alone.
    ///
    /// `onFailure` is called at most once, with the reason, when the store cannot be used.
    public init(
        memory: FeatureCache, store place: StorePlace?, for model: any ValueModel,
        onFailure: @escaping (String) -> Void
    ) {
        self.memory = memory
        self.onFailure = onFailure
        guard let place else { return }
        do {
            store = try FeatureStore(
                in: place.folder, encoder: model.encoderFingerprint, columns: model.embed([]).columns,
                bytesMax: place.bytesMax)
        } catch {
            report("\(error)")
        }
    }

    /// Whether anything can be cached.
    public var isEnabled: Bool { memory.isEnabled || store != nil }

    /// A text's features, if they are cached. Those of the store are not copied into memory, which all processes of the
    /// host share already.
    mutating func find(_ digest: Digest) -> FeatureStore.Entry? {
        memory.find(digest) ?? store?.find(digest)
    }

    /// Caches features of texts.
    mutating func insert(_ entries: [(key: Digest, entry: FeatureStore.Entry)]) {
        if let store {
            store.insert(entries)
            guard let failure = store.failure else { return }
            report("\(failure)")
        }
        for (key, entry) in entries { memory.insert(entry, for: key) }
    }

    private mutating func report(_ reason: String) {
        onFailure?(reason)
        onFailure = nil
    }
}
