import Heads
import Scoring

/// A context as V0's head was given it, and what it made of it as long as that is kept.
final class V0Context: PreparedContext {
    let contextDigest: Digest
    /// `(N, F)`.
    let features: FeatureMatrix
    /// By row: the mean reward is at least 0.5.
    let labels: [Bool]
    let baseRate: Double
    /// The context says too little: predictions are its base rate.
    var isBaseRate = false
    /// Keys and values; `nil` before they were first computed and after they were given up.
    var read: TabPFNContext?

    init(contextDigest: Digest, features: FeatureMatrix, labels: [Bool], baseRate: Double) {
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

/// Contexts whose keys and values are in memory, by use. Holds none alive.
final class KeptContexts {
    private struct Entry {
        weak var context: V0Context?
    }

    // The latest last.
    private var entries: [Entry] = []

    /// Notes that a context is used now.
    func use(_ context: V0Context) {
        entries.removeAll { $0.context == nil || $0.context === context }
        entries.append(Entry(context: context))
    }

    /// Frees the keys and values that were not used for the longest time; `false` when there are none but `context`'s.
    func giveUpOldest(but context: V0Context) -> Bool {
        for entry in entries {
            guard let other = entry.context, other !== context, other.read != nil else { continue }
            other.read = nil
            return true
        }
        return false
    }
}
