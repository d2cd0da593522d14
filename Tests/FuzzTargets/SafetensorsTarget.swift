import Heads
import ModelFiles

/// The head of a safetensors file: what is read of it is within the file. The first two bytes say how many bytes of
/// tensors follow.
enum SafetensorsTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let data = input.number16()
        let head = input.remainder()
        let file = head.count + data
        guard let header = try? SafetensorsHeader(parsing: head, fileBytes: file, file: "f") else { return nil }
        for (name, entry) in header.entries where entry.bytes.lowerBound < 8 || entry.bytes.upperBound > file {
            return "\(name) has the bytes \(entry.bytes) of \(file)"
        }
        _ = try? CompactHeadConfiguration(header, file: "f")
        return nil
    }
}
