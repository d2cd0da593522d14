package import Scoring

/// A context as `TabPFNInContextHead` was given it, and its keys and values as long as they are kept.
package final class TabPFNPreparedContext: PreparedContext {
    /// The context set it was made of.
    package let contextDigest: Digest
    /// `(N, F)`.
    package let features: FeatureMatrix
    /// By row: the mean reward is at least 0.5.
    package let labels: [Bool]
    let baseRate: Double
    /// The context says too little: predictions are its base rate.
    var isBaseRate = false
    /// Keys and values; `nil` before they were first computed and after they were freed.
    var keysValues: TabPFNContext?

    package init(contextDigest: Digest, features: FeatureMatrix, labels: [Bool], baseRate: Double) {
        self.contextDigest = contextDigest
        self.features = features
        self.labels = labels
        self.baseRate = baseRate
    }

    var hasTwoClasses: Bool { labels.contains(true) && labels.contains(false) }

    /// Every row has the features of the first.
    var isConstant: Bool {
        let first = features.row(0)
        return (1..<features.rows).allSatisfy { features.row($0).elementsEqual(first) }
    }
}

/// Contexts whose keys and values are in memory, in the order of their last use. Keeps none of them alive.
final class RecentContexts {
    private struct Entry {
        weak var context: TabPFNPreparedContext?
    }

    // The last used is last.
    private var entries: [Entry] = []

    /// Records that a context is used now.
    func use(_ context: TabPFNPreparedContext) {
        entries.removeAll { $0.context == nil || $0.context === context }
        entries.append(Entry(context: context))
    }

    /// Frees the keys and values that were not used for the longest time; `false` if only `context` has any.
    func freeOldest(but context: TabPFNPreparedContext) -> Bool {
        for entry in entries {
            guard let other = entry.context, other !== context, other.keysValues != nil else { continue }
            other.keysValues = nil
            return true
        }
        return false
    }
}
