import Foundation

/// Small JSON files of a model folder, with errors that name file and key.
package enum JSONFile {
    /// Decodes a file. Throws `unreadable` and `damaged`.
    package static func read<Value: Decodable>(_ type: Value.Type, _ file: String) throws(ModelError) -> Value {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw .unreadable(
                file: file, reason: FileManager.default.fileExists(atPath: file) ? "\(error)" : "no such file")
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw .damaged(file: file, at: key.stringValue, reason: "the key is missing")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            throw .damaged(file: file, at: place(context), reason: context.debugDescription)
        } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
            throw .damaged(file: file, at: place(context), reason: context.debugDescription)
        } catch {
            throw .damaged(file: file, at: "top", reason: "not the JSON expected (\(error))")
        }
    }

    /// The same, or `nil` where there is no such file.
    package static func readIfPresent<Value: Decodable>(_ type: Value.Type, _ file: String) throws(ModelError) -> Value?
    {
        FileManager.default.fileExists(atPath: file) ? try read(type, file) : nil
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? "top" : path
    }
}
