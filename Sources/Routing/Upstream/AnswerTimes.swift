/// Time limits of one request to an endpoint, and when the next of them passes.
///
/// Three limits: until the first byte of the answer, between two pieces, and for all of it. A value without a clock.
struct AnswerTimes: Sendable {
    typealias Instant = ContinuousClock.Instant

    private let endpoint: FleetModel.Endpoint
    private let start: Instant
    /// When the first byte must have arrived, whatever the endpoint's own limit: the deadline of the whole request.
    private let firstByteBy: Instant
    private var lastPiece: Instant?
    private var lastSent: Instant?
    /// After the last event of a stream its connection should end; it is not waited for longer.
    private var closesBy: Instant?

    /// Time for a connection to end after `[DONE]`.
    private static let closing = Duration.seconds(1)

    init(_ endpoint: FleetModel.Endpoint, start: Instant, deadline: Instant) {
        self.endpoint = endpoint
        self.start = start
        firstByteBy = min(start + endpoint.timeout, deadline)
    }

    mutating func received(_ now: Instant) { lastPiece = now }
    mutating func sent(_ now: Instant) { lastSent = now }
    mutating func isDone(_ now: Instant) { closesBy = now + Self.closing }

    /// The next instant at which something is due.
    func next(isStreaming: Bool) -> Instant {
        if let closesBy { return closesBy }
        let limit = min(lastPiece.map { $0 + endpoint.idleTimeout } ?? firstByteBy, start + endpoint.totalTimeout)
        guard isStreaming, let keepAlive = endpoint.keepAlive, let lastSent else { return limit }
        return min(limit, lastSent + keepAlive)
    }

    /// The limit that passed; `nil` if none did.
    func expiry(_ now: Instant) -> String? {
        if now >= start + endpoint.totalTimeout { return "not complete within \(endpoint.totalTimeout)" }
        if let lastPiece {
            return now >= lastPiece + endpoint.idleTimeout ? "silent for \(endpoint.idleTimeout)" : nil
        }
        return now >= firstByteBy ? "no answer within \(firstByteBy - start)" : nil
    }

    /// Whether a comment should be sent, so that nothing between here and the client closes a silent connection.
    func needsKeepAlive(_ now: Instant) -> Bool {
        guard closesBy == nil, let keepAlive = endpoint.keepAlive, let lastSent else { return false }
        return now >= lastSent + keepAlive
    }

    /// Whether the end of a stream that said `[DONE]` is not waited for any longer.
    func isClosed(_ now: Instant) -> Bool { closesBy.map { now >= $0 } ?? false }
}
