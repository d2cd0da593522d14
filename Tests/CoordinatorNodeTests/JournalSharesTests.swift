import CoordinatorNode
import Testing

@Suite("Journal: how tenants share its thread")
struct JournalSharesTests {
    private let start = ContinuousClock.now

    @Test("a tenant that is alone is never throttled")
    func alone() {
        var shares = JournalShares(start: start)
        for step in 1...100 {
            let now = start + .milliseconds(10) * step
            shares.add(.milliseconds(10), of: "a", at: now)
            #expect(!shares.isThrottled("a", at: now))
        }
    }

    @Test("beside others a tenant has half of the time, and one that uses little is never throttled")
    func half() {
        var shares = JournalShares(start: start)
        var used = Duration.zero
        // One wants all the time there is, in parts of 1 ms; the other 0.1 ms of every 10.
        for step in 0..<10_000 {
            let now = start + .milliseconds(1) * step
            if step % 10 == 0 {
                #expect(!shares.isThrottled("b", at: now))
                shares.add(.microseconds(100), of: "b", at: now)
            }
            guard !shares.isThrottled("a", at: now) else { continue }
            shares.add(.milliseconds(1), of: "a", at: now)
            used += .milliseconds(1)
        }
        #expect(used >= .milliseconds(4990) && used <= .milliseconds(5010))
    }

    @Test("a long request throttles for 40 ms at most, and not when nobody else has kept anything for a second")
    func debt() {
        var shares = JournalShares(start: start)
        shares.add(.milliseconds(1), of: "b", at: start)
        shares.add(.seconds(5), of: "a", at: start)
        #expect(shares.isThrottled("a", at: start + .milliseconds(39)) && !shares.isThrottled("b", at: start))
        #expect(!shares.isThrottled("a", at: start + .milliseconds(41)))
        shares.add(.seconds(5), of: "a", at: start + .milliseconds(999))
        #expect(shares.isThrottled("a", at: start + .milliseconds(999)))
        #expect(!shares.isThrottled("a", at: start + .milliseconds(1000)))
    }
}
