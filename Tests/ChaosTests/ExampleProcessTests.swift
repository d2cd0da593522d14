import Foundation
import TestSupport
import Testing

/// The examples of the help pages run as they are printed, in a folder with links to the checkout. The table model is the
/// default model here, so that no weights are needed.
@Suite("Examples of the help pages, with real processes", .tags(.slow), .serialized)
struct ExampleProcessTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        for name in ["scripts", "Tests", "deploy"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(name), withDestinationPath: Repository.path(name))
        }
        try FileManager.default.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: true)
    }

    /// Runs the first example of a help page, and expects exit code 0.
    @discardableResult
    private func run(_ page: String..., more: [String] = []) throws -> Program.Ending {
        let help = try Program.run(["help"] + page, in: folder)
        let text = help.output.components(separatedBy: "\n\n").first { $0.hasPrefix("Example:") } ?? ""
        let arguments = try #require(HelpExamples.arguments(in: text).first, "\(page): \(help.output)")
        let ending = try Program(
            arguments + more, in: folder, at: folder.path, environment: ["STATEZERO_MODEL": "table"]
        ).wait()
        #expect(ending.status == 0, "\(page): \(ending.errors)")
        return ending
    }

    @Test("score, then plan with its scores")
    func scoreAndPlan() throws {
        #expect(try run("score").output.contains("868 rows"))
        #expect(try run("plan").errors.contains("6944 rollouts over 868 prompts"))
        let budgets = try String(contentsOfFile: folder.file("out/budgets.jsonl"), encoding: .utf8)
        #expect(budgets.split(separator: "\n").count == 868)
        #expect(try run("score").output.contains("has finished already"))
    }

    @Test("evaluate and replay print their tables")
    func studies() throws {
        #expect(try run("evaluate").output.contains("sample"))
        #expect(try run("replay").output.contains("sample"))
    }

    @Test("validate, doctor and the verbs of model and store")
    func small() throws {
        #expect(try run("validate").output.contains("868 good rows"))
        #expect(try run("doctor").output.contains("ok       model"))
        #expect(try run("model", "verify").output.contains("scores_given_tables"))
        let store = ["--store", folder.file("store")]
        #expect(try run("store", "inspect", more: store).output.contains("encoders"))
        #expect(try run("store", "clear", more: store).output.contains("removed"))
    }

    @Test("route decide answers with one line of JSON")
    func route() throws {
        let output = try run("route", "decide").output
        #expect(output.split(separator: "\n").count == 1 && output.contains("candidates"))
    }
}
