/// Bytes of a message behind its header: in an array, or in the frame that a socket received.
///
/// Copying one copies a reference. So what a coordinator passes on, and what a journal keeps, is the memory in which it
/// came: nobody in between copies a text or a probability.
public struct RawFrame: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        case lent(Loan)
    }

    /// Bytes of another owner. The lender promises that they neither move nor change as long as the owner lives; the
    /// loan keeps it alive, and the owner itself may cross threads.
    private struct Loan: Sendable {
        let owner: any Sendable
        let address: UInt
        let count: Int

        var bytes: UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
        }
    }

    private let storage: Storage

    /// Bytes of our own.
    public init(_ bytes: [UInt8]) {
        storage = .array(bytes)
    }

    /// Bytes that stay where they are and as they are for as long as `owner` lives.
    public init(lentBy owner: some Sendable, _ bytes: UnsafeRawBufferPointer) {
        storage = .lent(Loan(owner: owner, address: UInt(bitPattern: bytes.baseAddress), count: bytes.count))
    }

    /// Who keeps the bytes; `nil` when they are our own.
    public var owner: (any Sendable)? {
        if case .lent(let loan) = storage { loan.owner } else { nil }
    }

    /// The bytes as an array, copied unless they are one.
    public var array: [UInt8] {
        switch storage {
        case .array(let bytes): bytes
        case .lent(let loan): withExtendedLifetime(loan.owner) { Array(loan.bytes) }
        }
    }

    /// Number of bytes.
    public var count: Int {
        switch storage {
        case .array(let bytes): bytes.count
        case .lent(let loan): loan.count
        }
    }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// Reads the bytes where they are, with bounds checked.
    public func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        switch storage {
        case .array(let bytes): return try body(bytes.span)
        case .lent(let loan):
            defer { withExtendedLifetime(loan.owner) {} }
            let bytes = loan.bytes.assumingMemoryBound(to: UInt8.self)
            return try body(bytes.span)
        }
    }

    /// Some of the bytes, copied.
    func copy(_ range: Range<Int>) -> RawFrame {
        switch storage {
        case .array(let bytes): RawFrame(Array(bytes[range]))
        case .lent(let loan): withExtendedLifetime(loan.owner) { RawFrame(Array(loan.bytes[range])) }
        }
    }
}

extension RawFrame: Hashable {
    /// Whether the bytes are the same.
    public static func == (left: RawFrame, right: RawFrame) -> Bool {
        guard left.count == right.count else { return false }
        return left.array == right.array
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(array)
    }
}

extension RawFrame: ExpressibleByArrayLiteral {
    /// These bytes.
    public init(arrayLiteral bytes: UInt8...) {
        self.init(bytes)
    }
}
