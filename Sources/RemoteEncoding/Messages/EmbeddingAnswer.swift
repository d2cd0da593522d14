import Foundation
import JSON

/// The vectors of an answer to `POST /embeddings`, in the order of the request.
///
/// Places come from `index`, not from the order of arrival. Vectors are divided by their norm here, because heads
/// compare them by cosine and not every server does it.
package struct EmbeddingAnswer: Sendable {
    /// A text's vector, or why it has none.
    package enum Row: Sendable, Equatable {
        /// E numbers of norm 1.
        case vector([Float])
        /// The server's numbers are no vector: not finite, or all zero.
        case unusable(String)
    }

    /// Why an answer cannot be used.
    package enum Problem: Error, Equatable {
        /// It is not what the API promises.
        case malformed(String)
        /// It contains NaN or Infinity as words, which no JSON has; some text of the request is the reason.
        case notNumbers
    }

    /// By place in the request.
    package let rows: [Row]

    /// Longer vectors are of no model that a head could read.
    private static let widthMax = 65_536

    /// Reads an answer for `count` texts. Throws what is wrong with it; vectors that are not finite are not an error of
    /// the answer.
    package init(_ body: [UInt8], count: Int) throws(Problem) {
        let data = try Self.data(body)
        guard data.count == count else { throw .malformed("\(data.count) vectors for \(count) texts") }
        var rows = [Row?](repeating: nil, count: count)
        var width: Int?
        for element in data {
            guard let object = element.object else { throw .malformed("an element of `data` is \(element.kind)") }
            guard let index = object["index"]?.integer else { throw .malformed("an element of `data` has no `index`") }
            guard rows.indices.contains(index) else { throw .malformed("index \(index) for \(count) texts") }
            guard rows[index] == nil else { throw .malformed("index \(index) appears twice") }
            let row = try Self.row(object["embedding"] ?? .null, index: index)
            if case .vector(let values) = row {
                guard values.count <= Self.widthMax else {
                    throw .malformed("vector \(index) has \(values.count) numbers, expected \(Self.widthMax) at most")
                }
                guard values.count == width ?? values.count else {
                    throw .malformed("vector \(index) has \(values.count) numbers, another has \(width ?? 0)")
                }
                width = values.count
            }
            rows[index] = row
        }
        self.rows = rows.compactMap(\.self)
    }

    private static func data(_ body: [UInt8]) throws(Problem) -> [JSONValue] {
        let member: JSONValue?
        do throws(JSONError) {
            try JSONReader.checkUTF8(body)
            var reader = JSONReader(utf8: body, duplicateNames: .kept)
            member = try reader.object(selecting: [Array("data".utf8)])[0]
        } catch {
            if ["NaN", "Infinity", "-Infinity"].contains(where: { error.found.hasPrefix($0) }) {
                throw .notNumbers
            }
            throw .malformed("\(error)")
        }
        guard let elements = member?.elements else {
            throw .malformed("`data` is \(member.map(\.kind) ?? "missing"), expected an array")
        }
        return elements
    }

    private static func row(_ value: JSONValue, index: Int) throws(Problem) -> Row {
        switch value {
        case .string(let text): normalized(try floats(base64: text, index: index))
        case .array(let elements) where elements.first?.elements != nil:
            throw .malformed(
                "vector \(index) is a list of \(elements.count) vectors, one per token; start the server with pooling, "
                    + "as `llama-server --pooling mean`")
        case .array(let elements): normalized(elements.map { $0.double.map { Float($0) } ?? .nan })
        default: throw .malformed("`embedding` of index \(index) is \(value.kind)")
        }
    }

    private static func floats(base64 text: String, index: Int) throws(Problem) -> [Float] {
        guard let data = Data(base64Encoded: text), data.count.isMultiple(of: MemoryLayout<Float>.size) else {
            throw .malformed("`embedding` of index \(index) is no base64 of Float32")
        }
        let bytes = [UInt8](data)
        return stride(from: 0, to: bytes.count, by: MemoryLayout<Float>.size).map { at in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) })
        }
    }

    private static func normalized(_ values: [Float]) -> Row {
        guard !values.isEmpty else { return .unusable("the server's vector is empty") }
        if let bad = values.firstIndex(where: { !$0.isFinite }) {
            return .unusable("number \(bad) of the server's vector is not finite")
        }
        // In Double, so that no square overflows.
        let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm > 0 else { return .unusable("the server's vector is all zeros") }
        return .vector(values.map { Float(Double($0) / norm) })
    }
}
