public import Corpora
import Foundation
public import Routing
public import Scoring

/// The records of a fleet's models, read from the files that the fleet file names.
public enum FleetHistories {
    /// By model: rows in file order, at most the fleet's `historyRows`, sampled where files hold more. No files, no rows.
    ///
    /// Paths are relative to `folder`, the fleet file's folder. `onWarning` receives warnings about a history.
    /// Throws `history` naming the model.
    public static func load(
        _ fleet: Fleet, folder: String, keys: RowKeys = .automatic, onWarning: (String) -> Void = { _ in }
    ) throws(RouterHTTPError) -> [[ContextSet.Row]] {
        try files(fleet, folder: folder, keys: keys, onWarning: onWarning).map { $0?.context.rows ?? [] }
    }

    /// The same as context files, for a cluster's client; `nil` for a model without a history.
    public static func files(
        _ fleet: Fleet, folder: String, keys: RowKeys = .automatic, onWarning: (String) -> Void = { _ in }
    ) throws(RouterHTTPError) -> [ContextFile?] {
        var histories: [ContextFile?] = []
        for model in fleet.models {
            guard !model.history.files.isEmpty else {
                histories.append(nil)
                continue
            }
            do throws(CorporaError) {
                let file = try load(model, rows: fleet.historyRows, folder: folder, keys: keys)
                for warning in file.warnings { onWarning("\(model.name): \(warning)") }
                histories.append(file)
            } catch {
                throw .history(model: model.name, error)
            }
        }
        return histories
    }

    private static func load(
        _ model: FleetModel, rows: Int, folder: String, keys: RowKeys
    ) throws(CorporaError) -> ContextFile {
        let files = model.history.files.map { path($0, in: folder) }
        let prompts = model.history.promptFiles.map { path($0, in: folder) }
        do throws(CorporaError) {
            return try ContextFile.load(files, policy: model.policy, promptFiles: prompts, rowsMax: rows, keys: keys)
        } catch .unknownPolicy where model.history.policy == nil {
            // A file of one policy under another name is that model's file.
            return try ContextFile.load(files, promptFiles: prompts, rowsMax: rows, keys: keys)
        }
    }

    /// A path that is relative to the fleet file's folder.
    static func path(_ name: String, in folder: String) -> String {
        name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)/\(name)"
    }
}
