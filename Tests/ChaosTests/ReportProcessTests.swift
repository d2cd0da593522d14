import Foundation
import TestSupport
import Testing

/// `report` and `filter` as commands.
@Suite("report and filter, with real processes", .tags(.slow), .serialized)
struct ReportProcessTests {
    @Test("report writes figures and a page that loads nothing; names from files stay text")
    func report() throws {
        let folder = try ScratchFolder()
        let (scores, prompts) = try Self.corpus(folder)
        let page = folder.file("report.html")
        let ending = try Program.run(["report", scores, "--prompts", prompts, "--json", "--html", page], in: folder)
        #expect(ending.status == 0, "\(ending.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any])
        #expect((report["all"] as? [String: Any])?["rows"] as? Int == 2)
        let html = String(decoding: try Data(contentsOf: URL(fileURLWithPath: page)), as: UTF8.self)
        #expect(html.contains("&lt;b&gt;") && !html.contains("<b>s") && html.contains("<svg"))
        #expect(!html.contains("src=") && !html.contains("href=") && !html.contains("url("))
    }

    @Test("filter writes the rows of a band; rows without a score are counted, named and end with 3")
    func filter() throws {
        let folder = try ScratchFolder()
        let (scores, prompts) = try Self.corpus(folder)
        let output = folder.file("out.jsonl")
        let ending = try Program.run(
            ["filter", prompts, "--scores", scores, "--p-max", "0.6", "--output", output], in: folder)
        #expect(ending.status == 0 && ending.output.contains("1 of 2 rows"), "\(ending.output)\(ending.errors)")
        #expect(
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self)
                == #"{"prompt_id":"a", "prompt":"x","data_source":"<b>s"}"# + "\n")
        let more = try folder.write(
            "more.jsonl", [#"{"prompt_id":"a","prompt":"x"}"#, #"{"prompt_id":"z","prompt":"y"}"#])
        let partial = try Program.run(["filter", more, "--scores", scores, "--output", output], in: folder)
        #expect(partial.status == 3 && partial.output.contains("(z)"), "\(partial.output)\(partial.errors)")
        let none = try folder.write("none.jsonl", [#"{"prompt_id":"z","prompt":"y"}"#])
        #expect(try Program.run(["filter", none, "--scores", scores, "--output", output], in: folder).status == 1)
    }

    private static func corpus(_ folder: ScratchFolder) throws -> (scores: String, prompts: String) {
        let scores = try folder.write("scores.jsonl", [#"{"prompt_id":"a","p":0.5}"#, #"{"prompt_id":"b","p":0.9}"#])
        let prompts = try folder.write(
            "prompts.jsonl",
            [
                #"{"prompt_id":"a", "prompt":"x","data_source":"<b>s"}"#,
                #"{"prompt_id":"b","prompt":"y","data_source":"t"}"#,
            ])
        return (scores, prompts)
    }
}
