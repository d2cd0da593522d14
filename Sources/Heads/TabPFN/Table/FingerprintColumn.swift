import Crypto

/// What a table's extra column holds, which the reference fills with a hash of each row's bits.
public enum RowHashMode: Sendable, Equatable {
    /// The reference's hash. It depends on the last bit of every feature, so two devices rarely agree on all rows.
    case reference
    /// The same number in every row: the column then says nothing, whatever the bits.
    case constant
    /// Given columns, one a member, a value a row: for comparisons with another program's bits.
    case injected([[Float]])

    /// For a model's fingerprint.
    var name: String {
        switch self {
        case .reference: "reference"
        case .constant: "constant"
        case .injected: "injected"
        }
    }

    /// What `constant` holds.
    public static let constantValue: Float = 0.5
}

/// The reference's fingerprint of a row: SHA-256 of its floats, modulo 10¹², as a number in [0, 1).
enum FingerprintColumn {
    /// Of the N rows of a context. Equal rows get different fingerprints: 1, 2, … is added until one is new.
    static func context(_ values: [Float], columns: Int, salt: Int) -> [Float] {
        var seen: Set<UInt64> = []
        return rows(values, columns) { row in
            let salted = row.map { $0 + Float(salt) }
            var number = hash(salted)
            var added: Float = 0
            while !seen.insert(number).inserted {
                added += 1
                number = hash(salted.map { $0 + added })
            }
            return fraction(number)
        }
    }

    /// Of queries. The release adds the salt twice here, so a prompt's fingerprint as a query is not that in a context;
    /// collisions are not looked at, so a query depends on itself alone.
    static func queries(_ values: [Float], columns: Int, salt: Int) -> [Float] {
        rows(values, columns) { row in fraction(hash(row.map { $0 + Float(salt) + Float(salt) })) }
    }

    private static func rows(_ values: [Float], _ columns: Int, _ body: (ArraySlice<Float>) -> Float) -> [Float] {
        stride(from: 0, to: values.count, by: columns).map { body(values[$0..<$0 + columns]) }
    }

    private static func fraction(_ number: UInt64) -> Float {
        Float(Double(number) / 1e12)
    }

    /// The digest as a big-endian number, modulo 10¹².
    private static func hash(_ row: [Float]) -> UInt64 {
        var hasher = SHA256()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(row.count * 4)
        for value in row {
            let bits = value.bitPattern
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        hasher.update(data: bytes)
        return hasher.finalize().reduce(0) { ($0 * 256 + UInt64($1)) % 1_000_000_000_000 }
    }
}
