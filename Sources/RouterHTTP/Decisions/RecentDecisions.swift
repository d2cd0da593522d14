import Synchronization

/// The texts of the newest decisions, so that an outcome can name its decision instead of repeating the prompt.
package final class RecentDecisions: Sendable {
    /// A decision that an outcome may name.
    package struct Entry: Sendable {
        package let model: String
        package let text: String
        /// The prediction for this model, and its concentration; `nil` if nothing was predicted.
        package let p: Float?
        package let kappa: Float?

        package init(model: String, text: String, p: Float? = nil, kappa: Float? = nil) {
            self.model = model
            self.text = text
            self.p = p
            self.kappa = kappa
        }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: [String] = []
        var first = 0
        var bytes = 0
    }

    private let state = Mutex(State())
    private let countMax: Int
    private let bytesMax: Int

    /// Bounded in number and in bytes of text.
    package init(countMax: Int = 16_384, bytesMax: Int = 64 << 20) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// Keeps a decision, and drops the oldest beyond the bounds.
    package func keep(_ id: String, _ entry: Entry) {
        state.withLock { state in
            state.entries[id] = entry
            state.order.append(id)
            state.bytes += entry.text.utf8.count
            while state.entries.count > 1, state.entries.count > countMax || state.bytes > bytesMax {
                let oldest = state.order[state.first]
                state.first += 1
                if let dropped = state.entries.removeValue(forKey: oldest) { state.bytes -= dropped.text.utf8.count }
            }
            guard state.first > countMax else { return }
            state.order.removeFirst(state.first)
            state.first = 0
        }
    }

    /// Decisions that are kept.
    package var count: Int { state.withLock { $0.entries.count } }

    /// A decision by its id; `nil` when it is too old, or does not exist.
    package func find(_ id: String) -> Entry? { state.withLock { $0.entries[id] } }
}
