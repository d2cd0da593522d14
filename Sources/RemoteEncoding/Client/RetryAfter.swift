package import Foundation

/// The header `Retry-After`: seconds, or a date.
package enum RetryAfter {
    /// More than a day counts as a day.
    private static let longest = 86_400.0

    /// The time to wait from `now` on; `nil` for text that is neither.
    package static func read(_ text: String, now: Date) -> Duration? {
        let text = text.trimmingCharacters(in: .whitespaces)
        guard let seconds = Double(text) ?? date(text).map({ $0.timeIntervalSince(now) }), seconds.isFinite else {
            return nil
        }
        return .seconds(min(max(seconds, 0), longest))
    }

    private static func date(_ text: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text)
    }
}
