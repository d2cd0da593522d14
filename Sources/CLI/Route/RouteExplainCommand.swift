import ArgumentParser
import CommandSupport
import Foundation
import Routing

/// Explains one decision of a log.
extension Route {
    /// `statezero route explain`.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            "explain", "Explains a logged decision: every model with its p, cost and score, and what was tried.",
            example: "statezero route explain d-df1b4a16d3a264e9 --state out/route-state",
            details: """
                The id is in the header x-statezero-decision-id of each answer, and in the log. With --state the log's \
                older files (.1, .2, …) are read, too.
                """)

        @Argument(help: "Id of the decision.")
        var decision: String

        @Option(help: "Folder of `route serve --state`.")
        var state: String?

        @Option(parsing: .upToNextOption, help: "Decisions of `route decide`, or a log; JSONL files.")
        var decisions: [String] = []

        @OptionGroup var report: ReportOptions

        func validate() throws {
            if (state == nil) == decisions.isEmpty { throw ValidationError("give either --state or --decisions") }
        }

        func run() throws {
            let files = state.map(Self.files) ?? decisions
            for path in files {
                // Only lines that contain the id are parsed.
                let text = String(decoding: try readFile(path), as: UTF8.self)
                for line in text.split(separator: "\n") where line.contains(decision) {
                    let row = try? JSONDecoder().decode(DecisionRow.self, from: Data(line.utf8))
                    guard let row, row.decisionID == decision else { continue }
                    return try report.show(row) { DecisionExplanation(row).lines.joined(separator: "\n") }
                }
            }
            throw CommandFailure(
                "\(decision): not in \(files.joined(separator: ", ")); the log keeps the newest decisions only")
        }

        /// The log and its older files, newest first.
        private static func files(of state: String) -> [String] {
            let log = "\(state)/decisions.jsonl"
            let older = (1...64).map { "\(log).\($0)" }.filter { FileManager.default.fileExists(atPath: $0) }
            return [log] + older
        }
    }
}
