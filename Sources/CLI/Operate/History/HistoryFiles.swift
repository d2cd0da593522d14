import ArgumentParser
import CommandSupport
import Foundation
import JSON
import NIOHTTP1

/// `statezero history export`.
struct HistoryExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        "export", "Writes the outcomes of a policy to a file, one line of JSON each.",
        example: "statezero history export llm-a --output llm-a.jsonl --http 127.0.0.1:8080",
        details: "Oldest first, as `statezero history import` reads them. Mean rewards are scaled to 0 to 1.")

    @OptionGroup var kept: PolicyOptions

    @Option(help: "File to write. Default: standard output.")
    var output: String?

    func run() throws {
        // The first answer comes first: where there is no such policy, no file is made.
        var page = try page(from: 0)
        let file = try output.map { try Self.open($0) } ?? .standardOutput
        var count = 0
        while true {
            let outcomes = page.member(at: ["outcomes"])?.elements ?? []
            try file.write(contentsOf: Data(outcomes.map { $0.text + "\n" }.joined().utf8))
            count += outcomes.count
            guard let next = page.member(at: ["next"])?.integer else { break }
            page = try self.page(from: next)
        }
        printError("\(count) outcomes")
    }

    private func page(from number: Int) throws -> JSONValue {
        try kept.coordinator.ask("\(kept.path)/outcomes?from=\(number)")
    }

    private static func open(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CommandFailure("\(path): cannot be written; check the folder and its permissions") }
        return file
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

    @OptionGroup var kept: PolicyOptions

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
            json.string(kept.policy)
            json.raw(",\"outcomes\":[" + part.joined(separator: ",") + "]}")
            let answer = try kept.coordinator.ask("/v1/outcomes", method: .POST, body: json.bytes)
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
                try send()
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
