package import Foundation

/// Writes one line to standard error. A closed standard error is ignored.
package func printError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}

/// Writes text to a file, whole or not at all. Throws `CommandFailure` with the path and the reason.
package func writeFile(_ text: String, to path: String) throws {
    do {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
        throw CommandFailure("\(path): cannot be written: \(reason(of: error))")
    }
}

/// Reads a whole file. Throws `CommandFailure` with the path and the reason.
package func readFile(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFailure("\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
    return data
}

/// Makes a folder and the folders above it. Throws `CommandFailure` with the path and the reason.
package func makeFolder(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw CommandFailure("\(path): cannot be created: \(reason(of: error))")
    }
}

/// The reason of an error of Foundation, as a short sentence.
package func reason(of error: any Error) -> String {
    error.localizedDescription.replacing("The operation could not be completed. ", with: "")
}
