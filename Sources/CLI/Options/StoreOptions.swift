import ArgumentParser
import CommandSupport
import FeatureStore
import Foundation
import Models

/// Which feature store workers use.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the feature store, or `off`; default: $STATEZERO_STORE, else in the user's cache folder.",
            discussion: """
                The store keeps what the encoder made of each prompt, so that a prompt seen before, in any run and by any \
                worker of this machine, costs a look-up. It holds numbers and digests, no text, and is readable by its \
                owner alone. The cache folder is $XDG_CACHE_HOME, else ~/.cache; `statezero store` looks into it. The \
                table model has a store only where a folder is named.
                """))
    var store: String?

    @Option(
        name: .customLong("store-mib"),
        help:
            "The store's size at most, in MiB; default: as it is, or 1024. Another size empties it, unless it is in use."
    )
    var storeMiB: Int?

    func validate() throws {
        if let storeMiB, storeMiB < 1 { throw ValidationError("--store-mib \(storeMiB): at least 1, or --store off") }
    }

    /// The place for workers of a model; `nil` when there is to be none.
    func place(for model: ModelOptions) -> StorePlace? {
        guard let folder = store ?? (model.place.folder == nil ? nil : Self.usualFolder), folder != Self.off
        else {
            return nil
        }
        return StorePlace(folder: StoreFolder(path: folder), bytesMax: storeMiB.map { $0 << 20 })
    }

    /// The same choice as arguments of another process of this program.
    func arguments(for model: ModelOptions) -> [String] {
        guard let place = place(for: model) else { return ["--store", Self.off] }
        return ["--store", place.folder.path] + (storeMiB.map { ["--store-mib", "\($0)"] } ?? [])
    }

    private static let off = "off"

    /// The folder where nothing else is said; `nil` when it is to be none, or there is no home to put it into.
    static var usualFolder: String? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["STATEZERO_STORE"], !folder.isEmpty { return folder == off ? nil : folder }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache" : nil }
        return (cache ?? home).map { "\($0)/statezero/features" }
    }
}
