/// Dates and timestamps as text of ISO 8601, in the proleptic Gregorian calendar.
package enum ArrowTime {
    /// A date from its number of days since 1970-01-01.
    ///
    /// Source: "days from civil" by Howard Hinnant, <https://howardhinnant.github.io/date_algorithms.html>. Eras of 400
    /// years have 146,097 days; years start in March.
    package static func date(days: Int64) -> String {
        let shifted = days + 719_468
        let era = floorDivision(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// A timestamp from its number of units since 1970, with `perSecond` units each second (1 to 10⁹).
    package static func timestamp(_ value: Int64, perSecond: Int64, isUTC: Bool) -> String {
        let seconds = floorDivision(value, perSecond)
        let days = floorDivision(seconds, 86_400)
        // Products would overflow at the ends of the range.
        let second = floorRemainder(seconds, 86_400)
        var text = date(days: days)
        text += "T\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        let fraction = floorRemainder(value, perSecond)
        if fraction > 0 { text += ".\(padded(fraction, String(perSecond).count - 1))" }
        return isUTC ? text + "Z" : text
    }

    private static func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }

    private static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        value % divisor + (value % divisor < 0 ? divisor : 0)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value.magnitude)
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
