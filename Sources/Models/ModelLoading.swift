import Kernels
public import ModelFiles
public import Scoring

/// From a folder to the value model in it, whichever kind it is.
public enum ModelLoading {
    /// Reads a folder made by `scripts/convert_v0`, or one of sentence-transformers, which then predicts by the
    /// head that the settings choose.
    ///
    /// Throws what is wrong with the folder, `unsupported` for settings that this kind of model does not have, and
    /// `doesNotFit` before memory is taken.
    public static func load(folder path: String, settings: ModelSettings) throws(ModelError) -> any ValueModel {
        try check(settings, for: path)
        if V0Folder.isOne(path) { return try V0ValueModel.load(folder: path, settings: settings) }
        return try EmbeddingValueModel.load(folder: path, settings: settings)
    }

    /// Throws `unsupported` for a setting that the kind of model in a folder does not have. Cost: a look for one file.
    public static func check(_ settings: ModelSettings, for path: String) throws(ModelError) {
        guard !V0Folder.isOne(path) else { return }
        let only = ModelSettings()
        for (key, found, supported) in [
            ("--context-cache", settings.contextCache.rawValue, only.contextCache.rawValue),
            ("--row-hash", settings.rowHash.rawValue, only.rowHash.rawValue),
        ] where found != supported {
            throw .unsupported(
                file: path, key: key, found: found,
                supported: "\(supported) alone for a sentence-transformers model; the rest is for converted V0 models")
        }
    }

    /// What a V0 model will take, from its files' headers; `nil` for other models, which take 0.2 GB or less.
    public static func memory(folder path: String, settings: ModelSettings) throws(ModelError) -> V0Memory? {
        V0Folder.isOne(path) ? try V0Memory(folder: V0Folder(path: path), settings: settings) : nil
    }
}
