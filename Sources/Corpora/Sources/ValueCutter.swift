/// Finds the end of one JSON value in bytes that arrive in pieces: counts brackets outside strings. It does not check
/// the value.
struct ValueCutter {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var hasBegun = false

    /// The index behind the value; `nil` if it continues behind `bytes`. Starts at `at`, and moves it past what was read.
    mutating func end(in bytes: [UInt8], from at: inout Int) -> Int? {
        while at < bytes.count {
            let byte = bytes[at]
            if isInString {
                at += 1
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    if depth == 0 { return at }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                if depth == 0, hasBegun { return at }
                isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == 0, hasBegun { return at }
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0, hasBegun { return at }
                depth -= 1
                if depth <= 0 {
                    at += 1
                    return at
                }
            case UInt8(ascii: ","):
                if depth == 0 {
                    // Without a value before it, the comma itself is the value that is refused.
                    if !hasBegun { at += 1 }
                    return at
                }
            case 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0, hasBegun { return at }
            default: break
            }
            hasBegun = true
            at += 1
        }
        return nil
    }
}
