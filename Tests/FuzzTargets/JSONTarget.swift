import JSON

/// JSON in any bytes: what is read is read again from what is written of it, and all readers agree on what JSON is.
enum JSONTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        let value = try? JSONValue(reading: bytes)
        let last = try? JSONValue(reading: bytes, duplicateNames: .kept)
        if value != nil, last == nil { return "the reader that keeps names is stricter" }
        _ = try? JSONValue(reading: bytes, duplicateNames: .kept, readsNaN: true)
        if (try? JSONReader.checkUTF8(bytes)) != nil {
            var reader = JSONReader(utf8: bytes)
            _ = try? reader.object(selecting: [Array("a".utf8), Array("id".utf8)])
            var second = JSONReader(utf8: bytes)
            if let range = try? second.range(ofMember: Array("id".utf8)), !(0...bytes.count ~= range.upperBound) {
                return "a member's range \(range) is outside"
            }
            var tolerant = JSONReader(utf8: bytes)
            if (try? tolerant.tolerantDocument()) == nil, value != nil { return "the tolerant reader is stricter" }
        }
        guard let value else { return nil }
        var writer = JSONWriter()
        writer.value(value)
        guard let again = try? JSONValue(reading: writer.bytes) else { return "what was written is no JSON" }
        return again == value ? nil : "what was written is another value"
    }
}
