public import ModelFiles

// What a trained head was trained on, as its file says.

extension HeadSource {
    /// Names of the sources that the head was trained on; `nil` for a head without training, and where the file does not
    /// say. Cost: the file's header.
    public func trainingSources() throws(ModelError) -> [String]? {
        guard let file = try weightsFile() else { return nil }
        let named = try SafetensorsFile(path: file).header.metadata["sources"]
        return named.map { $0.split(separator: " ").map(String.init) }
    }
}
