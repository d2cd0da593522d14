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
            abstract: "Repeats the golden prediction of a converted V0 model, stage by stage, and prints the errors.",
            discussion: """
                Each stage is computed from the reference's result of the stage before it; the last two are the whole \
                chain. Exit code 1 when an error is over its tolerance. With --precision bfloat16 the errors are shown \
                and not judged: the tolerances are float32's.
                """)

        @Argument(help: "Model folder made by scripts/convert_v0.")
        var folder: String

        @Option(help: "Arithmetic: float32 or bfloat16.")
        var precision = Precision.float32

        @Option(help: "Threads; default: all cores.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            if threads < 1 { throw ValidationError("--threads \(threads): at least 1") }
        }

        func run() throws {
            do {
                let settings = ModelSettings(threads: threads, precision: precision)
                let stages = try V0Verification(folder: folder).run(settings)
                let isJudged = precision == .float32
                let isWithin = stages.allSatisfy(\.isWithin)
                if json {
                    try ReportOptions.printJSON(
                        Report(folder: folder, precision: precision.rawValue, ok: isWithin, stages: stages))
                } else {
                    show(stages, isJudged: isJudged)
                }
                if isJudged, !isWithin {
                    throw CommandFailure(
                        "\(folder): the first stage marked WRONG is where to look; convert the model again, and if that "
                            + "does not help, this machine's arithmetic differs more than was foreseen")
                }
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private func show(_ stages: [V0Verification.Stage], isJudged: Bool) {
            print("stage                       computed from               compared     max error    allowed")
            for stage in stages {
                let allowed = stage.tolerance.map { String(format: "%10.3g", $0) } ?? "  (hashes)"
                let verdict = !isJudged || stage.tolerance == nil ? "" : stage.isWithin ? "  ok" : "  WRONG"
                print(
                    stage.name.padding(toLength: 28, withPad: " ", startingAt: 0)
                        + stage.given.padding(toLength: 26, withPad: " ", startingAt: 0)
                        + String(format: "%10d  %12.3g ", stage.compared, stage.error) + allowed + verdict)
            }
        }

        private struct Report: Encodable {
            let folder: String
            let precision: String
            let ok: Bool
            let stages: [V0Verification.Stage]
        }
    }
}
