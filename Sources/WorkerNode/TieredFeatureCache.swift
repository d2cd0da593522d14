package import Logging
package import Scoring
import FeatureStore

/// Where a worker looks for features before it embeds: the host's feature store, or its own memory where there is none.
///
/// Trouble with the store is told once, and work goes on: what the store does not take, memory does.
package struct TieredFeatureCache {
    private var memory: FeatureCache
    private var store: FeatureStore?
    private var hasWarned = false
    private let logger: Logger

    /// Opens the store at a place for a model; without a place, or where it cannot be opened, memory alone.
    package init(memoryBytes: Int, store place: WorkerNode.StorePlace?, for model: any ValueModel, logger: Logger) {
        memory = FeatureCache(bytesMax: memoryBytes)
        self.logger = logger
        guard let place else { return }
        do {
            store = try FeatureStore(
                in: place.folder, encoder: model.encoderFingerprint, columns: model.embed([]).columns,
                bytesMax: place.bytesMax)
        } catch {
            warn("\(error)")
        }
    }

    /// Whether anything can be kept at all.
    var isOn: Bool { memory.isOn || store != nil }

    /// A text's features, if they are kept. What the store has is not copied into memory: it is there already, once for
    /// all workers.
    mutating func find(_ digest: Digest) -> FeatureStore.Entry? {
        memory.find(digest) ?? store?.find(digest)
    }

    /// Keeps features of texts.
    mutating func keep(_ entries: [(key: Digest, entry: FeatureStore.Entry)]) {
        if let store {
            store.keep(entries)
            guard let trouble = store.trouble else { return }
            warn("\(trouble)")
        }
        for (key, entry) in entries { memory.keep(key, entry) }
    }

    private mutating func warn(_ reason: String) {
        guard !hasWarned else { return }
        hasWarned = true
        logger.warning("no feature store; features are kept in memory", metadata: ["reason": "\(reason)"])
    }
}
