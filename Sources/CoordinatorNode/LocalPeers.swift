import Cluster
import Synchronization
import Threads
import Traces
import Wire

/// Peers inside the coordinator's process, such as HTTP requests: they exchange the same messages, without a socket.
///
/// Any thread sends requests; the coordinator's thread handles them and answers into their streams. At most
/// `requestsMax` requests of a tenant wait; another one is refused. While the coordinator is behind with what was decided for
/// a tenant, only those of its requests are handled that read.
final class LocalPeers: Sendable {
    /// What the coordinator's thread handles in its next turn.
    enum Request {
        case message(Message, trace: TraceContext?, from: Peer, sent: ContinuousClock.Instant)
        case left(Peer)
        case report(Scope, CheckedContinuation<CoordinatorReport?, Never>)
        case operate(OperatorRequest, Scope, CheckedContinuation<OperatorAnswer?, Never>)
        /// Answered after all that was decided for a tenant before.
        case mark(of: String?, CheckedContinuation<Bool, Never>)
        case query(HistoryQuery, Scope, CheckedContinuation<HistoryAnswer?, Never>)
    }

    /// An answer that is sent after what was decided before it.
    enum Reply {
        case mark(CheckedContinuation<Bool, Never>)
        case answer(HistoryAnswer, CheckedContinuation<HistoryAnswer?, Never>)
        case operated(OperatorAnswer, CheckedContinuation<OperatorAnswer?, Never>)

        func send() {
            switch self {
            case .mark(let continuation): continuation.resume(returning: true)
            case .answer(let answer, let continuation): continuation.resume(returning: answer)
            case .operated(let answer, let continuation): continuation.resume(returning: answer)
            }
        }
    }

    private struct Shared {
        var requests = LocalRequests()
        var streams: [Peer: AsyncStream<Message>.Continuation] = [:]
        var next: UInt64 = 1
        var isClosed = false

        func hasPlace(of tenant: String?) -> Bool { !isClosed && requests.count(of: tenant) < LocalPeers.requestsMax }
    }

    private let shared = Mutex(Shared())
    private let wakeup: Wakeup

    /// Most waiting requests of a tenant: those of a second, at a rate that no trainer reaches.
    static let requestsMax = 4096

    /// Requests wake the coordinator's thread by `wakeup`.
    init(wakeup: Wakeup) {
        self.wakeup = wakeup
    }

    /// Sends a message as a new peer of a tenant and returns the stream of answers, which ends when the coordinator stops. It belongs to
    /// the span of the calling task.
    ///
    /// Returns `nil` when too many requests wait or the coordinator has stopped.
    func ask(_ message: Message, of tenant: String?) -> AsyncStream<Message>? {
        let (stream, continuation) = AsyncStream<Message>.makeStream()
        let trace = Span.current?.context
        let peer = shared.withLock { shared -> Peer? in
            guard shared.hasPlace(of: tenant) else { return nil }
            let peer = Self.peer(shared.next, of: tenant)
            shared.next += 1
            shared.streams[peer] = continuation
            shared.requests.append(.message(message, trace: trace, from: peer, sent: .now))
            return peer
        }
        guard let peer else { return nil }
        continuation.onTermination = { [weak self] _ in self?.leave(peer) }
        wakeup.signal()
        return stream
    }

    /// Asks for a report of the coordinator; `nil` when it has stopped.
    func report(of scope: Scope) async -> CoordinatorReport? { await answer { .report(scope, $0) } }

    /// Passes an operator's request on; `nil` when the coordinator has stopped.
    func operate(_ request: OperatorRequest, in scope: Scope) async -> OperatorAnswer? {
        await answer { .operate(request, scope, $0) }
    }

    private func answer<Value: Sendable>(
        _ make: (CheckedContinuation<Value?, Never>) -> Request
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            if !add(make(continuation)) { continuation.resume(returning: nil) }
        }
    }

    /// Returns when everything is answered that was asked for a tenant before; `false` when the coordinator has stopped.
    func mark(of tenant: String?) async -> Bool {
        await withCheckedContinuation { continuation in
            if !add(.mark(of: tenant, continuation)) { continuation.resume(returning: false) }
        }
    }

    /// Asks about histories; `nil` when the coordinator has stopped.
    func query(_ query: HistoryQuery, in scope: Scope) async -> HistoryAnswer? {
        await answer { .query(query, scope, $0) }
    }

    private func add(_ request: Request) -> Bool {
        let isAccepted = shared.withLock { shared in
            guard shared.hasPlace(of: request.tenant) else { return false }
            shared.requests.append(request)
            return true
        }
        if isAccepted { wakeup.signal() }
        return isAccepted
    }

    /// Removes and returns the next request, of which tenants take turns; `nil` where there is none. Of a tenant that is behind,
    /// those stay, in order, that change something or wait for what was decided.
    func popFirst(unless isBehind: (String?) -> Bool) -> Request? {
        shared.withLock { $0.requests.popFirst(unless: isBehind) }
    }

    /// Whether `popFirst` would return one.
    func hasMore(unless isBehind: (String?) -> Bool) -> Bool {
        shared.withLock { $0.requests.hasMore(unless: isBehind) }
    }

    /// Answers a peer; `false` when it has left.
    func answer(_ message: Message, to peer: Peer) -> Bool {
        guard let stream = shared.withLock({ $0.streams[peer] }) else { return false }
        stream.yield(message)
        return true
    }

    /// Ends all streams and refuses requests from now on.
    func close() {
        let (streams, requests) = shared.withLock { shared in
            shared.isClosed = true
            defer {
                shared.streams = [:]
                shared.requests = LocalRequests()
            }
            return (shared.streams, shared.requests.all)
        }
        for request in requests { request.refuse() }
        for stream in streams.values { stream.finish() }
    }

    private func leave(_ peer: Peer) {
        shared.withLock { shared in
            guard shared.streams.removeValue(forKey: peer) != nil else { return }
            // Nobody waits for the answer to what is not handled yet, so it is not kept.
            if !shared.requests.removeMessage(from: peer) { shared.requests.append(.left(peer)) }
        }
        wakeup.signal()
    }

    // MARK: Ids

    /// The id of a local peer: 0x6C and a number. Ids that libzmq chooses begin with 0.
    private static func peer(_ number: UInt64, of tenant: String?) -> Peer {
        Peer([firstByte] + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }, tenant: tenant)
    }

    /// Whether an id belongs to a peer of this process.
    static func contains(_ peer: Peer) -> Bool { peer.bytes.first == firstByte && peer.bytes.count == 9 }

    private static let firstByte: UInt8 = 0x6C
}

extension LocalPeers.Request {
    /// Answers that the coordinator has stopped.
    func refuse() {
        switch self {
        case .message, .left: break
        case .report(_, let continuation): continuation.resume(returning: nil)
        case .operate(_, _, let continuation): continuation.resume(returning: nil)
        case .mark(_, let continuation): continuation.resume(returning: false)
        case .query(_, _, let continuation): continuation.resume(returning: nil)
        }
    }
}

extension LocalPeers.Reply {
    /// Answers that the coordinator has stopped.
    func refuse() {
        switch self {
        case .mark(let continuation): continuation.resume(returning: false)
        case .answer(_, let continuation): continuation.resume(returning: nil)
        case .operated(_, let continuation): continuation.resume(returning: nil)
        }
    }
}
