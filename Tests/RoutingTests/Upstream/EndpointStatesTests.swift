import Routing
import Testing

@Suite("Which endpoints may be used")
struct EndpointStatesTests {
    private let start = ContinuousClock.now

    private func states(_ change: (inout FleetModel) -> Void = { _ in }) throws -> EndpointStates {
        var model = FleetModel(name: "a", price: .flat(1))
        change(&model)
        return EndpointStates(try Fleet(models: [model, FleetModel(name: "b", price: .flat(2))]))
    }

    @Test("a closed port pauses an endpoint at once, for its cooldown; an answer to an earlier request ends the pause")
    func unreachable() throws {
        var states = try states { $0.cooldown = .seconds(10) }
        states.failed(0, UpstreamFailure(.unreachable, "refused"), prompt: 1, now: start)
        #expect(states.exclusion(0, now: start + .seconds(9)) == .coolingDown)
        #expect(states.exclusion(0, now: start + .seconds(10)) == nil)
        #expect(states.exclusion(1, now: start) == nil)
        #expect(states.retryAfter([0], now: start + .seconds(4)) == 6)
        states.succeeded(0, now: start)
        #expect(states.exclusion(0, now: start) == nil)
    }

    @Test("one prompt that fails, however often, pauses nothing; three different ones do")
    func poison() throws {
        var states = try states()
        let failure = UpstreamFailure(.serverError, "500")
        for _ in 0..<50 { states.failed(0, failure, prompt: 1, now: start) }
        #expect(states.exclusion(0, now: start) == nil)
        states.failed(0, failure, prompt: 2, now: start)
        #expect(states.exclusion(0, now: start) == nil)
        states.failed(0, failure, prompt: 3, now: start)
        #expect(states.exclusion(0, now: start) == .coolingDown)
    }

    @Test("failures count by their share: three among a hundred answers pause nothing")
    func share() throws {
        var states = try states()
        for _ in 0..<97 { states.succeeded(0, now: start) }
        for prompt in 0..<3 { states.failed(0, UpstreamFailure(.timeout, ""), prompt: prompt, now: start) }
        #expect(states.exclusion(0, now: start) == nil)
        for prompt in 0..<120 { states.failed(0, UpstreamFailure(.timeout, ""), prompt: prompt, now: start) }
        #expect(states.exclusion(0, now: start) == .coolingDown)
        // A late answer does not end it while so many fail.
        states.succeeded(0, now: start)
        #expect(states.exclusion(0, now: start) == .coolingDown)
    }

    @Test("only failures within the window count")
    func window() throws {
        var states = try states { $0.failureLimit.window = .seconds(60) }
        for prompt in 0..<3 {
            states.failed(0, UpstreamFailure(.empty, ""), prompt: prompt, now: start + .seconds(40 * prompt))
        }
        #expect(states.exclusion(0, now: start + .seconds(80)) == nil)
    }

    @Test("an endpoint that asks for a pause gets exactly that pause, shorter or longer than its cooldown")
    func asked() throws {
        var states = try states { $0.cooldown = .seconds(10) }
        let limited = { UpstreamFailure(.rateLimited, "429", retryAfter: .seconds($0)) }
        states.failed(0, limited(2), prompt: 1, now: start)
        #expect(states.exclusion(0, now: start + .seconds(1)) == .rateLimited)
        #expect(states.exclusion(0, now: start + .seconds(2)) == nil)
        states.failed(0, limited(40), prompt: 1, now: start)
        states.succeeded(0, now: start)
        #expect(states.exclusion(0, now: start + .seconds(39)) == .rateLimited)
        #expect(states.wait(0, now: start + .seconds(39)) == .seconds(1))
        states.failed(1, UpstreamFailure(.serverError, "503", retryAfter: .seconds(5)), prompt: 1, now: start)
        #expect(states.exclusion(1, now: start) == .coolingDown)
    }

    @Test("a 429 without a time pauses for the cooldown, and missing credit or a wrong key pause at once")
    func withoutTime() throws {
        for reason in [UpstreamFailure.Reason.rateLimited, .noCredit, .refused] {
            var states = try states { $0.cooldown = .seconds(10) }
            states.failed(0, UpstreamFailure(reason, ""), prompt: 1, now: start)
            #expect(states.wait(0, now: start) == .seconds(10))
        }
    }

    @Test("a wait of 0 seconds asks for no pause: the limit of failures counts, and a 429 pauses for the cooldown")
    func askedForNothing() throws {
        var states = try states { $0.cooldown = .seconds(10) }
        for prompt in 0..<3 {
            #expect(states.exclusion(0, now: start) == nil)
            let failure = UpstreamFailure(.serverError, "503", retryAfter: .zero)
            states.failed(0, failure, prompt: prompt, now: start)
        }
        #expect(states.exclusion(0, now: start) == .coolingDown)
        states.failed(1, UpstreamFailure(.rateLimited, "429", retryAfter: .zero), prompt: 1, now: start)
        #expect(states.exclusion(1, now: start) == .rateLimited)
    }

    @Test("an endpoint that asks for a pause of a year is paused for an hour")
    func longPause() throws {
        var states = try states()
        states.failed(
            0, UpstreamFailure(.rateLimited, "429", retryAfter: .seconds(31_536_000)), prompt: 1, now: start)
        #expect(states.exclusion(0, now: start + .seconds(3601)) == nil)
    }

    @Test("a limit of requests in flight is kept, and freed by the end of one")
    func concurrent() throws {
        var states = try states { $0.limits.concurrent = 1 }
        let began = [states.begin(0, now: start), states.begin(0, now: start)]
        #expect(began == [true, false])
        #expect(states.exclusion(0, now: start) == .atLimit)
        #expect(states.inFlight == [1, 0])
        states.end(0)
        #expect(states.exclusion(0, now: start) == nil)
    }

    @Test("a limit of requests a minute counts starts of the last sixty seconds, and knows when the next may start")
    func perMinute() throws {
        var states = try states { $0.limits.requestsPerMinute = 2 }
        for second in [0, 30] {
            let began = states.begin(0, now: start + .seconds(second))
            #expect(began)
            states.end(0)
        }
        #expect(states.exclusion(0, now: start + .seconds(59)) == .atLimit)
        #expect(states.wait(0, now: start + .seconds(40)) == .seconds(20))
        #expect(states.exclusion(0, now: start + .seconds(60)) == nil)
        let began = states.begin(0, now: start + .seconds(60))
        #expect(began)
        #expect(states.wait(0, now: start + .seconds(61)) == .seconds(29))
        // Of two models, the wait of the request's own model counts.
        #expect(states.retryAfter([0], now: start + .seconds(61)) == 29)
        #expect(states.retryAfter([0, 1], now: start + .seconds(61)) == 1)
    }
}
