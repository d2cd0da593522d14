import HTTPTypes
import Synchronization

/// How much work is taken in at a time; what is beyond is told to come again, so that memory has a bound.
final class ConcurrencyLimiter: Sendable {
    /// Requests under way.
    let requestsMax: Int
    /// Bytes of their bodies.
    static let bytesMax = 256 << 20

    init(requestsMax: Int) {
        self.requestsMax = requestsMax
    }

    private let taken = Mutex((requests: 0, bytes: 0))

    /// A place that is taken until it is left.
    struct Place {
        fileprivate let admission: ConcurrencyLimiter
        fileprivate let bytes: Int

        /// Makes room for another.
        func leave() {
            admission.taken.withLock { $0 = ($0.requests - 1, $0.bytes - bytes) }
        }
    }

    /// Takes a place. Throws `busy`.
    func enter(bytes: Int) throws(APIError) -> Place {
        let isTaken = taken.withLock { taken in
            guard taken.requests < requestsMax, taken.bytes + bytes <= Self.bytesMax else { return false }
            taken = (taken.requests + 1, taken.bytes + bytes)
            return true
        }
        guard isTaken else {
            throw APIError(
                status: .tooManyRequests, code: .busy,
                message: "\(requestsMax) requests or \(Self.bytesMax) bytes are under way; try again",
                retryAfter: 1)
        }
        return Place(admission: self, bytes: bytes)
    }
}
