internal import Foundation

/// Signs of printed numbers.
public enum DecimalSign: Sendable {
    /// "-" below 0, unless all digits are zero.
    case negative
    /// "-" below 0, unless all digits are zero; otherwise "+", also for 0.
    case always
    /// "+" above 0, "-" below 0, nothing for 0; also where all digits are zero.
    case nonzero
}

/// A number with a fixed number of decimals, halves rounded away from zero. The text is the same on every machine and
/// in every language.
public func decimals(_ value: Double, _ places: Int, sign: DecimalSign = .negative) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let prefix =
        switch sign {
        case .negative: value < 0 && scaled > 0 ? "-" : ""
        case .always: value < 0 && scaled > 0 ? "-" : "+"
        case .nonzero: value < 0 ? "-" : value > 0 ? "+" : ""
        }
    guard scaled < 1e15 else { return prefix + "\(abs(value))" }
    let digits = Int(scaled)
    guard places > 0 else { return prefix + String(digits) }
    let part = String(digits % Int(scale))
    return prefix + "\(digits / Int(scale))." + String(repeating: "0", count: places - part.count) + part
}

/// A number with a fixed number of decimals, rounded as C's `printf` does: to the decimal nearest to the exact binary
/// value, halves to even. "-" appears below 0 also where all digits are zero.
public func printfDecimals(_ value: Double, _ places: Int, plus: Bool = false) -> String {
    String(format: plus ? "%+.*f" : "%.*f", places, value)
}
