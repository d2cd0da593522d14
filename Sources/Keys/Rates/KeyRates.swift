import Synchronization

/// How much the holders of keys or tokens have sent lately, by name, for those whose rate is bounded. Any thread may ask.
///
/// Another bound of the same name begins with a full bucket. Memory: one bucket for each bounded name that was ever used.
public final class KeyRates: Sendable {
    private struct Entry {
        let perSecond: Int
        var bucket: TokenBucket
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let start = ContinuousClock.now

    /// Nobody has sent anything.
    public init() {}

    /// Counts one message; `nil` where it is within the bound of its sender, else how long it is until one is.
    public func excess(of grant: KeyRing.Grant) -> Duration? {
        guard let perSecond = grant.terms.messagesPerSecond else { return nil }
        return excess(name: grant.name, perSecond: perSecond, at: ContinuousClock.now - start)
    }

    func excess(name: String, perSecond: Int, at time: Duration) -> Duration? {
        entries.withLock { entries in
            var entry = entries[name] ?? Entry(perSecond: 0, bucket: TokenBucket(perSecond: 1, at: time))
            if entry.perSecond != perSecond {
                entry = Entry(perSecond: perSecond, bucket: TokenBucket(perSecond: perSecond, at: time))
            }
            defer { entries[name] = entry }
            return entry.bucket.take(at: time)
        }
    }
}
