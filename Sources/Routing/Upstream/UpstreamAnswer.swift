import JSON

/// One request to an endpoint, from its start to the end of the answer. Decides what is passed on and what is a failure.
///
/// The beginning of an answer is held until it is known to be one: a whole answer until its end, a stream until its first
/// event. Until then a failure leads to the next model, and the client sees nothing of it. A stream that fails later ends
/// with an event `error`; it is never cut in silence.
///
/// A value: the driver calls `handle`, carries out the actions, and calls again at `nextDeadline` at the latest.
public struct UpstreamAnswer: Sendable {
    /// The caller's clock.
    public typealias Instant = ContinuousClock.Instant

    /// What arrives.
    public enum Event: Sendable {
        /// Status and headers.
        case head(Head)
        /// Bytes of the body.
        case piece([UInt8])
        /// The body is complete, as far as HTTP knows.
        case ended
        /// The connection failed.
        case lost(UpstreamFailure)
        /// `nextDeadline` is reached.
        case timer
    }

    /// What matters of the headers.
    public struct Head: Hashable, Sendable {
        /// HTTP's status.
        public var status: Int
        /// The header `content-type`.
        public var contentType: String?
        /// The header `content-encoding`.
        public var contentEncoding: String?
        /// How long the endpoint asks to be left alone.
        public var retryAfter: Duration?

        /// Headers.
        public init(
            status: Int, contentType: String? = nil, contentEncoding: String? = nil, retryAfter: Duration? = nil
        ) {
            self.status = status
            self.contentType = contentType
            self.contentEncoding = contentEncoding
            self.retryAfter = retryAfter
        }
    }

    /// What the driver does.
    public enum Action: Hashable, Sendable {
        /// Pass the status and headers on; bytes follow.
        case begin
        /// Pass bytes on.
        case send([UInt8])
        /// End the answer to the client.
        case finish
        /// Nothing was passed on; use the next model.
        case fail(UpstreamFailure)
        /// A part was passed on and the rest is missing. A stream has had its event `error` and ends in order; any other
        /// answer must end with its connection, so that the client notices.
        case breakOff(UpstreamFailure, isStream: Bool)
    }

    private enum State: Sendable {
        case waiting
        /// The head is known; its beginning is held.
        case holding(Content)
        case passing(Content)
        /// A stream said `[DONE]`.
        case closing
        case over
    }

    private enum Content: Sendable { case stream, whole, clientError }

    /// Bytes of a whole answer that are held. A longer one is passed on from there, unchecked.
    private static let heldMax = 1 << 20
    /// Bytes of one event.
    private static let eventMax = 4 << 20

    private static let noStream = UpstreamFailure(.malformed, "a whole answer instead of a stream")

    private let isStreamWanted: Bool
    private var state = State.waiting
    private var times: AnswerTimes
    private var held: [UInt8] = []
    private var stream = EventStream()

    /// What the answer says of its length.
    public private(set) var usage: AnswerUsage?
    /// Events of the stream with data: about one a token, where a stream has no usage.
    public private(set) var events = 0

    /// Whether it is a stream, whose events were counted.
    public private(set) var isStream = false
    /// Whether the endpoint answered with an error that the client caused.
    public private(set) var isClientError = false

    /// A request that starts now. `deadline` bounds the first byte, beside the endpoint's own limit.
    public init(isStreaming: Bool, endpoint: FleetModel.Endpoint, now: Instant, deadline: Instant) {
        isStreamWanted = isStreaming
        times = AnswerTimes(endpoint, start: now, deadline: deadline)
    }

    /// When `handle(.timer)` is due.
    public var nextDeadline: Instant {
        if case .passing(.stream) = state { return times.next(isStreaming: true) }
        return times.next(isStreaming: false)
    }

    /// Takes an event and decides. Events after the last action are ignored.
    public mutating func handle(_ event: Event, now: Instant) -> [Action] {
        if case .over = state { return [] }
        switch event {
        case .head(let head): return began(head, now)
        case .piece(let bytes):
            times.received(now)
            return added(bytes, now)
        case .ended: return ended(now)
        case .lost(let failure): return failed(failure)
        case .timer: return timer(now)
        }
    }

    private mutating func began(_ head: Head, _ now: Instant) -> [Action] {
        guard case .waiting = state else { return [] }
        if let failure = UpstreamFailure(status: head.status, retryAfter: head.retryAfter) { return failed(failure) }
        if head.status >= 400 {
            state = .passing(.clientError)
            isClientError = true
            times.received(now)
            return [.begin]
        }
        let type = (head.contentType ?? "").lowercased()
        if let encoding = head.contentEncoding, encoding.lowercased() != "identity" {
            return failed(UpstreamFailure(.malformed, "content-encoding \(encoding), which was not asked for"))
        }
        guard !type.contains("html") else { return failed(UpstreamFailure(.malformed, "200 with \(type)")) }
        isStream = isStreamWanted && (type.isEmpty || type.contains("event-stream"))
        state = .holding(isStream ? .stream : .whole)
        return []
    }

    private mutating func added(_ bytes: [UInt8], _ now: Instant) -> [Action] {
        switch state {
        case .waiting, .closing, .over: return []
        case .passing(.whole), .passing(.clientError): return [.send(bytes)]
        case .holding(.stream), .passing(.stream):
            let parts = stream.add(bytes)
            let actions = passed(parts.events, parts.bytes, now)
            guard stream.pending.count + held.count <= Self.eventMax else {
                return actions + failed(UpstreamFailure(.malformed, "an event of more than \(Self.eventMax) bytes"))
            }
            return actions
        case .holding:
            held += bytes
            guard held.count > Self.heldMax else { return [] }
            guard !isStreamWanted else { return failed(Self.noStream) }
            guard held.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else {
                return failed(UpstreamFailure(.malformed, "no JSON: \(AnswerCheck.clipped(held))"))
            }
            state = .passing(.whole)
            defer { held = [] }
            return [.begin, .send(held)]
        }
    }

    /// Complete events of a stream.
    private mutating func passed(_ events: [EventStream.Event], _ bytes: [UInt8], _ now: Instant) -> [Action] {
        held += bytes
        for event in events {
            guard let data = event.data else { continue }
            if data.elementsEqual("[DONE]".utf8) {
                guard case .passing = state else { return failed(UpstreamFailure(.empty, "a stream without an event")) }
                state = .closing
                times.isDone(now)
                return send(now)
            }
            do throws(UpstreamFailure) {
                let isFirst = self.events == 0
                if isFirst || AnswerCheck.isNotable(event, data: data) {
                    usage = try AnswerCheck.event(event, data: data) ?? usage
                }
            } catch {
                guard case .passing = state else { return failed(error) }
                // The endpoint has sent its own event with the error.
                state = .over
                return send(now) + [.breakOff(error, isStream: true)]
            }
            self.events += 1
            if case .holding = state {
                state = .passing(.stream)
                return [.begin] + passedRest(events, now)
            }
        }
        guard case .passing = state else { return [] }
        return send(now)
    }

    /// The events after the first one of the stream.
    private mutating func passedRest(_ events: [EventStream.Event], _ now: Instant) -> [Action] {
        let first = events.firstIndex { $0.data != nil } ?? 0
        return passed(Array(events[(first + 1)...]), [], now)
    }

    private mutating func send(_ now: Instant) -> [Action] {
        guard !held.isEmpty else { return [] }
        defer { held = [] }
        times.sent(now)
        return [.send(held)]
    }

    private mutating func ended(_ now: Instant) -> [Action] {
        switch state {
        case .waiting: return failed(UpstreamFailure(.empty, "no answer"))
        case .closing, .passing(.clientError), .passing(.whole):
            state = .over
            return [.finish]
        case .holding(.stream), .passing(.stream):
            let rest = stream.end()
            // A part of an event is not passed on.
            let isWhole = rest.events.allSatisfy { AnswerCheck.isWhole($0) }
            let actions = isWhole ? passed(rest.events, rest.bytes, now) : []
            switch state {
            case .closing:
                state = .over
                return actions + [.finish]
            case .over: return actions
            case .holding: return actions + failed(UpstreamFailure(.empty, "a stream without an event"))
            default: return actions + failed(UpstreamFailure(.cut, "the stream ended without [DONE]"))
            }
        case .holding:
            do throws(UpstreamFailure) {
                usage = try AnswerCheck.whole(held)
                guard !isStreamWanted else { throw Self.noStream }
            } catch {
                return failed(error)
            }
            state = .over
            return [.begin, .send(held), .finish]
        case .over: return []
        }
    }

    private mutating func timer(_ now: Instant) -> [Action] {
        if case .closing = state {
            guard times.isClosed(now) else { return [] }
            state = .over
            return [.finish]
        }
        if let expiry = times.expiry(now) { return failed(UpstreamFailure(.timeout, expiry)) }
        guard case .passing(.stream) = state, times.needsKeepAlive(now) else { return [] }
        times.sent(now)
        return [.send(Array(": keep-alive\n\n".utf8))]
    }

    private mutating func failed(_ failure: UpstreamFailure) -> [Action] {
        defer { state = .over }
        switch state {
        case .over: return []
        case .waiting, .holding: return [.fail(failure)]
        // Everything had arrived; only the connection's end was missing.
        case .closing: return [.finish]
        case .passing(.stream):
            return [.send(Self.errorEvent(failure)), .breakOff(failure, isStream: true)]
        case .passing: return [.breakOff(failure, isStream: false)]
        }
    }

    /// The last event of a stream that failed. OpenAI's clients raise an error for it.
    public static func errorEvent(_ failure: UpstreamFailure) -> [UInt8] {
        let body = JSONWriter.object { json in
            json.object("error") { json in
                json.member("message", "the answer was cut: \(failure.detail)")
                json.member("type", "server_error")
                json.member("code", "upstream_\(failure.reason.rawValue)")
            }
        }
        return Array("event: error\ndata: ".utf8) + body + Array("\n\n".utf8)
    }
}
