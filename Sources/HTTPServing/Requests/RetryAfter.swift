/// Reads how long a server asks to wait: the headers `retry-after-ms` and `retry-after` (RFC 9110, 10.2.3).
public enum RetryAfter {
    /// The wait, from 0 to a day; `nil` where the headers are absent or unreadable. `retry-after` is seconds, also with a
    /// fraction, or a date; `now` is in seconds since 1970.
    public static func duration(header: String?, milliseconds: String? = nil, now: Double) -> Duration? {
        if let wait = milliseconds.flatMap({ Double(trimmed($0)) }).flatMap({ wait($0 / 1000) }) { return wait }
        guard let text = header.map(trimmed) else { return nil }
        if let seconds = Double(text) { return wait(seconds) }
        return date(text).flatMap { wait(Double($0) - now) }
    }

    /// Longest wait that is believed.
    private static let most = 86_400.0

    private static func wait(_ seconds: Double) -> Duration? {
        guard seconds.isFinite else { return nil }
        return .milliseconds(Int64((min(max(seconds, 0), most) * 1000).rounded()))
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// A date in one of the three forms of RFC 9110, 5.6.7, in seconds since 1970.
    ///
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    static func date(_ text: String) -> Int? {
        var parts = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        guard parts.count >= 5 else { return nil }
        parts.removeFirst()
        // The third form has the month before the day, and the year at the end.
        if months.contains(parts[0].lowercased()) {
            guard parts.count == 4 else { return nil }
            parts = [parts[1], parts[0], parts[3], parts[2]]
        }
        guard let day = Int(parts[0]), let month = months.firstIndex(of: parts[1].lowercased()),
            var year = Int(parts[2]), (1...31).contains(day), (0...9999).contains(year)
        else { return nil }
        if parts[2].utf8.count == 2 { year += year < 70 ? 2000 : 1900 }
        let clock = parts[3].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return days(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// Days from 1970-01-01 in the Gregorian calendar. The year begins in March here, so that its leap day is the last.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
