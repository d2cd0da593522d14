public import Hummingbird
import NIOCore
public import ServiceLifecycle

/// Sends the same state to many listeners as server-sent events. An event is made once an interval for all listeners of an
/// audience. What is left for each listener is to write it: many listeners get events less often, so that about
/// `eventsPerInterval` are written each interval.
///
/// Each event has the whole state. So a listener that reads slowly misses events and holds at most one; a listener that
/// reads nothing is closed by its connection's time limit.
public actor EventFeed<Audience: Hashable & Sendable>: Service {
    /// Makes the state for an audience: JSON of one line. Throws what is shown instead.
    public typealias Make = @Sendable (Audience) async throws(HTTPFailure) -> [UInt8]

    private let interval: Duration
    private let listenersMax: Int
    private let body: @Sendable (HTTPFailure) -> [UInt8]
    private let tick: @Sendable () async -> Void
    private let make: Make
    private let clock = ContinuousClock()
    private var ticks = 0
    /// 50 writes a second cost half a percent of a core, about.
    private static var eventsPerInterval: Int { 50 }
    private var listeners: [Int: (audience: Audience, events: AsyncStream<ByteBuffer>.Continuation)] = [:]
    private var next = 0
    private var hasEnded = false
    private var states: [Audience: State] = [:]

    private struct State {
        let made: ContinuousClock.Instant
        let state: Task<Result<[UInt8], HTTPFailure>, Never>
    }

    /// A feed without listeners. `body` writes a failure as the server does; `tick` is called every interval, also without
    /// listeners.
    public init(
        interval: Duration = .seconds(1), listenersMax: Int = 512, body: @escaping @Sendable (HTTPFailure) -> [UInt8],
        tick: @escaping @Sendable () async -> Void = {}, make: @escaping Make
    ) {
        self.interval = interval
        self.listenersMax = listenersMax
        self.body = body
        self.tick = tick
        self.make = make
    }

    /// Whether there is a place for one more listener.
    public var hasPlace: Bool { !hasEnded && listeners.count < listenersMax }

    /// Sends events until the server stops; then all streams end.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.send()
                try? await Task.sleep(for: self.interval)
            }
        }
        hasEnded = true
        for listener in listeners.values { listener.events.finish() }
        listeners = [:]
    }

    /// The state for an audience, at most an interval old. Throws what `make` throws.
    public func state(for audience: Audience) async throws(HTTPFailure) -> [UInt8] {
        try await result(for: audience).get()
    }

    /// The answer to a listener: `count` events, or events until it leaves where `count` is `nil`.
    public func response(to audience: Audience, count: Int? = nil) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                if let events = await self.listen(audience) {
                    try await writer.write(await self.event(for: audience))
                    var left = count.map { $0 - 1 } ?? .max
                    var iterator = events.makeAsyncIterator()
                    while left > 0, let event = await iterator.next() {
                        try await writer.write(event)
                        left -= 1
                    }
                }
                try await writer.finish(nil)
            })
    }

    // MARK: Events

    private func listen(_ audience: Audience) -> AsyncStream<ByteBuffer>? {
        guard hasPlace else { return nil }
        let (stream, events) = AsyncStream<ByteBuffer>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = next
        next += 1
        listeners[number] = (audience, events)
        events.onTermination = { _ in Task { await self.leave(number) } }
        return stream
    }

    private func leave(_ number: Int) { listeners[number] = nil }

    private func send() async {
        await tick()
        // A key that is not used any more must not be kept.
        states = states.filter { clock.now - $0.value.made < interval }
        ticks += 1
        guard ticks % max(1, (listeners.count + Self.eventsPerInterval - 1) / Self.eventsPerInterval) == 0 else {
            return
        }
        for audience in Set(listeners.values.map(\.audience)) {
            states[audience] = nil
            let event = await event(for: audience)
            for listener in listeners.values where listener.audience == audience { listener.events.yield(event) }
        }
    }

    private func event(for audience: Audience) async -> ByteBuffer {
        switch await result(for: audience) {
        case .success(let state): Self.event("state", state)
        case .failure(let failure): Self.event("failure", body(failure))
        }
    }

    /// Requests at the same time share one result.
    private func result(for audience: Audience) async -> Result<[UInt8], HTTPFailure> {
        if let known = states[audience], clock.now - known.made < interval { return await known.state.value }
        let make = make
        let task = Task(executorPreference: RequestThreads.shared) { () -> Result<[UInt8], HTTPFailure> in
            do throws(HTTPFailure) {
                return .success(try await make(audience))
            } catch {
                return .failure(error)
            }
        }
        states[audience] = State(made: clock.now, state: task)
        return await task.value
    }

    private static func event(_ name: String, _ line: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(name)\ndata: ")
        buffer.writeBytes(line.filter { $0 != UInt8(ascii: "\n") })
        buffer.writeString("\n\n")
        return buffer
    }
}
