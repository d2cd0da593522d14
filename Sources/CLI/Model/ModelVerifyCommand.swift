import ArgumentParser
import CommandSupport
import Foundation
import Kernels
import Models

// `statezero model verify`: repeats a converted model's golden prediction.
extension Model {
    /// `statezero model verify`.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            "verify", "Compares a converted V0 model with the recorded results of the reference, stage by stage.",
            example: "statezero model verify Tests/Goldens/v0/dynamic_query",
            details: """
                Each stage starts from the reference's result of the stage before; the last two are the whole chain. \
                Exit code 1 when an error exceeds its tolerance. With --precision bfloat16, errors are shown but not \
                judged, because the tolerances are those of float32.
                """)

        @Argument(help: "Model folder made by scripts/convert_v0.")
        var folder: String

        @Option(help: "Arithmetic: float32 or bfloat16.")
        var precision = Precision.float32

        @OptionGroup var threads: EncoderThreads
        @OptionGroup var report: ReportOptions

        func run() throws {
            let settings = ModelSettings(threads: threads.threads, precision: precision)
            let stages = try V0Verification(folder: folder).run(settings)
            let isJudged = precision == .float32
            let isWithin = stages.allSatisfy(\.isWithin)
            try report.show(Report(folder: folder, precision: precision.rawValue, ok: isWithin, stages: stages)) {
                Self.text(stages, isJudged: isJudged)
            }
            if isJudged, !isWithin {
                throw CommandFailure(
                    "\(folder): the first stage marked WRONG differs from the reference; convert the model again. If it "
                        + "still differs, this machine's arithmetic exceeds the tolerances")
            }
        }

        private static func text(_ stages: [V0Verification.Stage], isJudged: Bool) -> String {
            let header = "stage                       computed from               compared     max error    allowed"
            let lines = stages.map { stage in
                let allowed = stage.tolerance.map { String(format: "%10.3g", $0) } ?? "  (hashes)"
                let verdict = !isJudged || stage.tolerance == nil ? "" : stage.isWithin ? "  ok" : "  WRONG"
                return stage.name.padding(toLength: 28, withPad: " ", startingAt: 0)
                    + stage.given.padding(toLength: 26, withPad: " ", startingAt: 0)
                    + String(format: "%10d  %12.3g ", stage.compared, stage.error) + allowed + verdict
            }
            return ([header] + lines).joined(separator: "\n")
        }

        private struct Report: Encodable {
            let folder: String
            let precision: String
            let ok: Bool
            let stages: [V0Verification.Stage]
        }
    }
}
