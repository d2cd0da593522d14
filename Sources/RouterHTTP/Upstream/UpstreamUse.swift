import Routing
import Synchronization
import Traces

/// One use of an endpoint: its place, its reservation, its result. Everything is given back when it is released, however
/// the request ended.
final class UpstreamUse: Sendable {
    /// How a use ended.
    enum End: Sendable {
        /// The endpoint answered completely; also with an error that the client caused.
        case answered
        case failed(UpstreamFailure)
        /// The client left before the end.
        case left
    }

    private struct State {
        var end: End?
        var progress: UpstreamAnswer?
    }

    /// The span of the use, which the endpoint gets as its parent; `nil` where nothing is traced.
    let trace: TraceContext?
    private let state = Mutex(State())
    private let onEnd: @Sendable (End, UpstreamAnswer?) -> Void
    private let onRelease: @Sendable () -> Void

    /// `onEnd` is called once, with the last state of the answer; `onRelease` when the place is free.
    init(
        _ trace: TraceContext? = nil, onEnd: @escaping @Sendable (End, UpstreamAnswer?) -> Void,
        onRelease: @escaping @Sendable () -> Void
    ) {
        self.trace = trace
        self.onEnd = onEnd
        self.onRelease = onRelease
    }

    deinit {
        end(.left, nil)
        onRelease()
    }

    /// The answer so far, for a client that leaves.
    func progressed(_ answer: UpstreamAnswer) {
        state.withLock { $0.progress = answer }
    }

    /// The answer ended: completely, or by a failure.
    func ended(_ failure: UpstreamFailure?, _ answer: UpstreamAnswer?) {
        end(failure.map { .failed($0) } ?? .answered, answer)
    }

    private func end(_ end: End, _ answer: UpstreamAnswer?) {
        let (isFirst, progress) = state.withLock { state in
            defer { state.end = state.end ?? end }
            return (state.end == nil, answer ?? state.progress)
        }
        if isFirst { onEnd(end, progress) }
    }
}
