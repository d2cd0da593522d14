public import Foundation

/// Small corpora and output folders for tests of whole commands.
extension ScratchFolder {
    /// Writes a file of lines. Returns its path.
    public func write(_ name: String, _ lines: [String]) throws -> String {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// The files of an output folder by name, without the one that says who answered: it differs from run to run.
    public func contents(_ name: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for entry in try FileManager.default.contentsOfDirectory(atPath: file(name))
        where entry != "_workers.json" {
            contents[entry] = FileManager.default.contents(atPath: file(name) + "/" + entry)
        }
        return contents
    }

    /// Writes a file of prompts, and a history of 64 rows of the policy `llm@3`.
    public func corpus(rows: Int) throws -> (prompts: String, context: String) {
        let prompts = try write(
            "prompts.jsonl", (0..<rows).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus \#($0 % 97)?"}"# })
        let context = try write(
            "context.jsonl",
            (0..<64).map {
                #"{"policy_id":"llm","policy_version":3,"prompt_id":"c\#($0)","prompt":"What is \#($0)?","reward":\#($0 % 2)}"#
            })
        return (prompts, context)
    }
}
