import Kernels
public import Scoring

/// From a folder to the value model in it, whichever kind it is.
public enum ModelLoading {
    /// Reads a folder made by `scripts/convert_v0`, or one of sentence-transformers, which then predicts by the Gaussian
    /// process.
    ///
    /// Throws what is wrong with the folder, `unsupported` for settings that this kind of model does not have, and
    /// `doesNotFit` before memory is taken.
    public static func load(folder path: String, settings: ModelSettings) throws(ModelError) -> any ValueModel {
        if V0Folder.isOne(path) { return try V0ValueModel.load(folder: path, settings: settings) }
        guard settings.precision == .float32 else {
            throw .unsupported(
                file: path, key: "--precision", found: settings.precision.rawValue,
                supported: "float32 for a sentence-transformers model; bfloat16 is for converted V0 models")
        }
        return try EmbeddingValueModel.load(folder: path, threads: settings.threads)
    }

    /// What a V0 model will take, from its files' headers; `nil` for other models, which take 0.2 GB or less.
    public static func memory(folder path: String, settings: ModelSettings) throws(ModelError) -> V0Memory? {
        V0Folder.isOne(path) ? try V0Memory(folder: V0Folder(path: path), settings: settings) : nil
    }
}
