import NIOCore
import NIOHTTP1
import Routing
import Synchronization

/// What arrives for one request: pieces of the endpoint's answer, the time limit, the client's leaving. One reader waits for
/// all three.
///
/// It holds one piece: the endpoint is read as fast as the client is written to.
final class AnswerInbox: Sendable {
    /// What arrived.
    enum Arrival: Sendable {
        case head(status: Int, HTTPHeaders)
        case answer(UpstreamAnswer.Event)
        /// The client has left, or the server is stopping.
        case clientLeft
    }

    private struct State {
        var piece: Arrival?
        var hasLeft = false
        var isClosed = false
        var writer: CheckedContinuation<Void, Never>?
        var reader: CheckedContinuation<Arrival, Never>?
        var timer: Scheduled<Void>?
        /// Number of this wait; a timer of an earlier one does nothing.
        var turn = 0

        /// The reader that waits, which is resumed outside the lock.
        mutating func takeReader() -> CheckedContinuation<Arrival, Never>? {
            timer?.cancel()
            timer = nil
            defer { reader = nil }
            return reader
        }
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop

    /// Timers run on `eventLoop`.
    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Adds a piece, and waits until it was taken, or nobody will take it. One task calls it.
    func put(_ piece: Arrival) async {
        await withCheckedContinuation { continuation in
            let (reader, isDone) = state.withLock { state -> (CheckedContinuation<Arrival, Never>?, Bool) in
                guard !state.isClosed, !state.hasLeft else { return (nil, true) }
                if let reader = state.takeReader() { return (reader, true) }
                state.piece = piece
                state.writer = continuation
                return (nil, false)
            }
            reader?.resume(returning: piece)
            if isDone { continuation.resume() }
        }
    }

    /// The next arrival, or the timer's event at `deadline`. One task calls it.
    func take(until deadline: ContinuousClock.Instant) async -> Arrival {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (arrival, writer) = state.withLock { state -> (Arrival?, CheckedContinuation<Void, Never>?) in
                    if state.hasLeft { return (.clientLeft, nil) }
                    if let piece = state.piece {
                        state.piece = nil
                        defer { state.writer = nil }
                        return (piece, state.writer)
                    }
                    state.reader = continuation
                    state.turn += 1
                    let turn = state.turn
                    state.timer = eventLoop.scheduleTask(in: Self.delay(until: deadline)) { [weak self] in
                        self?.expire(turn)
                    }
                    return (nil, nil)
                }
                writer?.resume()
                if let arrival { continuation.resume(returning: arrival) }
            }
        } onCancel: {
            leave()
        }
    }

    /// The client has left.
    func leave() {
        let (reader, writer) = state.withLock { state in
            state.hasLeft = true
            return (state.takeReader(), Self.release(&state))
        }
        reader?.resume(returning: .clientLeft)
        writer?.resume()
    }

    /// Nobody takes anything any more.
    func close() {
        let writer = state.withLock { state in
            state.isClosed = true
            state.timer?.cancel()
            return Self.release(&state)
        }
        writer?.resume()
    }

    private static func release(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { (state.piece, state.writer) = (nil, nil) }
        return state.writer
    }

    private func expire(_ turn: Int) {
        let reader = state.withLock { state in state.turn == turn ? state.takeReader() : nil }
        reader?.resume(returning: .answer(.timer))
    }

    private static func delay(until deadline: ContinuousClock.Instant) -> TimeAmount {
        let (seconds, attoseconds) = (deadline - .now).components
        // A nanosecond more: the timer must not fire before the deadline.
        return .nanoseconds(max(0, seconds) * 1_000_000_000 + max(0, attoseconds / 1_000_000_000) + 1)
    }
}
