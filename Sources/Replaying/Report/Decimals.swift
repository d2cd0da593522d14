/// A number with so many decimals, rounded half away from zero, the same on every machine and in every language.
package func decimals(_ value: Double, _ digits: Int, sign: Bool = false) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let prefix = value < 0 && scaled > 0 ? "-" : sign ? "+" : ""
    guard scaled < 1e15 else { return prefix + "\(abs(value))" }
    let whole = Int(scaled)
    guard digits > 0 else { return prefix + String(whole) }
    let part = String(whole % Int(scale))
    return prefix + "\(whole / Int(scale))." + String(repeating: "0", count: digits - part.count) + part
}
