import ArgumentParser
import CommandSupport
import FeatureStore
import Foundation
import Models

/// The options that choose the feature store of workers.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the feature store, or `off`. Default: $STATEZERO_STORE, else in the user's cache folder.",
            discussion: """
                The store keeps the encoder's features of each prompt for all runs and workers of this machine. It \
                contains numbers and digests, no text, and only its owner can read it. The cache folder is \
                $XDG_CACHE_HOME, else ~/.cache. The table model uses a store only where --store names a folder.
                """))
    var store: String?

    @Option(
        name: .customLong("store-mib"), range: .atLeast(1),
        help: "Largest size of the store in MiB. Another size empties a store that is not in use. New stores: 1024.")
    var storeMiB: Int?

    /// The place for workers of a model; `nil` for no store.
    func place(for model: ModelOptions) -> StorePlace? {
        guard let folder = store ?? (model.place.hasStore ? Self.defaultFolder : nil), folder != Self.off else {
            return nil
        }
        return StorePlace(folder: StoreFolder(path: folder), bytesMax: storeMiB.map { $0 << 20 })
    }

    /// The same choice as arguments of another process of this program.
    func arguments(for model: ModelOptions) -> [String] {
        guard let place = place(for: model) else { return ["--store", Self.off] }
        return ["--store", place.folder.path] + (storeMiB.map { ["--store-mib", "\($0)"] } ?? [])
    }

    static let off = "off"

    /// The folder without `--store`; `nil` when the store is off or there is no home folder.
    static var defaultFolder: String? { defaultFolder(ProcessInfo.processInfo.environment) }

    static func defaultFolder(_ environment: [String: String]) -> String? {
        if let folder = environment["STATEZERO_STORE"], !folder.isEmpty { return folder == off ? nil : folder }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache" : nil }
        return (cache ?? home).map { "\($0)/statezero/features" }
    }
}
