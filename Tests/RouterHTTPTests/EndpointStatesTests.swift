import RouterHTTP
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

    @Test("after a failure an endpoint cools down, for as long as it asks if that is longer; success ends it")
    func cooldown() throws {
        var states = try states { $0.cooldown = .seconds(10) }
        states.failed(0, now: start)
        #expect(states.exclusion(0, now: start + .seconds(9)) == .coolingDown)
        #expect(states.exclusion(0, now: start + .seconds(10)) == nil)
        #expect(states.exclusion(1, now: start) == nil)
        #expect(states.retryAfter(now: start + .seconds(4)) == 6)
        states.failed(0, now: start, retryAfter: .seconds(40))
        #expect(states.exclusion(0, now: start + .seconds(39)) == .coolingDown)
        states.succeeded(0)
        #expect(states.exclusion(0, now: start) == nil)
    }

    @Test("an endpoint that asks for a pause of a year is paused for an hour")
    func longCooldown() throws {
        var states = try states()
        states.failed(0, now: start, retryAfter: .seconds(31_536_000))
        #expect(states.exclusion(0, now: start + .seconds(3601)) == nil)
    }

    @Test("a limit of requests under way is kept, and freed by the end of one")
    func concurrent() throws {
        var states = try states { $0.limits.concurrent = 1 }
        let began = [states.begin(0, now: start), states.begin(0, now: start)]
        #expect(began == [true, false])
        #expect(states.exclusion(0, now: start) == .atLimit)
        #expect(states.underWay == [1, 0])
        states.end(0)
        #expect(states.exclusion(0, now: start) == nil)
    }

    @Test("a limit of requests a minute counts starts of the last sixty seconds, finished or not")
    func perMinute() throws {
        var states = try states { $0.limits.requestsPerMinute = 2 }
        for second in [0, 30] {
            let began = states.begin(0, now: start + .seconds(second))
            #expect(began)
            states.end(0)
        }
        #expect(states.exclusion(0, now: start + .seconds(59)) == .atLimit)
        #expect(states.exclusion(0, now: start + .seconds(60)) == nil)
        let began = states.begin(0, now: start + .seconds(60))
        #expect(began)
        #expect(states.exclusion(0, now: start + .seconds(61)) == .atLimit)
    }
}
