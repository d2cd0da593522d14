import Routing
import Testing

@Suite("One request to an endpoint, from its start to the end of the answer")
struct UpstreamAnswerTests {
    private let start = ContinuousClock.now

    private func answer(
        streaming: Bool, _ change: (inout FleetModel.Endpoint) -> Void = { _ in }
    ) -> UpstreamAnswer {
        var endpoint = FleetModel.Endpoint(url: "http://127.0.0.1/v1", model: "m", timeout: .seconds(10))
        endpoint.idleTimeout = .seconds(5)
        endpoint.totalTimeout = .seconds(60)
        change(&endpoint)
        return UpstreamAnswer(
            isStreaming: streaming, endpoint: endpoint, now: start, deadline: start + .seconds(1000))
    }

    private let json = UpstreamAnswer.Head(status: 200, contentType: "application/json")
    private let sse = UpstreamAnswer.Head(status: 200, contentType: "text/event-stream; charset=utf-8")

    /// All actions of these events, all at the start.
    private func run(_ answer: inout UpstreamAnswer, _ events: [UpstreamAnswer.Event]) -> [UpstreamAnswer.Action] {
        events.flatMap { answer.handle($0, now: start) }
    }

    private func bytes(_ text: String) -> UpstreamAnswer.Event { .piece(Array(text.utf8)) }

    private func reason(_ actions: [UpstreamAnswer.Action]) -> UpstreamFailure.Reason? {
        guard case .fail(let failure)? = actions.first, actions.count == 1 else { return nil }
        return failure.reason
    }

    private func sent(_ actions: [UpstreamAnswer.Action]) -> String {
        actions.map { action in
            if case .send(let bytes) = action { String(decoding: bytes, as: UTF8.self) } else { "" }
        }.joined()
    }

    private static let good =
        #"{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#

    @Test("a byte order mark at the start of a stream is left out, in whatever pieces it arrives")
    func byteOrderMark() {
        let event = "data: {\"choices\":[]}\n\n"
        let stream = [0xEF, 0xBB, 0xBF] + Array((event + "data: [DONE]\n\n").utf8)
        for cut in [0, 1, 2, 3, 4] {
            var answer = answer(streaming: true)
            let actions = run(
                &answer, [.head(sse), .piece(Array(stream[..<cut])), .piece(Array(stream[cut...])), .ended])
            #expect(sent(actions) == event + "data: [DONE]\n\n", "cut at \(cut)")
            #expect(answer.events == 1 && actions.last == .finish, "cut at \(cut)")
        }
    }

    @Test("an answer cannot claim more tokens than any model writes; then its events or the expected length count")
    func tokens() {
        for (claim, isBelieved) in [(16_777_216, true), (16_777_217, false), (4_294_967_296, false)] {
            var answer = answer(streaming: false)
            let text = #"{"choices":[{}],"usage":{"prompt_tokens":3,"completion_tokens":\#(claim)}}"#
            _ = run(&answer, [.head(json), .piece(Array(text.utf8)), .ended])
            #expect((answer.usage != nil) == isBelieved, "\(claim)")
        }
        let usage = AnswerUsage(inputTokens: 10_000, outputTokens: 9000, cachedTokens: 9500)
        #expect(usage.atMost(8192) == AnswerUsage(inputTokens: 8192, outputTokens: 8192, cachedTokens: 8192))
        #expect(usage.atMost(nil) == usage)
    }

    @Test("a whole answer is held until its end, and its usage is read")
    func whole() {
        var answer = answer(streaming: false)
        let half = Array(Self.good.utf8.prefix(20))
        let found1 = run(&answer, [.head(json), .piece(half)])
        #expect(found1.isEmpty)
        let rest = run(&answer, [.piece(Array(Self.good.utf8.dropFirst(20))), .ended])
        #expect(rest == [.begin, .send(Array(Self.good.utf8)), .finish])
        #expect(answer.usage == AnswerUsage(inputTokens: 3, outputTokens: 2))
    }

    @Test(
        "status 200 with something else is a failure before anything is sent",
        arguments: [
            (#"{"error":{"message":"no memory"}}"#, UpstreamFailure.Reason.errorObject),
            (#"{"object":"error","message":"no"}"#, .errorObject), (#"{"choices":[{"me"#, .malformed),
            ("<html>busy</html>", .malformed), ("", .empty), (" \n", .empty), (#"{"choices":[]}"#, .empty),
            ("{}", .malformed), ("[]", .malformed), ("data: {}\n\n", .malformed),
        ])
    func notAnAnswer(_ body: String, _ reason: UpstreamFailure.Reason) {
        var answer = answer(streaming: false)
        let found2 = run(&answer, [.head(json), bytes(body), .ended])
        #expect(self.reason(found2) == reason)
    }

    @Test(
        "a stream that begins with something else is a failure before anything is sent",
        arguments: [
            ("data: {\"error\":{\"message\":\"no\"}}\n\n", UpstreamFailure.Reason.errorObject),
            ("event: error\ndata: {\"message\":\"no\"}\n\n", .errorObject), ("data: [DONE]\n\n", .empty), ("", .empty),
            (": comment\n\n", .empty), ("data: {\"cho\n\n", .malformed),
        ])
    func badStream(_ body: String, _ reason: UpstreamFailure.Reason) {
        var answer = answer(streaming: true)
        let found3 = run(&answer, [.head(sse), bytes(body), .ended])
        #expect(self.reason(found3) == reason)
    }

    @Test("HTML, an encoding that nobody asked for and a redirect fail by their head")
    func heads() {
        let heads: [(UpstreamAnswer.Head, UpstreamFailure.Reason)] = [
            (.init(status: 200, contentType: "text/html"), .malformed),
            (.init(status: 200, contentType: "application/json", contentEncoding: "gzip"), .malformed),
            (.init(status: 302), .refused), (.init(status: 402), .noCredit), (.init(status: 424), .serverError),
            (.init(status: 408), .serverError), (.init(status: 401), .refused), (.init(status: 503), .serverError),
        ]
        for (head, reason) in heads {
            var answer = answer(streaming: false)
            let found4 = run(&answer, [.head(head)])
            #expect(self.reason(found4) == reason, "\(head.status)")
        }
        var limited = answer(streaming: false)
        let found = run(&limited, [.head(.init(status: 429, retryAfter: .seconds(7)))])
        #expect(found == [.fail(UpstreamFailure(.rateLimited, "429", retryAfter: .seconds(7)))])
    }

    @Test("a whole answer where a stream was asked for is a failure")
    func noStream() {
        var answer = answer(streaming: true)
        let found5 = run(&answer, [.head(json), bytes(Self.good), .ended])
        #expect(reason(found5) == .malformed)
    }

    @Test("an error that the client caused is passed on as it is")
    func clientError() {
        var answer = answer(streaming: true)
        let actions = run(&answer, [.head(.init(status: 400)), bytes("{\"error\":1}"), .ended])
        #expect(actions == [.begin, .send(Array("{\"error\":1}".utf8)), .finish])
        #expect(answer.isClientError)
    }

    @Test("a stream passes through byte by byte, however its bytes are cut into pieces")
    func pieces() {
        for line in ["\n", "\r\n", "\r"] {
            let text = [
                ": hello", "", "data: {\"choices\":[]}", "", "id: 4", "data: {\"choices\":[{\"a\":\"ä\"}]}", "",
                "data: [DONE]", "", "",
            ].joined(separator: line)
            for size in [1, 2, 3, 7, 1000] {
                var answer = answer(streaming: true)
                var actions = run(&answer, [.head(sse)])
                let all = Array(text.utf8)
                for start in stride(from: 0, to: all.count, by: size) {
                    actions += run(&answer, [.piece(Array(all[start..<min(start + size, all.count)]))])
                }
                actions += run(&answer, [.ended])
                #expect(actions.first == .begin && actions.last == .finish, "\(size)")
                #expect(Array(sent(actions).utf8) == all, "\(size)")
                #expect(answer.events == 2)
            }
        }
    }

    @Test("a stream without [DONE] ends with an event error, after its last whole event")
    func cut() {
        var answer = answer(streaming: true)
        let event = "data: {\"choices\":[1]}\n\n"
        let actions = run(&answer, [.head(sse), bytes(event + "data: {\"choi"), .ended])
        #expect(sent(actions).hasPrefix(event + "event: error\ndata: {\"error\":{"))
        #expect(sent(actions).hasSuffix("\"code\":\"upstream_cut\"}}\n\n") && !sent(actions).contains("choi\n"))
        guard case .breakOff(_, isStream: true)? = actions.last else {
            Issue.record("expected an end: \(actions)")
            return
        }
    }

    @Test("a stream whose connection is lost ends with an event error; a long whole answer ends with its connection")
    func lost() {
        var stream = answer(streaming: true)
        let lost = UpstreamFailure(.cut, "reset")
        let actions = run(&stream, [.head(sse), bytes("data: {}\n\n"), .lost(lost)])
        #expect(actions.last == .breakOff(lost, isStream: true) && sent(actions).contains("event: error"))
        var long = answer(streaming: false)
        let body = "{\"choices\":[\"" + String(repeating: "x", count: 1 << 20)
        let rest = run(&long, [.head(json), bytes(body), .lost(lost)])
        #expect(rest == [.begin, .send(Array(body.utf8)), .breakOff(lost, isStream: false)])
    }

    @Test("an event with an error in the middle is passed on, and the stream ends there")
    func errorInTheMiddle() {
        var answer = answer(streaming: true)
        let text = "data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"out of memory\"}}\n\n"
        let actions = run(&answer, [.head(sse), bytes(text)])
        #expect(sent(actions) == text)
        #expect(actions.last == .breakOff(UpstreamFailure(.errorObject, "out of memory"), isStream: true))
        let found6 = run(&answer, [bytes("data: {}\n\n"), .ended])
        #expect(found6.isEmpty)
    }

    @Test("a stream that said [DONE] ends, although its connection stays open")
    func doneButOpen() {
        var answer = answer(streaming: true)
        _ = run(&answer, [.head(sse), bytes("data: {}\n\ndata: [DONE]\n\n")])
        #expect(answer.nextDeadline == start + .seconds(1))
        let found7 = answer.handle(.timer, now: start + .seconds(1))
        #expect(found7 == [.finish])
    }

    @Test("the usage of a stream is that of its last event that has one")
    func usage() {
        var answer = answer(streaming: true)
        let usage =
            #"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8}}}"#
        _ = run(&answer, [.head(sse), bytes("data: {\"usage\":null}\n\ndata: \(usage)\n\ndata: [DONE]\n\n")])
        #expect(answer.usage == AnswerUsage(inputTokens: 9, outputTokens: 4, cachedTokens: 8))
    }

    @Test("three limits of time: to the first byte, between pieces, and for all")
    func times() {
        var silent = answer(streaming: true)
        #expect(silent.nextDeadline == start + .seconds(10))
        _ = run(&silent, [.head(sse)])
        // Headers are no answer.
        #expect(silent.nextDeadline == start + .seconds(10))
        let found8 = silent.handle(.timer, now: start + .seconds(10))
        #expect(reason(found8) == .timeout)

        var stalled = answer(streaming: true)
        _ = run(&stalled, [.head(sse), bytes("data: {}\n\n")])
        #expect(stalled.nextDeadline == start + .seconds(5))
        let actions = stalled.handle(.timer, now: start + .seconds(5))
        #expect(sent(actions).contains("silent for 5.0 seconds"))

        var slow = answer(streaming: true)
        _ = run(&slow, [.head(sse)])
        for second in 1..<60 { _ = slow.handle(bytes("data: {}\n\n"), now: start + .seconds(second)) }
        #expect(slow.nextDeadline == start + .seconds(60))
        let found9 = slow.handle(.timer, now: start + .seconds(60))
        #expect(sent(found9).contains("not complete within 60.0 seconds"))
    }

    @Test("comments keep a silent stream alive, if wanted, and do not extend its limit")
    func keepAlive() {
        var answer = answer(streaming: true) { $0.keepAlive = .seconds(2) }
        _ = run(&answer, [.head(sse), bytes("data: {}\n\n")])
        #expect(answer.nextDeadline == start + .seconds(2))
        let found10 = answer.handle(.timer, now: start + .seconds(2))
        #expect(sent(found10) == ": keep-alive\n\n")
        #expect(answer.nextDeadline == start + .seconds(4))
        _ = answer.handle(.timer, now: start + .seconds(4))
        #expect(answer.nextDeadline == start + .seconds(5))
        let found11 = answer.handle(.timer, now: start + .seconds(5))
        #expect(sent(found11).contains("event: error"))
    }

    @Test("the deadline of the request bounds the first byte, too")
    func deadline() {
        let endpoint = FleetModel.Endpoint(url: "http://127.0.0.1/v1", model: "m")
        let answer = UpstreamAnswer(
            isStreaming: false, endpoint: endpoint, now: start, deadline: start + .seconds(3))
        #expect(answer.nextDeadline == start + .seconds(3))
    }

    @Test("an endpoint that sends comments, one event or a whole answer without end does not fill the memory")
    func bounded() {
        let piece = bytes(String(repeating: "x", count: 1 << 20))
        for head in ["data: ", ": "] {
            var answer = answer(streaming: true)
            var actions = run(&answer, [.head(sse), bytes(head)])
            for _ in 0..<5 { actions += run(&answer, [piece]) }
            #expect(reason(actions) == .malformed)
        }
        var comments = answer(streaming: true)
        _ = run(&comments, [.head(sse)])
        var actions: [UpstreamAnswer.Action] = []
        for _ in 0..<5 { actions += run(&comments, [bytes(": "), piece, bytes("\n\n")]) }
        #expect(reason(actions) == .malformed)
        var whole = answer(streaming: true)
        let found12 = run(&whole, [.head(json), bytes("{"), piece, piece])
        #expect(reason(found12) == .malformed)
    }
}
