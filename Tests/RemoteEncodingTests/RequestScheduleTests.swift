import RemoteEncoding
import Scoring
import Testing

@Suite("RequestSchedule: what is sent, sent again and given up")
struct RequestScheduleTests {
    private static func schedule(
        _ batches: [Range<Int>], requests: Int = 2, rows: Int = 32, outage: Duration = .seconds(300),
        isStopping: Bool = false
    ) -> RequestSchedule {
        var settings = RemoteSettings()
        (settings.requestsMax, settings.batchRows, settings.outageTime) = (requests, rows, outage)
        return RequestSchedule(
            batches, settings: settings, url: "http://stub", backoff: Backoff(random: SeededGenerator(seed: 7)),
            isStopping: { isStopping })
    }

    private static func sent(_ actions: [RequestSchedule.Action]) -> [(batch: RequestSchedule.Batch, pause: Duration)] {
        actions.compactMap { if case .send(let batch, let pause) = $0 { (batch, pause) } else { nil } }
    }

    private static func rejected(_ actions: [RequestSchedule.Action]) -> [Int] {
        actions.compactMap { if case .reject(let row, _) = $0 { row } else { nil } }
    }

    private static func ends(_ actions: [RequestSchedule.Action]) -> [RemoteError] {
        actions.compactMap { if case .end(let error) = $0 { error } else { nil } }
    }

    @Test("batches go out in order, never more than allowed at a time")
    func order() {
        var schedule = Self.schedule([0..<3, 3..<6, 6..<9])
        var sent = Self.sent(schedule.handle(.started, at: .zero))
        #expect(sent.map(\.batch.rows) == [0..<3, 3..<6])
        sent = Self.sent(schedule.handle(.answered(sent[1].batch), at: .seconds(1)))
        #expect(sent.map(\.batch.rows) == [6..<9] && sent[0].pause == .zero)
        #expect(schedule.handle(.answered(sent[0].batch), at: .seconds(2)).isEmpty)
    }

    @Test("a refused batch is divided until only the bad text is rejected", arguments: [0, 5, 15])
    func bisection(bad: Int) {
        var schedule = Self.schedule([0..<16], requests: 1)
        var queue = Self.sent(schedule.handle(.started, at: .zero)).map(\.batch)
        var (answered, rejected, requests): (Set<Int>, [Int], Int) = ([], [], 0)
        while let batch = queue.popLast() {
            requests += 1
            let isBad = batch.rows.contains(bad)
            let event: RequestSchedule.Event =
                isBad ? .inputRefused(batch, reason: "too long", isBatchTooLarge: false) : .answered(batch)
            if !isBad { answered.formUnion(batch.rows) }
            let actions = schedule.handle(event, at: .seconds(requests))
            rejected += Self.rejected(actions)
            queue += Self.sent(actions).map(\.batch)
        }
        #expect(rejected == [bad])
        #expect(answered == Set(0..<16).subtracting([bad]))
        // 1 + 2 · log2(16)
        #expect(requests == 9)
    }

    @Test("a server in trouble gets the same requests after growing pauses, and no others")
    func pauses() {
        var schedule = Self.schedule([0..<1, 1..<2, 2..<3], requests: 1)
        var batch = Self.sent(schedule.handle(.started, at: .zero))[0].batch
        var pauses: [Duration] = []
        for second in 1...5 {
            let sent = Self.sent(
                schedule.handle(.failed(batch, RequestFailure(.busy, "status 503")), at: .seconds(second)))
            #expect(sent.count == 1 && sent[0].batch.rows == 0..<1)
            batch = sent[0].batch
            pauses.append(sent[0].pause)
        }
        for (index, pause) in pauses.enumerated() {
            let whole = Duration.milliseconds(500 << index)
            #expect(pause >= whole / 2 && pause <= whole)
        }
        #expect(Self.sent(schedule.handle(.answered(batch), at: .seconds(9)))[0].batch.rows == 1..<2)
    }

    @Test("a server that names a time is not asked earlier")
    func retryAfter() {
        var schedule = Self.schedule([0..<1])
        let batch = Self.sent(schedule.handle(.started, at: .zero))[0].batch
        let failure = RequestFailure(.busy, "status 429", retryAfter: .seconds(40))
        let pause = Self.sent(schedule.handle(.failed(batch, failure), at: .seconds(1)))[0].pause
        #expect(pause >= .seconds(40) && pause < .seconds(41))
    }

    @Test("a server that asks for more than the outage time is asked once more at its end, then given up")
    func longWait() {
        var schedule = Self.schedule([0..<4], outage: .seconds(60))
        let batch = Self.sent(schedule.handle(.started, at: .zero))[0].batch
        let busy = RequestFailure(.busy, "status 429", retryAfter: .seconds(3600))
        let again = Self.sent(schedule.handle(.failed(batch, busy), at: .seconds(20)))
        #expect(again.map(\.pause) == [.seconds(40)])
        let actions = schedule.handle(.failed(again[0].batch, busy), at: .seconds(61))
        #expect(Self.ends(actions) == [.unavailable(url: "http://stub", reason: "status 429", time: .seconds(61))])
    }

    @Test("without any answer for the outage time the call ends, with the last reason")
    func outage() throws {
        var schedule = Self.schedule([0..<4, 4..<8], outage: .seconds(60))
        var sent = Self.sent(schedule.handle(.started, at: .zero))
        sent += Self.sent(schedule.handle(.answered(sent[0].batch), at: .seconds(50)))
        var batch = sent[1].batch
        // Counted from the last answer.
        for second in [70, 90] {
            batch =
                Self.sent(
                    schedule.handle(.failed(batch, RequestFailure(.unreachable, "refused")), at: .seconds(second)))[0]
                .batch
        }
        let actions = schedule.handle(.failed(batch, RequestFailure(.unreachable, "refused")), at: .seconds(111))
        #expect(Self.ends(actions) == [.unavailable(url: "http://stub", reason: "refused", time: .seconds(61))])
        #expect(schedule.handle(.answered(batch), at: .seconds(112)).isEmpty)
    }

    @Test("a request that fails four times while others are answered is divided, and its text rejected at the end")
    func poison() {
        var schedule = Self.schedule([0..<2, 2..<3], requests: 2)
        let first = Self.sent(schedule.handle(.started, at: .zero))
        var (bad, good) = (first[0].batch, first[1].batch)
        let failure = RequestFailure(.serverError, "status 500: boom")
        bad = Self.sent(schedule.handle(.failed(bad, failure), at: .seconds(1)))[0].batch
        #expect(schedule.handle(.answered(good), at: .seconds(2)).isEmpty)
        for second in 3...4 { bad = Self.sent(schedule.handle(.failed(bad, failure), at: .seconds(second)))[0].batch }
        let halves = Self.sent(schedule.handle(.failed(bad, failure), at: .seconds(5)))
        #expect(halves.map(\.batch.rows) == [0..<1, 1..<2])
        (bad, good) = (halves[0].batch, halves[1].batch)
        #expect(schedule.handle(.answered(good), at: .seconds(6)).isEmpty)
        #expect(Self.rejected(schedule.handle(.failed(bad, failure), at: .seconds(7))) == [0])
    }

    @Test("a request that takes too long is halved")
    func timeout() {
        var schedule = Self.schedule([0..<8], requests: 1)
        let batch = Self.sent(schedule.handle(.started, at: .zero))[0].batch
        let half = Self.sent(schedule.handle(.failed(batch, RequestFailure(.timeout, "120 s")), at: .seconds(120)))
        #expect(half.map(\.batch.rows) == [0..<4])
        #expect(Self.sent(schedule.handle(.answered(half[0].batch), at: .seconds(121)))[0].batch.rows == 4..<8)
    }

    @Test("a refusal for the number of texts lowers the size of all later requests")
    func batchSize() {
        var schedule = Self.schedule([0..<32, 32..<64], requests: 1)
        let batch = Self.sent(schedule.handle(.started, at: .zero))[0].batch
        var queue = Self.sent(
            schedule.handle(.inputRefused(batch, reason: "batch size", isBatchTooLarge: true), at: .zero))
        var sizes: [Int] = []
        while let next = queue.popLast() {
            sizes.append(next.batch.rows.count)
            queue += Self.sent(schedule.handle(.answered(next.batch), at: .seconds(1)))
        }
        #expect(sizes == [16, 16, 16, 16] && schedule.rowsMax == 16)
    }

    @Test("once the process is asked to stop, the next failure ends the call; a hopeless server ends it at once")
    func ends() {
        var stopping = Self.schedule([0..<1], isStopping: true)
        let batch = Self.sent(stopping.handle(.started, at: .zero))[0].batch
        #expect(
            Self.ends(stopping.handle(.failed(batch, RequestFailure(.busy, "503")), at: .zero))
                == [.stopped(url: "http://stub", reason: "503")])
        var hopeless = Self.schedule([0..<1, 1..<2, 2..<3])
        let error = RemoteError.refused(url: "u", status: 401, message: "no key", models: [])
        _ = hopeless.handle(.started, at: .zero)
        #expect(hopeless.handle(.ended(batch, error), at: .zero) == [.end(error)])
    }

    @Test("whatever fails on the way, every text is answered or rejected once", arguments: 0..<200 as Range<UInt64>)
    func everyRowOnce(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...60, using: &random)
        let bad = Set((0..<3).map { _ in Int.random(in: 0..<count, using: &random) })
        let texts = (0..<count).map { String(repeating: "x", count: $0 * 7 % 40) }
        let batches = RequestBatches.plan(texts, rowsMax: 8, tokensMax: 50)
        #expect(batches.flatMap(Array.init) == Array(0..<count))
        var schedule = Self.schedule(
            batches, requests: Int.random(in: 1...5, using: &random), outage: .seconds(1_000_000))
        var times = [Int](repeating: 0, count: count)
        var underWay = Self.sent(schedule.handle(.started, at: .zero)).map(\.batch)
        var now = 0
        while !underWay.isEmpty {
            now += 1
            let batch = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
            let event: RequestSchedule.Event
            if !bad.isDisjoint(with: batch.rows) {
                event = .inputRefused(batch, reason: "bad", isBatchTooLarge: false)
            } else if Bool.random(using: &random) {
                let kind = [RequestFailure.Kind.busy, .timeout, .unreachable].randomElement(using: &random) ?? .busy
                event = .failed(batch, RequestFailure(kind, "x"))
            } else {
                event = .answered(batch)
                for row in batch.rows { times[row] += 1 }
            }
            let actions = schedule.handle(event, at: .seconds(now))
            for row in Self.rejected(actions) { times[row] += 1 }
            underWay += Self.sent(actions).map(\.batch)
        }
        #expect(times.allSatisfy { $0 == 1 }, "seed \(seed)")
    }
}
