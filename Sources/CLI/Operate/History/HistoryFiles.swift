import ArgumentParser
import CommandSupport
import Foundation
import JSON
import NIOHTTP1

/// `statezero history export`.
struct HistoryExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        "export", "Writes the outcomes of a policy to standard output, one line of JSON each.",
        example: "statezero history export llm-a --http 127.0.0.1:8080 > llm-a.jsonl",
        details: "Oldest first, as `statezero history import` reads them. Mean rewards are scaled to 0 to 1.")

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Argument(help: "Id of the policy.")
    var policy: String

    func run() throws {
        var from: Int? = 0
        var count = 0
        while let start = from {
            let path = "/v1/policies/\(OperatorOptions.part(policy))/outcomes?from=\(start)"
            let page = try coordinator.ask(path)
            for outcome in page.member(at: ["outcomes"])?.elements ?? [] {
                print(outcome.text)
                count += 1
            }
            from = page.member(at: ["next"])?.integer
        }
        printError("\(count) outcomes")
    }
}

/// `statezero history import`.
struct HistoryImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        "import", "Records outcomes of a file as those of a policy.",
        example: "statezero history import llm-a llm-a.jsonl --http 127.0.0.1:8080",
        details: """
            The file has the lines of `statezero history export`. An event that the policy has already counts once, so the \
            same command may be run again.
            """)

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Argument(help: "Id of the policy.")
    var policy: String

    @Argument(help: "File of outcomes, one line of JSON each.")
    var file: String

    /// Bytes and lines of one request.
    private static let (bytesMax, linesMax) = (8 << 20, 1024)

    func run() throws {
        guard let text = FileManager.default.contents(atPath: file) else {
            throw CommandFailure("\(file): cannot be read; check the path")
        }
        var part: [String] = []
        var (bytes, accepted, duplicates, rejected) = (0, 0, 0, 0)
        func send() throws {
            guard !part.isEmpty else { return }
            var json = JSONWriter()
            json.raw("{\"policy_id\":")
            json.string(policy)
            json.raw(",\"outcomes\":[" + part.joined(separator: ",") + "]}")
            let answer = try coordinator.ask("/v1/outcomes", method: .POST, body: json.bytes)
            accepted += answer.member(at: ["accepted"])?.integer ?? 0
            duplicates += answer.member(at: ["duplicates"])?.integer ?? 0
            for outcome in answer.member(at: ["rejected"])?.elements ?? [] {
                rejected += 1
                printError("rejected: \(outcome.text("event_id")): \(outcome.text("message"))")
            }
            (part, bytes) = ([], 0)
        }
        for (number, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            do throws(JSONError) {
                part.append(try JSONValue(reading: Array(line)).text)
            } catch {
                throw CommandFailure("\(file), line \(number + 1): \(error); the lines before it are recorded")
            }
            bytes += line.count
            if bytes >= Self.bytesMax || part.count >= Self.linesMax { try send() }
        }
        try send()
        print("\(accepted) recorded, \(duplicates) recorded before, \(rejected) rejected")
        if rejected > 0 { throw ExitCode(1) }
    }
}
