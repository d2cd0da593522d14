package import ArgumentParser
import Foundation

// The one form of all help pages.
extension CommandConfiguration {
    /// A help page: one line on what the command does, an example that runs in a checkout, then the details.
    package init(
        _ name: String, _ abstract: String, example: String, details: String = "", usage: String? = nil,
        subcommands: [any ParsableCommand.Type] = [], aliases: [String] = [], isHidden: Bool = false
    ) {
        let example =
            "Example:\n" + example.split(separator: "\n").map { "  \(Self.folded(String($0)))" }.joined(separator: "\n")
        self.init(
            commandName: name, abstract: abstract, usage: usage,
            discussion: details.isEmpty ? example : "\(example)\n\n\(details)", version: Version.text,
            shouldDisplay: !isHidden, subcommands: subcommands, aliases: aliases)
    }
    /// A command line in lines of at most 76 columns, continued with `\`: the parser wraps longer lines anywhere, and a
    /// wrapped example cannot be copied.
    private static func folded(_ line: String) -> String {
        guard line.count > 76 else { return line }
        let options = line.components(separatedBy: " --")
        var lines = [options[0]]
        for option in options.dropFirst().map({ "--" + $0 }) {
            if lines[lines.count - 1].count + option.count < 74 {
                lines[lines.count - 1] += " " + option
            } else {
                lines.append("    " + option)
            }
        }
        // A continuation of a continued line starts with its own indentation.
        return lines.map { $0.replacing(/^ {4} +/, with: "    ") }.joined(separator: " \\\n  ")
    }
}
