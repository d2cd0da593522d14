/// Finds `NaN` and `Infinity`, which JSON lacks and Python writes for rewards that are missing.
///
/// Among rewards they count as null, so that one reward costs its own outcome and not the whole request. Everywhere else
/// they are errors.
package enum MissingRewards {
    private static let key = Array("\"rewards\"".utf8)
    private static let literals = ["NaN", "Infinity"].map { Array($0.utf8) }

    /// Whether there are such literals, and all of them are in arrays of the name `rewards`. Cost: one pass.
    package static func areAll(in bytes: [UInt8]) -> Bool {
        var (at, found) = (0, false)
        // Whether the last name was `rewards`, and whether the scan is in its array.
        var (isNamed, isInside) = (false, false)
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                isNamed = bytes[at...].starts(with: key)
                at = end(ofStringAt: at, in: bytes)
                continue
            case UInt8(ascii: "["): isInside = isNamed
            case UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): (isNamed, isInside) = (false, false)
            case UInt8(ascii: "N"), UInt8(ascii: "I"):
                guard let literal = literals.first(where: { bytes[at...].starts(with: $0) }) else { return false }
                guard isInside else { return false }
                found = true
                at += literal.count
                continue
            default: break
            }
            at += 1
        }
        return found
    }

    private static func end(ofStringAt start: Int, in bytes: [UInt8]) -> Int {
        var at = start + 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return at + 1
    }
}
