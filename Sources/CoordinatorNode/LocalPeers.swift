import Cluster
import Foundation
import Synchronization
import Wire

/// Trainers in the coordinator's own process: they speak the same messages, without a socket.
///
/// Others ask from any thread; the coordinator's thread takes what they asked and answers into their streams. At most
/// `asksMax` questions wait; one more is refused, not kept.
final class LocalPeers: Sendable {
    /// What one turn of the coordinator's thread takes.
    enum Ask {
        case said(Message, by: Peer)
        case left(Peer)
        case report(CheckedContinuation<CoordinatorReport?, Never>)
    }

    private struct Shared {
        var asks: [Ask] = []
        var streams: [Peer: AsyncStream<Message>.Continuation] = [:]
        var next: UInt64 = 1
        var isClosed = false
    }

    private let shared = Mutex(Shared())

    /// Questions waiting at most: those of a second, at a rate that no trainer reaches.
    static let asksMax = 4096

    /// Says something as a new peer; what comes back ends when the listener leaves or the coordinator stops. `nil` when
    /// too much waits, or nobody is there any more.
    func ask(_ message: Message, wake: @escaping @Sendable () -> Void) -> AsyncStream<Message>? {
        let (stream, continuation) = AsyncStream<Message>.makeStream()
        let peer = shared.withLock { shared -> Peer? in
            guard !shared.isClosed, shared.asks.count < Self.asksMax else { return nil }
            // libzmq's routing ids begin with a zero byte.
            let number = shared.next
            let peer = Peer([0x6C] + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
            shared.next += 1
            shared.streams[peer] = continuation
            shared.asks.append(.said(message, by: peer))
            return peer
        }
        guard let peer else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.leave(peer)
            wake()
        }
        wake()
        return stream
    }

    private func leave(_ peer: Peer) {
        shared.withLock { shared in
            guard shared.streams.removeValue(forKey: peer) != nil else { return }
            shared.asks.append(.left(peer))
        }
    }

    /// Asks how the coordinator is doing; `nil` when it has stopped.
    func report(wake: () -> Void) async -> CoordinatorReport? {
        await withCheckedContinuation { continuation in
            let isTaken = shared.withLock { shared in
                guard !shared.isClosed, shared.asks.count < Self.asksMax else { return false }
                shared.asks.append(.report(continuation))
                return true
            }
            if isTaken { wake() } else { continuation.resume(returning: nil) }
        }
    }

    /// What was asked since the last turn.
    func take() -> [Ask] {
        shared.withLock { shared in
            defer { shared.asks = [] }
            return shared.asks
        }
    }

    /// Answers a peer; `false` when it is not one of these, or has left.
    func answer(_ message: Message, to peer: Peer) -> Bool {
        guard let stream = shared.withLock({ $0.streams[peer] }) else { return false }
        stream.yield(message)
        return true
    }

    /// Whether a peer is of this process.
    static func isLocal(_ peer: Peer) -> Bool { peer.bytes.first == 0x6C && peer.bytes.count == 9 }

    /// Ends all streams: nothing will be answered any more.
    func close() {
        let (streams, asks) = shared.withLock { shared in
            shared.isClosed = true
            defer {
                shared.streams = [:]
                shared.asks = []
            }
            return (shared.streams, shared.asks)
        }
        for ask in asks { if case .report(let continuation) = ask { continuation.resume(returning: nil) } }
        for stream in streams.values { stream.finish() }
    }
}
