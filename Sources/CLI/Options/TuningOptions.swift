import ArgumentParser
import CommandSupport
import Foundation
import Models
import WorkerNode

/// `--tuned`: the file of `statezero tune` with the best number of workers and threads on this machine.
struct TuningOptions: ParsableArguments {
    @Option(help: "File made by `statezero tune`. Default: .tuned.json in the model's folder, if it exists.")
    var tuned: String?

    /// The measured split for a model on this machine; `nil` without a valid file. A line says why a file is ignored.
    func tuning(for model: ModelOptions) -> WorkerTuning? {
        if tuned == nil, model.place.folder == nil { return nil }
        do {
            return try WorkerTuning.read(tuned ?? Self.defaultFile(model))
        } catch {
            printError("statezero: tuning file ignored: \(error)")
            return nil
        }
    }

    func validate() throws {
        if let tuned, !FileManager.default.fileExists(atPath: tuned) {
            throw ValidationError("--tuned \(tuned): no such file; make it with `statezero tune --output \(tuned)`")
        }
    }

    static func defaultFile(_ model: ModelOptions) -> String { "\(model.name)/\(WorkerTuning.fileName)" }
}
