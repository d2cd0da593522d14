import ArgumentParser
import CommandSupport
import Corpora
import Foundation
import ReferenceDraws
import Scoring

/// The references that `evaluate` and `replay` give to the heads.
struct ReferenceArmOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "References for the heads: none, others:K, shuffled:K, inverted:K, earlier:K, or outcome files.",
            discussion: """
                others:K are K other policies of the source, drawn by seed, never a version of the predicted policy. \
                shuffled:K exchanges their outcomes among prompts, inverted:K turns those of the last one. earlier:K are \
                the K latest earlier versions of the predicted policy, which only a training run knows. All files \
                together are one set; rows of the predicted policy in them are left out.
                """, valueName: "references"))
    var references: [String] = []

    @Option(range: .within(0.01...1), help: "Share of prompts on which the references' outcomes are known.")
    var referenceCoverage = 1.0

    /// Refuses a text that is neither an arm nor a file, such as `others:64`, before anything is read.
    func validate() throws {
        for text in references {
            let isFile = FileManager.default.fileExists(atPath: text)
            if ReferenceArm(text) == .files || (ReferenceArm(text) == nil && !isFile) {
                throw ValidationError(
                    "--references \(text): neither a file nor none, others:K, shuffled:K, inverted:K or earlier:K with "
                        + "K from 1 to \(ReferenceArm.countMax)")
            }
        }
    }

    /// The arms, in the order given; `none` alone without the option.
    var arms: [ReferenceArm] {
        var arms: [ReferenceArm] = []
        for text in references {
            let arm = ReferenceArm(text) ?? .files
            if !arms.contains(arm) { arms.append(arm) }
        }
        return arms.isEmpty ? [.none] : arms
    }

    /// The outcomes of the files among the references, joined with the prompts by id or text.
    ///
    /// Outcomes on other prompts are left out, and counted on standard error.
    func bank(prompts: [String], keys: KeyOptions) throws -> ReferenceBank {
        let files = references.filter { ReferenceArm($0) == nil }
        guard !files.isEmpty else { return ReferenceBank([]) }
        let loaded = try OutcomeSource.load(promptFiles: prompts, outcomeFiles: files, keys: keys.keys)
        if loaded.rejected > 0 {
            printError("\(loaded.rejected) rows of the references are on other prompts or not usable; for example:")
            for problem in loaded.problems.prefix(3) { printError("\(problem)") }
        }
        var rows: [ReferenceBank.Row] = []
        for source in loaded.sources {
            let digests = source.prompts.map(\.digest)
            for group in source.groups {
                for row in group.rows {
                    rows.append(
                        .init(
                            policy: group.policy, text: source.prompts[row.prompt].text, digest: digests[row.prompt],
                            outcome: row.outcome))
                }
            }
        }
        guard !rows.isEmpty else {
            throw CommandFailure(
                "--references \(files.joined(separator: " ")): no row is on a prompt of the prompt files",
                status: .usage)
        }
        return ReferenceBank(rows)
    }
}
