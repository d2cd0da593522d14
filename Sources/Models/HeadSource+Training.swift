internal import Heads
public import ModelFiles

// What a trained head was trained on, as its file says.

extension HeadSource {
    /// Names of the sources that the head was trained on, as its file says; `nil` for a head without training, and where
    /// the file does not say. Cost: the file's header.
    public func trainingSources() throws(ModelError) -> [String]? {
        let file: String
        switch self {
        case .kind(.gaussianProcess): return nil
        case .kind(.compact): file = try CompactHeadFile.find()
        case .weights(let named): file = named
        }
        let named = try SafetensorsFile(path: file).header.metadata["sources"]
        return named.map { $0.split(separator: " ").map(String.init) }
    }
}
