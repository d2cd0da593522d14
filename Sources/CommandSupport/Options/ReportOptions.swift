import ArgumentParser
package import Foundation
import JSON

/// `--json`: one JSON object for programs instead of text for people.
package struct ReportOptions: ParsableArguments {
    @Flag(help: "Print one JSON object instead of text.")
    package var json = false

    package init() {}

    /// Text output, for commands without `--json`.
    package static var text: ReportOptions {
        get throws { try parse([]) }
    }

    /// Prints the value as JSON with `--json`, else the text.
    package func show(_ value: @autoclosure () -> some Encodable, text: () -> String) throws {
        if json { try Self.printJSON(value()) } else { try printOutput(text()) }
    }

    /// Prints one JSON object on one line, with sorted keys.
    package static func printJSON(_ value: some Encodable) throws {
        try printOutput(String(decoding: try JSONEncoder.line.encode(value), as: UTF8.self))
    }

    /// JSON lines: one line for each value.
    package static func lines(_ values: [some Encodable]) throws -> Data {
        let encoder = JSONEncoder.line
        var lines = Data()
        for value in values {
            lines.append(try encoder.encode(value))
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }
}
