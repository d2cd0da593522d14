package import Foundation

// The two forms of JSON that this package writes from `Encodable` values. Keys are sorted, so equal values are equal
// bytes. `JSONWriter` is for rows by the million.

extension JSONEncoder {
    /// One line, without a line break at its end: rows, answers, reports for programs.
    package static var line: JSONEncoder { form([.sortedKeys, .withoutEscapingSlashes]) }

    /// Several lines with indentation: small files that people read, too.
    package static var page: JSONEncoder { form([.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) }

    private static func form(_ formatting: OutputFormatting) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        return encoder
    }
}
