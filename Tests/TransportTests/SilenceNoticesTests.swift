import Testing
import Transport

@Suite("What a peer says of a silent coordinator")
struct SilenceNoticesTests {
    @Test("after five seconds, again at growing intervals, and once when it is over")
    func schedule() {
        var notices = SilenceNotices()
        var said: [Int] = []
        for second in 0..<2000 {
            guard case .silent(let time)? = notices.notice(at: .seconds(second)) else { continue }
            #expect(time == .seconds(second))
            said.append(second)
        }
        #expect(said == [5, 10, 20, 40, 80, 160, 320, 620, 920, 1220, 1520, 1820])
        #expect(notices.received(at: .seconds(2000)) == .over(.seconds(2000)))
        #expect(notices.received(at: .seconds(2001)) == nil)
        #expect(notices.notice(at: .seconds(2005)) == nil)
        #expect(notices.notice(at: .seconds(2006)) == .silent(.seconds(5)))
    }

    @Test("a coordinator that answers in time is never mentioned")
    func answering() {
        var notices = SilenceNotices()
        for second in 1..<100 {
            #expect(notices.notice(at: .seconds(second)) == nil)
            #expect(notices.received(at: .seconds(second)) == nil)
        }
    }
}
