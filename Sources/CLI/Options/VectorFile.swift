import ArrowFiles
import CommandSupport
import Corpora
import Foundation
import Kernels
import ModelFiles
import Scoring

/// Reads a file of `--features`: vectors of prompts by id.
enum VectorFile {
    /// Opens a safetensors file, whose rows are read when they are asked for, or reads a Parquet or Arrow file, by its
    /// first bytes. `idKeys` are the columns that may have the ids, the first counts. Throws `CommandFailure` where tensor
    /// and ids do not agree, and `ArrowFilesError`.
    static func open(_ path: String, idKeys: [String]) throws -> VectorSource {
        let start = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: ArrowFormat.startBytes)
        if ArrowFormat(start: start ?? Data()) != nil {
            let vectors = try ArrowVectors(path: path, idKeys: idKeys)
            return VectorSource(
                name: name(of: path), columns: vectors.columns, digest: vectors.digest, ids: vectors.ids,
                read: vectors.vector)
        }
        return try openTensor(path)
    }

    private static func openTensor(_ path: String) throws -> VectorSource {
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(path: path)
        } catch {
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw CommandFailure("\(path): cannot be read; check the path of --features")
            }
            throw CommandFailure("\(path): --features reads safetensors, Parquet and Arrow, and this is none of them")
        }
        let tables = file.header.entries.filter { $0.value.shape.sizes.count == 2 }
        guard let (tensor, entry) = tables.first, tables.count == 1 else {
            throw CommandFailure(
                "\(path): \(tables.count) tensors with two axes (\(tables.keys.sorted().joined(separator: ", ")));"
                    + " a file of features has one, of prompts × numbers")
        }
        let ids = try ids(file, path)
        guard ids.count == entry.shape.sizes[0] else {
            throw CommandFailure(
                "\(path): \(ids.count) ids for \(entry.shape.sizes[0]) rows of \(tensor); give one each")
        }
        let columns = entry.shape.sizes[1]
        let table = try file.table(tensor, shape: entry.shape)
        return VectorSource(
            name: name(of: path), columns: columns, digest: Digest { file.hash(into: &$0) }, ids: ids
        ) { row in
            let buffer = FloatBuffer(count: columns)
            table.copy(row: row, to: buffer, row: 0)
            return buffer.copy(0..<columns)
        }
    }

    /// The file's name without folder and ending.
    private static func name(of path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }

    private static func ids(_ file: SafetensorsFile, _ path: String) throws -> [String] {
        if let text = file.header.metadata["ids"] {
            guard let ids = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
                throw CommandFailure("\(path): \"ids\" in the metadata is not a JSON array of texts")
            }
            return ids
        }
        guard let bytes = FileManager.default.contents(atPath: path + ".ids") else {
            throw CommandFailure("\(path): no ids: neither \"ids\" in the file's metadata nor the file \(path).ids")
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }
}
