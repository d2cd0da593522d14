import Cluster
import Synchronization
import Threads
import Traces
import Wire

/// Peers inside the coordinator's process, such as HTTP requests: they exchange the same messages, without a socket.
///
/// Any thread sends requests; the coordinator's thread handles them and answers into their streams. At most
/// `requestsMax` requests wait; another one is refused. While the coordinator is behind with what was decided, those that
/// only read are handled alone.
final class LocalPeers: Sendable {
    /// What the coordinator's thread handles in its next turn.
    enum Request {
        case message(Message, trace: TraceContext?, from: Peer, sent: ContinuousClock.Instant)
        case left(Peer)
        case report(Scope, CheckedContinuation<CoordinatorReport?, Never>)
        case operate(OperatorRequest, Scope, CheckedContinuation<OperatorAnswer?, Never>)
        /// Answered after all that was decided before.
        case mark(CheckedContinuation<Bool, Never>)
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
        var requests: [Request] = []
        var streams: [Peer: AsyncStream<Message>.Continuation] = [:]
        var next: UInt64 = 1
        var isClosed = false
    }

    private let shared = Mutex(Shared())
    private let wakeup: Wakeup

    /// Most waiting requests: those of a second, at a rate that no trainer reaches.
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
            guard !shared.isClosed, shared.requests.count < Self.requestsMax else { return nil }
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

    /// Returns when everything that was asked before is answered; `false` when the coordinator has stopped.
    func mark() async -> Bool {
        await withCheckedContinuation { continuation in
            if !add(.mark(continuation)) { continuation.resume(returning: false) }
        }
    }

    /// Asks about histories; `nil` when the coordinator has stopped.
    func query(_ query: HistoryQuery, in scope: Scope) async -> HistoryAnswer? {
        await answer { .query(query, scope, $0) }
    }

    private func add(_ request: Request) -> Bool {
        let isAccepted = shared.withLock { shared in
            guard !shared.isClosed, shared.requests.count < Self.requestsMax else { return false }
            shared.requests.append(request)
            return true
        }
        if isAccepted { wakeup.signal() }
        return isAccepted
    }

    /// What is taken from those that wait.
    enum Taking {
        case all
        /// What changes nothing and waits for nothing: the others stay, in order.
        case readsOnly
    }

    /// Removes and returns the requests since the last turn.
    func take(_ taking: Taking) -> [Request] {
        shared.withLock { shared in
            guard taking == .readsOnly else {
                defer { shared.requests = [] }
                return shared.requests
            }
            guard shared.requests.contains(where: \.isRead) else { return [] }
            defer { shared.requests.removeAll(where: \.isRead) }
            return shared.requests.filter(\.isRead)
        }
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
                shared.requests = []
            }
            return (shared.streams, shared.requests)
        }
        for request in requests { request.refuse() }
        for stream in streams.values { stream.finish() }
    }

    private func leave(_ peer: Peer) {
        shared.withLock { shared in
            guard shared.streams.removeValue(forKey: peer) != nil else { return }
            // Nobody waits for the answer to what is not handled yet, so it is not kept.
            if let place = shared.requests.firstIndex(where: { $0.isMessage(from: peer) }) {
                shared.requests.remove(at: place)
            } else {
                shared.requests.append(.left(peer))
            }
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
    /// Whether it changes nothing, and its answer does not wait for the journal.
    fileprivate var isRead: Bool {
        switch self {
        case .report, .operate(.overview, _, _), .operate(.details, _, _): true
        case .message, .left, .operate, .mark, .query: false
        }
    }

    fileprivate func isMessage(from peer: Peer) -> Bool {
        if case .message(_, _, peer, _) = self { true } else { false }
    }

    /// Answers that the coordinator has stopped.
    func refuse() {
        switch self {
        case .message, .left: break
        case .report(_, let continuation): continuation.resume(returning: nil)
        case .operate(_, _, let continuation): continuation.resume(returning: nil)
        case .mark(let continuation): continuation.resume(returning: false)
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
