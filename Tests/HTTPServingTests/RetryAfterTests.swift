import HTTPServing
import Testing

@Suite("How long a server asks to wait")
struct RetryAfterTests {
    private let now = 784_111_777.0 - 90  // 90 seconds before Sun, 06 Nov 1994 08:49:37 GMT

    @Test(
        "dates in the three forms of HTTP, seconds, fractions and milliseconds are read",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 90_000), ("Sunday, 06-Nov-94 08:49:37 GMT", 90_000),
            ("Sun Nov  6 08:49:37 1994", 90_000), ("120", 120_000), (" 1.5 ", 1500), ("0", 0), ("-3", 0),
        ])
    func read(_ text: String, _ milliseconds: Int) {
        #expect(RetryAfter.duration(header: text, now: now) == .milliseconds(milliseconds))
    }

    @Test("a date in the past is no wait, and milliseconds win over seconds")
    func past() {
        #expect(RetryAfter.duration(header: "Sat, 05 Nov 1994 08:49:37 GMT", now: now) == .zero)
        #expect(RetryAfter.duration(header: "30", milliseconds: "250", now: now) == .milliseconds(250))
    }

    @Test("unreadable milliseconds do not hide the seconds, and more than a day is a day")
    func fallback() {
        #expect(RetryAfter.duration(header: "30", milliseconds: "nan", now: now) == .seconds(30))
        #expect(RetryAfter.duration(header: "30", milliseconds: "soon", now: now) == .seconds(30))
        #expect(RetryAfter.duration(header: nil, milliseconds: "nan", now: now) == nil)
        #expect(RetryAfter.duration(header: "1e9", now: now) == .seconds(86_400))
    }

    @Test(
        "anything else is no wait",
        arguments: [
            "", "soon", "nan", "inf", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994", "Sun Nov 6 08:49:37", "a b c d e f", "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT",
        ])
    func unreadable(_ text: String) {
        #expect(RetryAfter.duration(header: text, now: now) == nil)
    }

    @Test("leap days count")
    func leapDay() {
        let day = RetryAfter.duration(header: "Fri, 01 Mar 2024 00:00:00 GMT", now: 1_709_164_800)  // 29 February
        #expect(day == .seconds(86_400))
    }
}
