package import Crypto
import Foundation
public import Kernels

/// The tensors of a model as Hugging Face writes them: `model.safetensors`, or shards with an index.
///
/// All files are mapped, none is read before a tensor is requested.
public struct Checkpoint: Sendable {
    /// Files, in order of their names.
    public let files: [SafetensorsFile]
    private let places: [String: Int]
    private let indexPath: String?

    private struct Index: Decodable {
        let weight_map: [String: String]
    }

    /// Maps a folder's weights. Throws `unreadable`, `damaged`, `tensorMissing` (in a shard that the index names for it)
    /// and `unsupported` for a tensor in a shard that the index does not know.
    public init(folder: String) throws(ModelError) {
        let (single, index) = ("\(folder)/model.safetensors", "\(folder)/model.safetensors.index.json")
        // With both, the single file counts, as in transformers.
        if FileManager.default.fileExists(atPath: single) || !FileManager.default.fileExists(atPath: index) {
            let file = try SafetensorsFile(path: single)
            files = [file]
            places = file.header.entries.mapValues { _ in 0 }
            indexPath = nil
            return
        }
        let map = try JSONFile.read(Index.self, index).weight_map
        let names = Set(map.values).sorted()
        var files: [SafetensorsFile] = []
        for name in names {
            guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
                throw .damaged(file: index, at: "weight_map", reason: "\(name) is not the name of a file beside it")
            }
            files.append(try SafetensorsFile(path: "\(folder)/\(name)"))
        }
        var places: [String: Int] = [:]
        for (place, file) in files.enumerated() {
            for tensor in file.header.entries.keys.sorted() {
                guard map[tensor] == names[place] else {
                    throw .unsupported(
                        file: file.path, key: "tensor \(tensor)", found: "not the one that the index names",
                        supported: "only tensors that \(index) says are there")
                }
                places[tensor] = place
            }
        }
        for (tensor, name) in map.sorted(by: { $0.key < $1.key }) where places[tensor] == nil {
            throw .tensorMissing(file: "\(folder)/\(name)", tensor: tensor)
        }
        self.files = files
        self.places = places
        indexPath = index
    }

    /// Names of all tensors.
    public var names: some Collection<String> { places.keys }

    /// Bytes of all files: their size in the address space when mapped, and in memory once all was read.
    public var bytes: Int {
        files.reduce(0) { sum, file in sum + (file.header.entries.values.map(\.bytes.upperBound).max() ?? 0) }
    }

    /// A tensor as floats. Throws as `SafetensorsFile.floats` does.
    public func floats(_ name: String, shape: Shape? = nil) throws(ModelError) -> [Float] {
        try file(name).floats(name, shape: shape)
    }

    /// A table read row by row. Throws as `SafetensorsFile.table` does.
    public func table(_ name: String, shape: Shape) throws(ModelError) -> TensorTable {
        try file(name).table(name, shape: shape)
    }

    /// Throws what `floats` would throw. Cost: nothing is read.
    public func check(_ name: String, shape: Shape) throws(ModelError) {
        try file(name).check(name, shape: shape)
    }

    /// The path of the file that has a tensor, or would have to have it.
    public func path(of name: String) -> String {
        places[name].map { files[$0].path } ?? indexPath ?? files[0].path
    }

    /// Feeds all files to a hash, in order. Cost: reading them.
    package func hash(into hash: inout SHA256) {
        for file in files { file.hash(into: &hash) }
    }

    private func file(_ name: String) throws(ModelError) -> SafetensorsFile {
        guard let place = places[name] else { throw .tensorMissing(file: path(of: name), tensor: name) }
        return files[place]
    }
}
