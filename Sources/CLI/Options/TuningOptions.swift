import ArgumentParser
import CommandSupport
import Foundation
import Kernels
import Models
import WorkerNode

/// How many workers of how many threads, on which cores: as said, else as measured here, else as is usual.
struct TuningOptions: ParsableArguments {
    @Option(help: "File made by `statezero bench tune`; default: .tuned.json in the model's folder, if it is there.")
    var tuned: String?

    /// What was measured for a model on this machine. A file that is not gone by is told in a line.
    func tuning(for model: ModelOptions) -> WorkerTuning? {
        if tuned == nil, model.place.folder == nil { return nil }
        do {
            return try WorkerTuning.read(tuned ?? Self.defaultFile(model))
        } catch {
            printError("statezero: not tuned: \(error)")
            return nil
        }
    }

    /// A file that was named must be there.
    func validate() throws {
        if let tuned, !FileManager.default.fileExists(atPath: tuned) {
            throw ValidationError("--tuned \(tuned): no such file; make it by `statezero bench tune --output`")
        }
    }

    static func defaultFile(_ model: ModelOptions) -> String { "\(model.name)/\(WorkerTuning.fileName)" }
}
